//! Components under growth that also know their size, their members, and which link joined what.
//!
//! In: links `(a, b)` with ids that ascend. Out: label, size and members of the component of a node, the links that
//! joined it, the chain of links between two nodes.
//! Source: union-find as in `incremental.rs`; members as a circular list, spliced by one exchange of successors
//! (Knuth, TAOCP 1, 2.2.4); the forest of joins with the winner and the link of each, Nieuwenhuis, Oliveras, "Fast
//! congruence closure and extensions", Information and Computation 2007, section 3.
//! Departures: a root holds its size in the place where a node that lost holds the link that made it lose. Since
//! ids ascend, the links that joined are Kruskal's minimum spanning forest by id: it does not depend on batches,
//! later links never change it, and the chain it gives between two nodes is the one whose newest link is oldest.
//! Cost: 16 bytes and one bit a node. A link as in `incremental.rs`, a join O(1) more; size O(log n); members
//! O(size). Chains: `path.rs`. Removal: `removal.rs`.
//! Checked against: repeated minimum, and Kruskal by repeated minimum (`tests/it/components_tracked.rs`).

mod path;
mod removal;

use super::prefetch::prefetch;
use super::sieve::{Forest, Sieve, find_and_halve, root_of};
use crate::NONE;
use crate::csr::{check_below, check_count};
use crate::error::{GraphError, same_length};

/// Components with sizes, members and evidence.
#[derive(Debug, Clone, Default)]
pub struct TrackedComponents {
    forest: JoinForest,
    sieve: Sieve,
    /// Links from here on may still be applied.
    link_next: u32,
}

#[derive(Debug, Clone, Default)]
struct JoinForest {
    /// As in [`crate::Components`].
    parent: Vec<u32>,
    /// Read at joins and questions only, so that it does not dilute the parents.
    joins: Vec<Join>,
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

/// A union that a link would make, for whoever may refuse it.
#[derive(Debug, Clone, Copy)]
pub struct ProposedUnion<'f> {
    /// The place of the link in its batch.
    pub place: usize,
    /// The labels of the components of its first and of its second end; the smaller would be that of both.
    pub roots: [u32; 2],
    /// How many members they have, in the same order.
    pub sizes: [u32; 2],
    joins: &'f [Join],
}

impl ProposedUnion<'_> {
    /// The members of the component at `side` of the link (0 or 1), in no order that means anything.
    pub fn members_unsorted(&self, side: usize) -> impl Iterator<Item = u32> + '_ {
        circle(self.joins, self.roots[side], self.sizes[side])
    }
}

/// `n_left` nodes of a circle of members, from `at` on.
fn circle(joins: &[Join], mut at: u32, mut n_left: u32) -> impl Iterator<Item = u32> + '_ {
    std::iter::from_fn(move || {
        n_left = n_left.checked_sub(1)?;
        let member = at;
        at = joins[at as usize].next;
        Some(member)
    })
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
        u32::try_from(self.forest.parent.len())
            .expect("every way to add nodes counts them in 32 bits")
    }

    /// The smallest id that the next link may have.
    pub fn link_next(&self) -> u32 {
        self.link_next
    }

    /// Adds nodes, each a component of its own, until there are `n_nodes`; does nothing if there are already.
    pub fn ensure_nodes(&mut self, n_nodes: u32) {
        let added = self.n_nodes()..n_nodes;
        self.forest.joins.extend(added.clone().map(Join::alone));
        self.forest.parent.extend(added);
        self.sieve.ensure_nodes(self.forest.parent.len());
    }

    /// Joins the ends of one link; true if they were in two components.
    ///
    /// # Errors
    /// The id is below [`Self::link_next`], or an end is not a node. Nothing is changed then.
    pub fn link(&mut self, link: u32, a: u32, b: u32) -> Result<bool, GraphError> {
        Ok(self.link_batch(link, &[a], &[b])? == 1)
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
        self.link_checked(first_link, a, b, |_union| n_joined += 1, |_proposed| true);
        self.link_next = link_next;
        Ok(n_joined)
    }

    /// Links a batch that [`Self::check_batch`] lets pass, asks `admit` before each union and calls `joined` for it.
    fn link_checked(
        &mut self,
        first_link: u32,
        a: &[u32],
        b: &[u32],
        joined: impl FnMut(Union),
        admit: impl FnMut(&ProposedUnion<'_>) -> bool,
    ) {
        let id_of = |place| first_link + u32::try_from(place).expect("ids of a batch are counted");
        let forest = &mut Batch { forest: &mut self.forest, id_of, joined, admit };
        self.sieve.link_batch(forest, a, b);
    }

    /// Adds nodes up to `n_nodes` and links a batch as far as `admit` allows; pushes each union.
    pub(super) fn grow(
        &mut self,
        n_nodes: u32,
        first_link: u32,
        (a, b): (&[u32], &[u32]),
        unions: &mut Vec<Union>,
        admit: impl FnMut(&ProposedUnion<'_>) -> bool,
    ) -> Result<(), GraphError> {
        let link_next = self.check_batch(first_link, a, b, n_nodes.max(self.n_nodes()))?;
        self.ensure_nodes(n_nodes);
        self.link_checked(first_link, a, b, |union| unions.push(union), admit);
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

    /// The smallest member of the component of `node`; shortens the way for the next who asks.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn find(&mut self, node: u32) -> u32 {
        find_and_halve(&mut self.forest.parent, node)
    }

    /// The smallest member of the component of `node`.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn label(&self, node: u32) -> u32 {
        root_of(&self.forest.parent, node)
    }

    /// The label of every node.
    pub fn labels(&self) -> Vec<u32> {
        super::incremental::labels(&self.forest.parent)
    }

    /// How many components there are.
    pub fn n_components(&self) -> usize {
        self.forest.joins.iter().filter(|join| join.winner == NONE).count()
    }

    /// How many members the component of `node` has.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn size(&self, node: u32) -> u32 {
        self.forest.joins[self.label(node) as usize].size_or_link
    }

    /// The members of the component of `node`, from `node` on, in no order that means anything; the same for the
    /// same history.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn members_unsorted(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        circle(&self.forest.joins, node, self.size(node))
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
        let join = &self.forest.joins[node as usize];
        (join.winner != NONE).then_some(join.size_or_link)
    }

    /// The links that joined two components, ascending: a spanning forest. Linking these alone, in this order, gives
    /// the same components with the same evidence, so they are all that has to be stored.
    pub fn forest(&self) -> Vec<u32> {
        let lost = self.forest.joins.iter().filter(|join| join.winner != NONE);
        let mut links: Vec<u32> = lost.map(|join| join.size_or_link).collect();
        links.sort_unstable();
        links
    }

    /// Takes the components of `nodes` apart and links `a[i]` with `b[i]` in order, as far as `admit` allows: as if no
    /// other link had ever touched them. Ids start at 0 again, which is as good as any among links of these
    /// components alone. Returns the members, ascending.
    ///
    /// # Errors
    /// The slices differ in length, or an end is in none of the components. Nothing is changed then.
    ///
    /// # Panics
    /// One of `nodes` is not a node.
    pub fn relink_where(
        &mut self,
        nodes: &[u32],
        a: &[u32],
        b: &[u32],
        admit: impl FnMut(&ProposedUnion<'_>) -> bool,
    ) -> Result<Vec<u32>, GraphError> {
        same_length("ends", a.len(), b.len())?;
        check_count("links", a.len())?;
        let mut roots: Vec<u32> = nodes.iter().map(|&node| self.find(node)).collect();
        roots.sort_unstable();
        roots.dedup();
        for (link, (&a, &b)) in (0u32..).zip(a.iter().zip(b)) {
            for end in [a, b] {
                let known = end < self.n_nodes() && roots.binary_search(&self.find(end)).is_ok();
                known.then_some(()).ok_or(GraphError::LinkEnds { link, a, b })?;
            }
        }
        let mut members: Vec<u32> =
            roots.iter().flat_map(|&root| self.members_unsorted(root)).collect();
        members.sort_unstable();
        members.iter().for_each(|&member| self.reset(member));
        self.link_checked(0, a, b, |_union| (), admit);
        self.link_next = self.link_next.max(u32::try_from(a.len()).expect("just counted"));
        Ok(members)
    }

    /// Takes away the nodes from `n_nodes` on, each a component of its own; does nothing if there are fewer.
    ///
    /// # Errors
    /// One of them has been joined. Nothing is changed then.
    pub fn truncate_nodes(&mut self, n_nodes: u32) -> Result<(), GraphError> {
        for node in n_nodes..self.n_nodes() {
            // A component is named by its smallest member, so one without others above is its own label.
            if self.forest.joins[node as usize].next != node {
                return Err(GraphError::Label { node, label: self.label(node) });
            }
        }
        self.take_back(&[], n_nodes, self.link_next);
        Ok(())
    }

    /// Makes a node a component of its own; all members of its component must be reset together.
    fn reset(&mut self, node: u32) {
        self.forest.parent[node as usize] = node;
        self.forest.joins[node as usize] = Join::alone(node);
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
            let winner = self.forest.joins[union.loser as usize].winner;
            self.forest.joins[winner as usize].size_or_link -= union.size;
            let winner_next = self.forest.joins[winner as usize].next;
            let lost = &mut self.forest.joins[union.loser as usize];
            let loser_next = std::mem::replace(&mut lost.next, winner_next);
            (lost.winner, lost.size_or_link) = (NONE, union.size);
            self.forest.joins[winner as usize].next = loser_next;
        }
        // Only now: halving has let members name roots that lost later, and each loser's circle is its own again.
        for union in unions {
            let mut member = union.loser;
            for _ in 0..self.forest.joins[union.loser as usize].size_or_link {
                self.forest.parent[member as usize] = union.loser;
                self.forget_in_sieve(member);
                member = self.forest.joins[member as usize].next;
            }
        }
        self.forest.parent.truncate(n_nodes as usize);
        self.forest.joins.truncate(n_nodes as usize);
        self.link_next = link_next;
        if self.sieve.anchor().is_some_and(|anchor| anchor >= n_nodes) {
            self.sieve.forget();
        }
    }
}

impl JoinForest {
    #[inline]
    fn join(
        &mut self,
        (place, link): (usize, u32),
        a: u32,
        b: u32,
        admit: impl FnOnce(&ProposedUnion<'_>) -> bool,
    ) -> Option<Union> {
        let (a, b) = (find_and_halve(&mut self.parent, a), find_and_halve(&mut self.parent, b));
        if a == b {
            return None;
        }
        let sizes = [a, b].map(|root| self.joins[root as usize].size_or_link);
        if !admit(&ProposedUnion { place, roots: [a, b], sizes, joins: &self.joins }) {
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
}

/// A batch of links.
struct Batch<'c, I, J, A> {
    forest: &'c mut JoinForest,
    /// The id of the link at a place of the batch.
    id_of: I,
    /// Is told of each union.
    joined: J,
    /// Is asked before each union.
    admit: A,
}

impl<I, J, A> Forest for Batch<'_, I, J, A>
where
    I: Fn(usize) -> u32,
    J: FnMut(Union),
    A: FnMut(&ProposedUnion<'_>) -> bool,
{
    #[inline]
    fn parents(&self) -> &[u32] {
        &self.forest.parent
    }

    #[inline]
    fn prefetch_join(&self, node: u32) {
        prefetch(&self.forest.joins, node);
    }

    #[inline]
    fn join(&mut self, place: usize, a: u32, b: u32) {
        let link = (self.id_of)(place);
        if let Some(union) = self.forest.join((place, link), a, b, &mut self.admit) {
            (self.joined)(union);
        }
    }
}

impl Join {
    fn alone(node: u32) -> Self {
        Self { next: node, winner: NONE, size_or_link: 1 }
    }
}
