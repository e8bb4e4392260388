//! Clusters: what the links say together, but for those that a person must see first.
//!
//! In: links, how many addresses there are, and [`ClusterRules`]. Out: one label an address, the smallest address of
//! its cluster; and the held links.
//! Definition: a fold over the links in the order of [`link_order`]. A link that a decision leaves out is passed over;
//! one that the [`Guard`](crate::Guard) holds joins nothing, now and later, and is listed; every other joins the
//! clusters of its ends. An accepted link is not put to the guard.
//! Source: union-find of [`graph::ReversibleComponents`]; the guard as in `guard.rs`.
//! Departures: clusters are a view, never a record. When links, decisions or entities change, the touched clusters are
//! built again from their links, where touched means: together with a changed link or address in the graph of all
//! links that are not left out, *held ones too*. Without those it would be wrong: a smaller cluster on one side may
//! mean that a held link need no longer be held. What the fold does in one such component depends on no other.
//! Cost: 16 bytes an address, O(log n) a link, 8 bytes a union of the last [`HEIGHTS_BACK`] heights. Rebuilding:
//! O(addresses and links of what is touched).
//! Checked against: a fold over plain lists, any cut into heights, and every change against a fold from empty
//! (`tests/it/clusters.rs`, `guard.rs`).

use std::borrow::Cow;

use graph::{Csr, GraphError, Members, ProposedUnion, ReversibleComponents, TrackedComponents};
use ledger::{AddressId, ClusterId, ClusterMember, Height, Link};

use crate::decisions::{Decisions, LinkKey, Verdict, link_order};
use crate::error::FlowError;
use crate::guard::{
    Carried, ClusterRules, Guard, HeldLink, HeldReason, PendingMerge, held_by_pair, tied_by_held,
};

/// How many heights can be unwound by their log; older ones by building again.
pub const HEIGHTS_BACK: u32 = 1000;

/// The clusters of all addresses of a store.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    components: ReversibleComponents,
    rules: ClusterRules,
    carried: Carried,
    /// In order of their links.
    held: Vec<HeldLink>,
    /// The greatest height applied.
    height: Option<Height>,
    /// The log goes back to the heights above this one; all the way if there is none.
    floor: Option<Height>,
}

/// A union that was made: for what hangs on clusters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joining<'f> {
    proposed: &'f ProposedUnion<'f>,
}

impl<'f> Joining<'f> {
    /// The clusters that are joined; the smaller names both from then on.
    pub(crate) fn roots(&self) -> [u32; 2] {
        self.proposed.roots
    }

    /// How many addresses they have.
    pub(crate) fn sizes(&self) -> [u32; 2] {
        self.proposed.sizes
    }

    /// The addresses of one of them.
    pub(crate) fn members(&self, side: usize) -> impl Iterator<Item = u32> + 'f {
        self.proposed.members_unsorted(side)
    }
}

impl Clusters {
    /// No addresses yet.
    pub fn new(rules: ClusterRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Continues from the labels of an earlier [`Clusters::labels`], with the default guard, nothing held;
    /// the way back ends there.
    ///
    /// # Errors
    /// A label is not the smallest address of its cluster.
    pub fn from_labels(labels: &[u32]) -> Result<Self, GraphError> {
        for (node, &label) in (0u32..).zip(labels) {
            if label > node || labels[label as usize] != label {
                return Err(GraphError::Label { node, label });
            }
        }
        let n_addresses = u32::try_from(labels.len())
            .map_err(|_error| GraphError::TooMany { what: "labels", found: labels.len() })?;
        let mut components = TrackedComponents::new(n_addresses);
        let joined = (0u32..).zip(labels).filter(|(address, label)| address != *label);
        let (a, b): (Vec<u32>, Vec<u32>) = joined.map(|(address, label)| (*label, address)).unzip();
        components.link_batch(0, &a, &b)?;
        let components = ReversibleComponents::new(components, 0);
        let mut clusters = Self { components, ..Self::default() };
        clusters.carried.add(0..n_addresses, &[]);
        Ok(clusters)
    }

    /// Continues from the labels of an earlier [`Clusters::labels`] and its [`Clusters::held`], made under the same
    /// rules from the links up to `height`.
    ///
    /// # Errors
    /// A label is not the smallest address of its cluster, or a held link has an address beyond the labels.
    pub fn from_parts(
        labels: &[u32],
        held: Vec<HeldLink>,
        rules: ClusterRules,
        height: Option<Height>,
    ) -> Result<Self, FlowError> {
        let mut clusters = Self::from_labels(labels).map_err(|error| match error {
            GraphError::Label { node, .. } => FlowError::Labels { address: node },
            _ => FlowError::Labels { address: u32::MAX },
        })?;
        let n_addresses = clusters.n_addresses();
        let far = |one: &&HeldLink| one.link.a.max(one.link.b).get() >= n_addresses;
        if let Some(one) = held.iter().find(far) {
            return Err(FlowError::Labels { address: one.link.a.max(one.link.b).get() });
        }
        clusters.carried.add(0..n_addresses, &rules.entities);
        let own = rules.entities.iter().map(|(address, _)| address.get());
        for address in own.take_while(|address| *address < n_addresses) {
            let root = labels[address as usize];
            if root != address {
                clusters.carried.join(None, root, address);
            }
        }
        (clusters.held, clusters.rules) = (held, rules);
        (clusters.height, clusters.floor) = (height, height);
        clusters.rules.entities.dedup();
        clusters.held.sort_by_key(|one| link_order(&one.link));
        Ok(clusters)
    }

    /// Adds addresses, up to `n_addresses` in all, and applies the links of further heights. Links of one call may come
    /// in any order; links of a height all come in one call.
    ///
    /// # Panics
    /// A link names an address from `n_addresses` on, or is of a height below one already applied: clusters are a fold
    /// in order of height. Older links that became known later come by [`Clusters::rebuild`].
    pub fn apply(&mut self, links: &[Link], n_addresses: u32) {
        self.apply_each(links, n_addresses, |_joining| ());
    }

    /// As [`Clusters::apply`], and calls `joining` before each union.
    pub(crate) fn apply_each(
        &mut self,
        links: &[Link],
        n_addresses: u32,
        mut joining: impl FnMut(Joining<'_>),
    ) {
        self.ensure_addresses(n_addresses);
        let links = self.counted(links);
        let (Some(first), Some(last)) = (links.first(), links.last()) else { return };
        assert!(
            self.height.is_none_or(|height| height <= first.height),
            "links up to height {:?} are applied, and one of height {} comes after",
            self.height,
            first.height
        );
        let oldest_back = Height::new(last.height.get().saturating_sub(HEIGHTS_BACK));
        // What could not be unwound anyway needs no marks: one batch is faster than one a height.
        let (old, recent) = links.split_at(links.partition_point(|l| l.height < oldest_back));
        self.apply_part(old, &mut joining);
        let floor = self.floor.map_or(0, Height::get);
        let overdue = floor.saturating_add(2 * HEIGHTS_BACK) < oldest_back.get();
        if !old.is_empty() || overdue {
            self.floor = self.floor.max(oldest_back.get().checked_sub(1).map(Height::new));
            self.components.forget_before(u64::from(oldest_back.get()));
            self.carried.forget_before(oldest_back);
        }
        for part in recent.chunk_by(|a, b| a.height == b.height) {
            self.apply_part(part, &mut joining);
        }
        self.height = Some(last.height);
    }

    fn apply_part(&mut self, links: &[Link], joining: &mut impl FnMut(Joining<'_>)) {
        let Some(last) = links.last() else { return };
        let (a, b): (Vec<u32>, Vec<u32>) =
            links.iter().map(|link| (link.a.get(), link.b.get())).unzip();
        let Self { components, rules, carried, held, .. } = self;
        let n_addresses = components.components().n_nodes();
        let mut admit = admission(links, rules, carried, held, Some(last.height));
        let next = components.components().link_next();
        let height = u64::from(last.height.get());
        let applied = components.apply_where(height, n_addresses, next, (&a, &b), |proposed| {
            let admitted = admit(proposed);
            if admitted {
                joining(Joining { proposed });
            }
            admitted
        });
        if let Err(error) = applied {
            panic!("links up to height {height} cannot be applied: {error}");
        }
    }

    fn ensure_addresses(&mut self, n_addresses: u32) {
        let before = self.n_addresses();
        if n_addresses > before {
            self.components.ensure_nodes(n_addresses);
            self.carried.add(before..n_addresses, &self.rules.entities);
        }
    }

    /// The links that no decision leaves out, in order.
    fn counted<'l>(&self, links: &'l [Link]) -> Cow<'l, [Link]> {
        let decisions = &self.rules.decisions;
        let mut links = Cow::Borrowed(links);
        if !decisions.is_empty() && links.iter().any(|l| decisions.verdict(l).leaves_out()) {
            links.to_mut().retain(|link| !decisions.verdict(link).leaves_out());
        }
        if !links.is_sorted_by_key(link_order) {
            links.to_mut().sort_by_key(link_order);
        }
        links
    }

    /// Takes back everything from `height` on, and the addresses from `n_addresses` on, by the log of the last heights.
    ///
    /// # Errors
    /// The log does not go back so far: it is kept for [`HEIGHTS_BACK`] heights, and given up by every rebuild. Nothing
    /// is changed then; [`Clusters::unwind`] does the same from the links.
    ///
    /// # Panics
    /// A link below `height` has joined an address that is taken away.
    pub fn unwind_to(&mut self, height: Height, n_addresses: u32) -> Result<(), FlowError> {
        if let Some(floor) = self.floor.filter(|floor| height <= *floor) {
            let height_min = u64::from(floor.get()) + 1;
            return Err(FlowError::Unwind { height: height.get(), height_min });
        }
        let unwound = self.components.unwind(u64::from(height.get()));
        unwound.expect("the log goes back to all heights above the floor");
        self.carried.unwind(height, n_addresses);
        self.truncate(n_addresses);
        self.held.retain(|one| one.link.height < height);
        self.height = self.height.min(height.get().checked_sub(1).map(Height::new));
        Ok(())
    }

    fn truncate(&mut self, n_addresses: u32) {
        self.carried.truncate(n_addresses);
        let truncated = self.components.truncate_nodes(n_addresses);
        if let Err(error) = truncated {
            panic!("an address from {n_addresses} on is removed and still has links: {error}");
        }
    }

    /// Takes links away, and then the addresses from `n_addresses` on: as if neither had ever been there. Returns how
    /// many addresses were looked at again.
    ///
    /// `remaining` must hold at least every link left in the clusters that `removed` touches, and in those tied to
    /// them by held links; others in it change nothing, so all links that are left will do.
    ///
    /// # Panics
    /// A link names an address that is not there, or a remaining one an address that is taken away.
    pub fn unwind<'l>(
        &mut self,
        removed: &[Link],
        remaining: impl IntoIterator<Item = &'l Link>,
        n_addresses: u32,
    ) -> u32 {
        let ends = removed.iter().flat_map(|link| [link.a, link.b]);
        let rebuilt = self.rebuild(ends, |touched| {
            let among = among(touched, remaining);
            for link in &among {
                assert!(
                    link.b.get() < n_addresses,
                    "address {} of a remaining link is removed",
                    link.b
                );
            }
            among
        });
        if n_addresses < self.n_addresses() {
            self.truncate(n_addresses);
        }
        if let Some(lowest) = removed.iter().map(|link| link.height).min() {
            self.height = self.height.min(lowest.get().checked_sub(1).map(Height::new));
            self.floor = self.floor.min(self.height);
        }
        rebuilt
    }

    /// Builds the clusters of `changed`, and those tied to them by held links, again. `links_of` is given all their
    /// addresses, ascending, and returns all links of which an end is among them, in any order; a link may come twice,
    /// and those that decisions leave out may be among them ([`links_among`] picks them from all). A link that was not
    /// applied before must have *both* ends in `changed`. Returns how many addresses were looked at again.
    ///
    /// # Panics
    /// A link that counts leads out of the touched addresses.
    pub fn rebuild(
        &mut self,
        changed: impl IntoIterator<Item = AddressId>,
        links_of: impl FnOnce(&[AddressId]) -> Vec<Link>,
    ) -> u32 {
        let touched = self.tied(changed);
        if touched.is_empty() {
            return 0;
        }
        let mut links = self.counted(&links_of(&touched)).into_owned();
        links.dedup_by_key(|link| LinkKey::of(link));
        let members: Vec<u32> = touched.iter().map(|address| address.get()).collect();
        self.held.retain(|one| members.binary_search(&one.link.a.get()).is_err());
        self.carried.reset(&members, &self.rules.entities);
        self.carried.forget();
        let (a, b): (Vec<u32>, Vec<u32>) =
            links.iter().map(|link| (link.a.get(), link.b.get())).unzip();
        let mut components = std::mem::take(&mut self.components).into_components();
        let Self { rules, carried, held, .. } = self;
        let n_held = held.len();
        let admit = admission(&links, rules, carried, held, None);
        let relinked = components.relink_where(&members, &a, &b, admit);
        if let Err(error) = relinked {
            panic!("a link leads out of the addresses that were to be built again: {error}");
        }
        // The log fits no longer.
        self.floor = self.height;
        self.components = ReversibleComponents::new(components, 0);
        if n_held < self.held.len() {
            self.held.sort_by_key(|one| link_order(&one.link));
        }
        u32::try_from(members.len()).expect("addresses are 32-bit ids")
    }

    /// Puts other decisions in force. `changed` are the links about which they say something else
    /// ([`Decisions::changed`]); `links_of` as for [`Clusters::rebuild`], with the links that people made. Returns how
    /// many addresses were looked at again.
    ///
    /// # Panics
    /// As for [`Clusters::rebuild`].
    pub fn set_decisions(
        &mut self,
        decisions: Decisions,
        changed: &[Link],
        links_of: impl FnOnce(&[AddressId]) -> Vec<Link>,
    ) -> u32 {
        self.rules.decisions = decisions;
        let ends: Vec<AddressId> = changed.iter().flat_map(|link| [link.a, link.b]).collect();
        self.rebuild(ends, links_of)
    }

    /// Puts other entities in force, ascending and without repeats; `links_of` as for [`Clusters::rebuild`]. Returns
    /// how many addresses were looked at again.
    ///
    /// # Panics
    /// As for [`Clusters::rebuild`].
    pub fn set_entities(
        &mut self,
        entities: Vec<(AddressId, u32)>,
        links_of: impl FnOnce(&[AddressId]) -> Vec<Link>,
    ) -> u32 {
        let changed = self.differing(&entities);
        self.rules.entities = entities;
        self.rebuild(changed, links_of)
    }

    /// The addresses about which `entities` say something else than those in force.
    pub(crate) fn differing(&self, entities: &[(AddressId, u32)]) -> Vec<AddressId> {
        let before = &self.rules.entities[..];
        let only_in = |own: &[(AddressId, u32)], other: &[(AddressId, u32)]| {
            let lacks = |row: &&(AddressId, u32)| other.binary_search(row).is_err();
            own.iter().filter(lacks).map(|row| row.0).collect::<Vec<_>>()
        };
        let mut differing = only_in(before, entities);
        differing.extend(only_in(entities, before));
        let n_addresses = self.n_addresses();
        differing.retain(|address| address.get() < n_addresses);
        differing
    }

    /// The addresses of the clusters of `changed` and of those tied to them by held links, ascending: all that a change
    /// at `changed` can have an effect on. Addresses that have not appeared are passed over.
    pub fn tied(&self, changed: impl IntoIterator<Item = AddressId>) -> Vec<AddressId> {
        let n_addresses = self.n_addresses();
        let known = changed.into_iter().filter(|address| address.get() < n_addresses);
        let from = known.map(|address| self.cluster_of(address));
        let tied = tied_by_held(&self.held, |address| self.cluster_of(address), from);
        let components = self.components.components();
        let members =
            tied.iter().flat_map(|cluster| components.members_unsorted(cluster.get().get()));
        let mut members: Vec<AddressId> = members.map(AddressId::new).collect();
        members.sort_unstable();
        members
    }

    /// The rules in force.
    pub fn rules(&self) -> &ClusterRules {
        &self.rules
    }

    /// The greatest height of a link that was applied, if any.
    pub fn height(&self) -> Option<Height> {
        self.height
    }

    /// The links that are held, in their order, as they were found.
    pub fn held(&self) -> &[HeldLink] {
        &self.held
    }

    /// The held links by the pair of clusters that they would join now, pairs ascending; without those whose ends have
    /// come together in another way.
    pub fn pending(&self) -> Vec<PendingMerge> {
        let pairs = held_by_pair(&self.held, |address| self.cluster_of(address));
        let merge = |(clusters, held): ([ClusterId; 2], Vec<HeldLink>)| PendingMerge {
            clusters,
            sizes: clusters.map(|cluster| self.size(cluster.get())),
            entities: clusters.map(|cluster| self.carried.of(cluster.get().get()).to_vec()),
            held,
        };
        pairs.into_iter().map(merge).collect()
    }

    /// The entities that the cluster of an address carries, ascending.
    ///
    /// # Panics
    /// There is no such address.
    pub fn entities_of(&self, address: AddressId) -> &[u32] {
        self.carried.of(self.label(address.get()))
    }

    /// How many addresses there are.
    pub fn n_addresses(&self) -> u32 {
        self.components.components().n_nodes()
    }

    /// The cluster of one address; for many, [`Clusters::labels`] is cheaper.
    ///
    /// # Panics
    /// There is no such address.
    pub fn cluster_of(&self, address: AddressId) -> ClusterId {
        ClusterId::new(AddressId::new(self.label(address.get())))
    }

    /// The label of one address.
    pub(crate) fn label(&self, address: u32) -> u32 {
        self.components.components().label(address)
    }

    /// How many addresses the cluster of an address has.
    ///
    /// # Panics
    /// There is no such address.
    pub fn size(&self, address: AddressId) -> u32 {
        self.components.components().size(address.get())
    }

    /// The cluster of every address, by address.
    pub fn labels(&self) -> Vec<u32> {
        self.components.components().labels()
    }

    /// The addresses of every cluster, by cluster; empty rows for ids that name none.
    pub fn members(&self) -> Members {
        let grouped = Csr::from_keys(self.n_addresses(), &self.labels());
        let (offsets, nodes) =
            grouped.expect("a label is an address, and addresses are counted").into_parts();
        Members { offsets, nodes }
    }

    /// How many clusters there are, those of one address included.
    pub fn n_clusters(&self) -> usize {
        self.components.components().n_components()
    }

    /// The rows of the table `clusters`, by cluster and address: members of clusters of two or more. An address
    /// without a row is its own cluster.
    pub fn rows(&self) -> Vec<ClusterMember> {
        let members = self.members();
        let view = members.view().expect("just built");
        let joined = (0..view.n_rows()).map(|cluster| (cluster, view.row(cluster)));
        let joined = joined.filter(|(_, addresses)| addresses.len() > 1);
        let row = |cluster, address: &u32| ClusterMember {
            cluster: ClusterId::new(AddressId::new(cluster)),
            address: AddressId::new(*address),
        };
        joined
            .flat_map(|(cluster, addresses)| addresses.iter().map(move |a| row(cluster, a)))
            .collect()
    }
}

/// Those of `links` of which an end is among `addresses` (ascending).
pub fn links_among<'l>(
    addresses: &[AddressId],
    links: impl IntoIterator<Item = &'l Link>,
) -> Vec<Link> {
    among(addresses, links)
}

fn among<'l>(addresses: &[AddressId], links: impl IntoIterator<Item = &'l Link>) -> Vec<Link> {
    let is_among = |address: AddressId| addresses.binary_search(&address).is_ok();
    links.into_iter().filter(|link| is_among(link.a) || is_among(link.b)).copied().collect()
}

/// What is asked before each union: decisions, then the guard. Holds what it does not admit; and what it admits, it
/// takes for done.
pub(crate) fn admission<'s>(
    links: &'s [Link],
    rules: &'s ClusterRules,
    carried: &'s mut Carried,
    held: &'s mut Vec<HeldLink>,
    logged_at: Option<Height>,
) -> impl FnMut(&ProposedUnion<'_>) -> bool + 's {
    let ClusterRules { guard, decisions, .. } = rules;
    move |proposed| {
        let ProposedUnion { place, roots, sizes, .. } = *proposed;
        if let Some((reason, entities)) = objection(guard, carried, roots, sizes) {
            let link = links[place];
            if !matches!(decisions.verdict(&link), Verdict::Accepted(_)) {
                let clusters = roots.map(|root| ClusterId::new(AddressId::new(root)));
                held.push(HeldLink { link, reason, clusters, sizes, entities });
                return false;
            }
        }
        carried.join(logged_at, roots[0].min(roots[1]), roots[0].max(roots[1]));
        true
    }
}

#[inline]
fn objection(
    guard: &Guard,
    carried: &Carried,
    roots: [u32; 2],
    sizes: [u32; 2],
) -> Option<(HeldReason, [Option<u32>; 2])> {
    if let Some(entities) = carried.conflict(roots) {
        return Some((HeldReason::ConflictingEntities, entities.map(Some)));
    }
    let large = sizes[0].min(sizes[1]) >= guard.cluster_addresses_min;
    large.then_some((HeldReason::LargeClusters, [None, None]))
}
