//! Links taken away: as if they had never been.
//!
//! In: the links to take away, the ends of links, and the links at a node. Out: the same components, sizes, members
//! and forest as from the links that remain.
//! Source: replacement edges from the smaller tree, as in Frederickson, "Data structures for on-line updating of
//! minimum spanning trees", SIAM J. Comput. 1985, without his tree of trees.
//! Departures: the forest of a touched component, without the links taken away, is linked anew; it falls into
//! pieces. A link that can join pieces has an end outside the largest one, so only the links of the others are
//! read; then both together are linked in the order of their ids. Linking all remaining links of the component was
//! turned down: taking one link of 24 M from a component of 4 M nodes so took 8 s of CPU.
//! Cost: O(members of the touched components), and the links of all pieces but the largest; a link that joined
//! nothing costs O(height of the forest).
//! Checked against: components of the remaining links (`tests/it/components_tracked.rs`).

use super::{Batch, ProposedUnion, TrackedComponents};
use crate::error::GraphError;

/// A component that may fall apart.
struct Touched {
    root: u32,
    members: Vec<u32>,
}

impl TrackedComponents {
    /// Takes links away. Returns the former roots of the components that they held together, ascending; a link that
    /// joined nothing is taken away without touching any.
    ///
    /// `ends_of` gives the ends of a link, `links_of` appends the links at a node; those taken away may be among them,
    /// and a link may come twice.
    ///
    /// # Errors
    /// A link has another component at one end than at the other, or an id that was never applied. Nothing is
    /// changed then.
    pub fn remove_links(
        &mut self,
        removed: &[u32],
        ends_of: impl Fn(u32) -> (u32, u32),
        mut links_of: impl FnMut(u32, &mut Vec<u32>),
    ) -> Result<Vec<u32>, GraphError> {
        let mut removed = removed.to_vec();
        removed.sort_unstable();
        let roots = self.roots_held_by(&removed, &ends_of)?;
        let touched: Vec<Touched> =
            roots.iter().map(|&root| Touched { root, members: self.members(root) }).collect();
        let members = || touched.iter().flat_map(|component| &component.members).copied();
        let mut forest: Vec<u32> = members().filter_map(|node| self.joined_by(node)).collect();
        forest.sort_unstable();
        for &link in &forest {
            let (a, b) = ends_of(link);
            let root = self.label_of_ends(link, a, b)?;
            roots.binary_search(&root).map_err(|_place| GraphError::LinkEnds { link, a, b })?;
        }
        let is_kept = |link: &u32| removed.binary_search(link).is_err();
        let mut kept: Vec<u32> = forest.iter().copied().filter(is_kept).collect();
        self.link_anew(members(), &kept, &ends_of);
        match self.crossing(&touched, &ends_of, is_kept, &mut links_of) {
            Ok(crossing) if crossing.is_empty() => {}
            Ok(crossing) => {
                kept.extend(crossing);
                kept.sort_unstable();
                kept.dedup();
                self.link_anew(members(), &kept, &ends_of);
            }
            Err(error) => {
                self.link_anew(members(), &forest, &ends_of);
                return Err(error);
            }
        }
        Ok(roots)
    }

    /// The roots of the components in whose forest one of the links is, ascending.
    fn roots_held_by(
        &self,
        links: &[u32],
        ends_of: impl Fn(u32) -> (u32, u32),
    ) -> Result<Vec<u32>, GraphError> {
        let mut held = Vec::new();
        for &link in links {
            let (a, b) = ends_of(link);
            let root = self.label_of_ends(link, a, b)?;
            // A link that joined is the one that brought its own ends together.
            if a != b && self.joining_link(a, b) == link {
                held.push(root);
            }
        }
        held.sort_unstable();
        held.dedup();
        Ok(held)
    }

    /// The label that both ends of an applied link must have.
    fn label_of_ends(&self, link: u32, a: u32, b: u32) -> Result<u32, GraphError> {
        let known = link < self.link_next && a.max(b) < self.n_nodes();
        let label = known.then(|| self.label(a)).filter(|&label| label == self.label(b));
        label.ok_or(GraphError::LinkEnds { link, a, b })
    }

    /// Takes components apart, and links what is given.
    fn link_anew(
        &mut self,
        members: impl Iterator<Item = u32>,
        links: &[u32],
        ends_of: impl Fn(u32) -> (u32, u32),
    ) {
        members.for_each(|member| self.reset(member));
        let (a, b): (Vec<u32>, Vec<u32>) = links.iter().map(|&link| ends_of(link)).unzip();
        let id_of = |place: usize| links[place];
        let (joined, admit) = (|_union| (), |_proposed: &ProposedUnion<'_>| true);
        let forest = &mut Batch { forest: &mut self.forest, id_of, joined, admit };
        self.sieve.link_batch(forest, &a, &b);
    }

    /// The links between two pieces of one component.
    fn crossing(
        &self,
        touched: &[Touched],
        ends_of: impl Fn(u32) -> (u32, u32),
        is_kept: impl Fn(&u32) -> bool,
        links_of: &mut impl FnMut(u32, &mut Vec<u32>),
    ) -> Result<Vec<u32>, GraphError> {
        // Pieces by root, with the root of the component they were in.
        let is_root = |node: u32| self.joined_by(node).is_none();
        let mut pieces: Vec<(u32, u32)> = Vec::new();
        for Touched { root, members } in touched {
            pieces.extend(members.iter().filter(|&&node| is_root(node)).map(|&node| (node, *root)));
        }
        pieces.sort_unstable();
        let component_of = |piece: u32| {
            let at = pieces.binary_search_by_key(&piece, |&(piece, _)| piece).ok()?;
            Some(pieces[at].1)
        };
        let mut crossing = Vec::new();
        let mut links = Vec::new();
        for Touched { members, .. } in touched {
            let roots = members.iter().copied().filter(|&node| is_root(node));
            let largest = roots.max_by_key(|&root| self.size(root));
            for &member in members.iter().filter(|&&node| Some(self.label(node)) != largest) {
                links.clear();
                links_of(member, &mut links);
                for &link in links.iter().filter(|&link| is_kept(link)) {
                    let (a, b) = ends_of(link);
                    let error = GraphError::LinkEnds { link, a, b };
                    if link >= self.link_next || a.max(b) >= self.n_nodes() {
                        return Err(error);
                    }
                    let (piece_a, piece_b) = (self.label(a), self.label(b));
                    if component_of(piece_a).is_none()
                        || component_of(piece_a) != component_of(piece_b)
                    {
                        return Err(error);
                    }
                    if piece_a != piece_b {
                        crossing.push(link);
                    }
                }
            }
        }
        Ok(crossing)
    }
}
