//! Components under growth that also know their size, their members, and which link joined what.
//!
//! In: links `(a, b)` with ids that ascend. Out: label, size and members of the component of a node, the links that
//! joined it, the chain of links between two nodes.
//! Source: union-find as in `incremental.rs`; members as a circular list, spliced by one exchange of successors
//! (Knuth, TAOCP 1, 2.2.4); the forest of joins with the winner and the link of each, and the climb by age, from
//! Nieuwenhuis, Oliveras, "Fast congruence closure and extensions", Information and Computation 2007, section 3.
//! Departures: a root holds its size in the place where a node that lost holds the link that made it lose. Since
//! ids ascend, the links that joined are Kruskal's minimum spanning forest by id: it does not depend on batches,
//! later links never change it, and the chain it gives between two nodes is the one whose newest link is oldest.
//! Cost: 16 bytes and one bit a node. A link as in `incremental.rs`, a join O(1) more; size O(log n); members
//! O(size); a chain O(its length times the height of the forest); removal O(members + their links, sorted).
//! Checked against: repeated minimum, and Kruskal by repeated minimum (`tests/it/components_tracked.rs`).

use super::sieve::{BLOCK, Sieve, find_and_halve, root_of};
use crate::NONE;
use crate::csr::{check_below, check_count};
use crate::error::{GraphError, same_length};

/// A link with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Its id, below [`NONE`].
    pub id: u32,
    /// One end.
    pub a: u32,
    /// The other end.
    pub b: u32,
}

/// Components with sizes, members and evidence.
#[derive(Debug, Clone, Default)]
pub struct TrackedComponents {
    /// As in [`crate::Components`].
    parent: Vec<u32>,
    /// Read at joins and questions only, so that it does not dilute the parents.
    joins: Vec<Join>,
    sieve: Sieve,
    /// Links from here on may still be applied.
    link_next: u32,
}

#[derive(Debug, Clone, Copy)]
struct Join {
    /// The next member of the component, in a circle.
    next: u32,
    /// The root to which this one lost; [`NONE`] for a root. Paths in `parent` get shorter, these stay.
    winner: u32,
    /// The size of the component at a root, the link that joined it at a node that lost.
    size_or_link: u32,
}

/// One union, for whoever wants to take it back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Union {
    pub(super) loser: u32,
    /// The members it brought.
    pub(super) size: u32,
}

impl TrackedComponents {
    /// `n_nodes` nodes, each a component of its own.
    pub fn new(n_nodes: u32) -> Self {
        let mut components = Self::default();
        components.ensure_nodes(n_nodes);
        components
    }

    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        u32::try_from(self.parent.len()).expect("every way to add nodes counts them in 32 bits")
    }

    /// The smallest id that the next link may have.
    pub fn link_next(&self) -> u32 {
        self.link_next
    }

    /// Adds nodes, each a component of its own, until there are `n_nodes`; does nothing if there are already.
    pub fn ensure_nodes(&mut self, n_nodes: u32) {
        let added = self.n_nodes()..n_nodes;
        self.joins.extend(added.clone().map(Join::alone));
        self.parent.extend(added);
        self.sieve.ensure_nodes(self.parent.len());
    }

    /// Joins the ends of one link; true if they were in two components.
    ///
    /// # Errors
    /// The id is below [`Self::link_next`], or an end is not a node. Nothing is changed then.
    pub fn link(&mut self, link: Link) -> Result<bool, GraphError> {
        Ok(self.link_batch(link.id, &[link.a], &[link.b])? == 1)
    }

    /// Joins the ends `a[i]` and `b[i]` of the links `first_link + i`; returns how many times they were in two
    /// components.
    ///
    /// # Errors
    /// `first_link` is below [`Self::link_next`], the ids do not fit 32 bits, the slices differ in length, or an end
    /// is not a node. Nothing is changed then.
    pub fn link_batch(
        &mut self,
        first_link: u32,
        a: &[u32],
        b: &[u32],
    ) -> Result<usize, GraphError> {
        let link_next = self.check_batch(first_link, a, b, self.n_nodes())?;
        let mut n_joined = 0;
        self.link_checked(first_link, a, b, |_union| n_joined += 1);
        self.link_next = link_next;
        Ok(n_joined)
    }

    /// Links a batch that [`Self::check_batch`] lets pass, and calls `joined` for each union.
    fn link_checked(
        &mut self,
        first_link: u32,
        a: &[u32],
        b: &[u32],
        mut joined: impl FnMut(Union),
    ) {
        self.sieve.review(a, |node| root_of(&self.parent, node));
        let mut places = [0; BLOCK];
        let blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK));
        for ((a, b), block_link) in blocks.zip((first_link..).step_by(BLOCK)) {
            for &place in self.sieve.sift(&self.parent, a, b, &mut places) {
                let (a, b) = (a[usize::from(place)], b[usize::from(place)]);
                if let Some(union) = self.join(block_link + u32::from(place), a, b) {
                    joined(union);
                }
            }
        }
    }

    /// Adds nodes up to `n_nodes` and links a batch; pushes each union.
    pub(super) fn grow(
        &mut self,
        n_nodes: u32,
        first_link: u32,
        a: &[u32],
        b: &[u32],
        unions: &mut Vec<Union>,
    ) -> Result<(), GraphError> {
        let link_next = self.check_batch(first_link, a, b, n_nodes.max(self.n_nodes()))?;
        self.ensure_nodes(n_nodes);
        self.link_checked(first_link, a, b, |union| unions.push(union));
        self.link_next = link_next;
        Ok(())
    }

    /// The id after the last of a batch that can be applied.
    fn check_batch(
        &self,
        first_link: u32,
        a: &[u32],
        b: &[u32],
        n_nodes: u32,
    ) -> Result<u32, GraphError> {
        same_length("ends", a.len(), b.len())?;
        if first_link < self.link_next {
            return Err(GraphError::BatchOrder { expected: self.link_next, found: first_link });
        }
        let n_ids = (first_link as usize).saturating_add(a.len());
        check_count("links", n_ids)?;
        check_below("ends", a, n_nodes)?;
        check_below("ends", b, n_nodes)?;
        Ok(u32::try_from(n_ids).expect("just counted"))
    }

    #[inline]
    fn join(&mut self, link: u32, a: u32, b: u32) -> Option<Union> {
        let (a, b) = (find_and_halve(&mut self.parent, a), find_and_halve(&mut self.parent, b));
        if a == b {
            return None;
        }
        let (winner, loser) = (a.min(b), a.max(b));
        self.parent[loser as usize] = winner;
        let lost = &mut self.joins[loser as usize];
        let size = std::mem::replace(&mut lost.size_or_link, link);
        lost.winner = winner;
        let loser_next = lost.next;
        let won = &mut self.joins[winner as usize];
        won.size_or_link += size;
        let winner_next = std::mem::replace(&mut won.next, loser_next);
        self.joins[loser as usize].next = winner_next;
        Some(Union { loser, size })
    }

    /// The smallest member of the component of `node`; shortens the way for the next who asks.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn find(&mut self, node: u32) -> u32 {
        find_and_halve(&mut self.parent, node)
    }

    /// The smallest member of the component of `node`.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn label(&self, node: u32) -> u32 {
        root_of(&self.parent, node)
    }

    /// The label of every node.
    pub fn labels(&self) -> Vec<u32> {
        super::incremental::labels(&self.parent)
    }

    /// How many components there are.
    pub fn n_components(&self) -> usize {
        self.joins.iter().filter(|join| join.winner == NONE).count()
    }

    /// How many members the component of `node` has.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn size(&self, node: u32) -> u32 {
        self.joins[self.label(node) as usize].size_or_link
    }

    /// The members of the component of `node`, from `node` on, in no order that means anything; the same for the
    /// same history.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn members_unsorted(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let mut left = self.size(node);
        let mut at = node;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let member = at;
            at = self.joins[at as usize].next;
            Some(member)
        })
    }

    /// The members of the component of `node`, ascending.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn members(&self, node: u32) -> Vec<u32> {
        let mut members: Vec<u32> = self.members_unsorted(node).collect();
        members.sort_unstable();
        members
    }

    /// The link that made `node` lose its own component; `None` while it is the smallest member.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn joined_by(&self, node: u32) -> Option<u32> {
        let join = &self.joins[node as usize];
        (join.winner != NONE).then_some(join.size_or_link)
    }

    /// The links that joined two components, ascending: a spanning forest. Linking these alone, in this order, gives
    /// the same components with the same evidence, so they are all that has to be stored.
    pub fn forest(&self) -> Vec<u32> {
        let lost = self.joins.iter().filter(|join| join.winner != NONE);
        let mut links: Vec<u32> = lost.map(|join| join.size_or_link).collect();
        links.sort_unstable();
        links
    }

    /// The links that lead from `a` to `b` in the forest of joins: of all chains between them the one whose newest
    /// link is oldest. Links added later never change it. Empty if they are the same node, `None` if they are not
    /// connected. For the chain of fewest links see [`crate::link_path`]. `ends_of` gives the ends of a link.
    ///
    /// # Errors
    /// The ends are not those with which the link was applied.
    ///
    /// # Panics
    /// `a` or `b` is not a node.
    pub fn join_path(
        &self,
        a: u32,
        b: u32,
        ends_of: impl Fn(u32) -> (u32, u32),
    ) -> Result<Option<Vec<u32>>, GraphError> {
        if self.label(a) != self.label(b) {
            return Ok(None);
        }
        // Pieces of the chain still to be found, the next on top. Every piece is older than the link that cut it
        // off, so they come to an end.
        let mut path = Vec::new();
        let mut open = vec![Piece::Between(a, b, NONE)];
        while let Some(piece) = open.pop() {
            match piece {
                Piece::Link(link) => path.push(link),
                Piece::Between(a, b, _) if a == b => {}
                Piece::Between(a, b, before) => {
                    let link = self.joining_link(a, b);
                    let (end_a, end_b) = ends_of(link);
                    let ends = [end_a, end_b];
                    if link >= before || ends.iter().any(|&end| end >= self.n_nodes()) {
                        return Err(GraphError::LinkEnds { link, a: end_a, b: end_b });
                    }
                    let near_a = self.root_before(a, link);
                    let near = |end: u32| self.root_before(end, link) == near_a;
                    let (near, far) = if near(end_a) { (end_a, end_b) } else { (end_b, end_a) };
                    open.push(Piece::Between(far, b, link));
                    open.push(Piece::Link(link));
                    open.push(Piece::Between(a, near, link));
                }
            }
        }
        Ok(Some(path))
    }

    /// The link that brought two nodes together: the newest on the ways up to where they meet, climbed oldest first.
    fn joining_link(&self, mut a: u32, mut b: u32) -> u32 {
        let age = |node: u32| self.joined_by(node).unwrap_or(NONE);
        let mut newest = NONE;
        while a != b {
            if age(a) > age(b) {
                std::mem::swap(&mut a, &mut b);
            }
            if self.joins[a as usize].winner == NONE {
                return NONE;
            }
            newest = age(a);
            a = self.joins[a as usize].winner;
        }
        newest
    }

    /// The root of `node` just before `link` was applied.
    fn root_before(&self, mut node: u32, link: u32) -> u32 {
        while self.joined_by(node).is_some_and(|by| by < link) {
            node = self.joins[node as usize].winner;
        }
        node
    }

    /// Takes links away: the components they hold together fall apart and are built again from the links that
    /// remain. Returns the former roots of those components, ascending; a link that joined nothing is taken away
    /// without touching anything.
    ///
    /// `links_of` gives the remaining links at a node (both ends are asked; a link may come once or twice).
    ///
    /// # Errors
    /// An end is not a node, or a remaining link leads out of the component it is in or has an id that was never
    /// applied. Nothing is changed then.
    pub fn remove_links(
        &mut self,
        removed: &[Link],
        mut links_of: impl FnMut(u32, &mut Vec<Link>),
    ) -> Result<Vec<u32>, GraphError> {
        let roots = self.roots_held_by(removed)?;
        let members: Vec<u32> =
            roots.iter().flat_map(|&root| self.members_unsorted(root)).collect();
        let mut remaining = Vec::new();
        for &member in &members {
            links_of(member, &mut remaining);
        }
        remaining.sort_unstable();
        remaining.dedup();
        for link in &remaining {
            let known = link.id < self.link_next && link.a.max(link.b) < self.n_nodes();
            let inside = known && roots.binary_search(&self.label(link.a)).is_ok();
            if !inside || self.label(link.a) != self.label(link.b) {
                return Err(GraphError::LinkEnds { link: link.id, a: link.a, b: link.b });
            }
        }
        for member in members {
            self.reset(member);
        }
        for link in remaining {
            self.join(link.id, link.a, link.b);
        }
        Ok(roots)
    }

    /// The roots of the components in whose forest one of the links is, ascending.
    fn roots_held_by(&self, links: &[Link]) -> Result<Vec<u32>, GraphError> {
        let mut held = Vec::new();
        for link in links {
            if link.a.max(link.b) >= self.n_nodes() {
                return Err(GraphError::LinkEnds { link: link.id, a: link.a, b: link.b });
            }
            // A link that joined is the one that brought its own ends together.
            let together = link.a != link.b && self.label(link.a) == self.label(link.b);
            if together && self.joining_link(link.a, link.b) == link.id {
                held.push(self.label(link.a));
            }
        }
        held.sort_unstable();
        held.dedup();
        Ok(held)
    }

    /// Makes a node a component of its own; all members of its component must be reset together.
    fn reset(&mut self, node: u32) {
        self.parent[node as usize] = node;
        self.joins[node as usize] = Join::alone(node);
        self.forget_in_sieve(node);
    }

    /// A member that leaves its component may no longer count as known; if it is the anchor, nobody may.
    fn forget_in_sieve(&mut self, node: u32) {
        if self.sieve.anchor() == Some(node) {
            self.sieve.forget();
        } else {
            self.sieve.forget_node(node);
        }
    }

    /// Takes back the latest unions, given oldest first, and the nodes from `n_nodes` on and the links from
    /// `link_next` on: as if they had not been.
    pub(super) fn take_back(&mut self, unions: &[Union], n_nodes: u32, link_next: u32) {
        for union in unions.iter().rev() {
            // The latest exchange of successors undoes itself, and so on backwards.
            let winner = self.joins[union.loser as usize].winner;
            self.joins[winner as usize].size_or_link -= union.size;
            let winner_next = self.joins[winner as usize].next;
            let lost = &mut self.joins[union.loser as usize];
            let loser_next = std::mem::replace(&mut lost.next, winner_next);
            (lost.winner, lost.size_or_link) = (NONE, union.size);
            self.joins[winner as usize].next = loser_next;
        }
        // Only now: halving has let members name roots that lost later, and each loser's circle is its own again.
        for union in unions {
            let mut member = union.loser;
            for _ in 0..self.joins[union.loser as usize].size_or_link {
                self.parent[member as usize] = union.loser;
                self.forget_in_sieve(member);
                member = self.joins[member as usize].next;
            }
        }
        self.parent.truncate(n_nodes as usize);
        self.joins.truncate(n_nodes as usize);
        self.link_next = link_next;
        if self.sieve.anchor().is_some_and(|anchor| anchor >= n_nodes) {
            self.sieve.forget();
        }
    }
}

/// A part of a chain: a link, or what leads from one node to another by links before the third.
enum Piece {
    Between(u32, u32, u32),
    Link(u32),
}

impl Join {
    fn alone(node: u32) -> Self {
        Self { next: node, winner: NONE, size_or_link: 1 }
    }
}
