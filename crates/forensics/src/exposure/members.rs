//! Who owns each address, as the state last heard it: cluster and entity, with the members of each cluster.
//!
//! In: [`Owners`]. Out: by address the *handle* of its cluster and its entity; by handle the cluster's label.
//! A handle is any number that stays when the cluster gets another name: of clusters that merge, the largest keeps its
//! handle, so only the others' transactions are looked at again. (Names are smallest addresses, so a large cluster is renamed
//! whenever it meets a small older one.)
//! Cost: 16 bytes an address, 12 a cluster; a change costs the changed addresses and the members that move.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use graph::NONE;
use ledger::{AddressId, ClusterId};

use crate::owners::Owners;

/// An address as it was before its cluster or entity changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) address: u32,
    pub(super) handle: u32,
    pub(super) holder: u32,
}

/// What a change of owners did.
pub(super) struct Relabeled {
    /// Addresses whose handle or entity is another one, as they were; ascending.
    pub(super) moved: Vec<Moved>,
    /// Handles that stand for nothing now.
    pub(super) freed: Vec<u32>,
    /// Labels that came or went.
    pub(super) names: Vec<u32>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    handle: Vec<u32>,
    /// The entity, [`NONE`] for nobody known.
    holder: Vec<u32>,
    /// Rings of the members of one cluster.
    next: Vec<u32>,
    back: Vec<u32>,
    /// By handle.
    label: Vec<u32>,
    size: Vec<u32>,
    /// A member, [`NONE`] if there is none.
    anyone: Vec<u32>,
    free: Vec<u32>,
}

/// Which addresses get which handle, and which labels stand for which.
#[derive(Default)]
struct Moves {
    addresses: Vec<(u32, u32)>,
    names: Vec<(u32, u32)>,
}

/// An address that is to be in the cluster `label` and was in that of `handle`.
type Claim = (u32, u32, u32);

fn label_of(owners: &Owners<'_>, address: u32) -> u32 {
    let label = owners.cluster(AddressId::new(address)).get().get();
    // A cluster is named by its smallest address; what names a larger one is no name.
    if label <= address { label } else { address }
}

fn holder_of(owners: &Owners<'_>, label: u32) -> u32 {
    let entity = owners.entity_of_cluster(ClusterId::new(AddressId::new(label)));
    entity.map_or(NONE, |entity| entity.get())
}

impl Members {
    pub(super) fn n_addresses(&self) -> u32 {
        u32::try_from(self.handle.len()).expect("addresses are u32")
    }

    pub(super) fn n_handles(&self) -> usize {
        self.label.len()
    }

    pub(super) fn handle(&self, address: u32) -> u32 {
        self.handle[address as usize]
    }

    pub(super) fn holder(&self, address: u32) -> u32 {
        self.holder.get(address as usize).copied().unwrap_or(NONE)
    }

    pub(super) fn label(&self, handle: u32) -> u32 {
        self.label[handle as usize]
    }

    fn label_now(&self, address: u32) -> u32 {
        self.label(self.handle(address))
    }

    /// The handle of a cluster by its label, if there is such a cluster.
    pub(super) fn handle_of_label(&self, label: u32) -> Option<u32> {
        let handle = *self.handle.get(label as usize)?;
        (self.label(handle) == label).then_some(handle)
    }

    /// The addresses of a cluster, in no order that means anything.
    pub(super) fn of_handle(&self, handle: u32) -> Vec<u32> {
        let first = self.anyone[handle as usize];
        if first == NONE {
            return Vec::new();
        }
        let mut members = vec![first];
        let mut at = self.next[first as usize];
        while at != first {
            members.push(at);
            at = self.next[at as usize];
        }
        members
    }

    /// Takes in addresses up to `n_addresses`.
    pub(super) fn extend(&mut self, n_addresses: u32, owners: &Owners<'_>) {
        for address in self.n_addresses()..n_addresses {
            let label = label_of(owners, address);
            self.next.push(address);
            self.back.push(address);
            self.holder.push(holder_of(owners, label));
            let handle =
                if label < address { self.handle(label) } else { self.new_handle(address) };
            self.handle.push(handle);
            self.ring_in(address, handle);
        }
    }

    /// Forgets the addresses from `n_addresses` on; returns handles that stand for nothing now.
    pub(super) fn truncate(&mut self, n_addresses: u32) -> Vec<u32> {
        let mut freed = Vec::new();
        for address in (n_addresses..self.n_addresses()).rev() {
            self.ring_out(address);
            let handle = self.handle(address);
            self.size[handle as usize] -= 1;
            if self.size[handle as usize] == 0 {
                freed.push(handle);
            }
            self.handle.pop();
            self.holder.pop();
            self.next.pop();
            self.back.pop();
        }
        self.free.extend(&freed);
        freed
    }

    /// Known addresses whose cluster or entity is another one now, ascending.
    pub(super) fn changed(&self, owners: &Owners<'_>) -> Vec<AddressId> {
        let is_other = |address: &u32| self.differs(*address, owners);
        (0..self.n_addresses()).filter(is_other).map(AddressId::new).collect()
    }

    fn differs(&self, address: u32, owners: &Owners<'_>) -> bool {
        let label = label_of(owners, address);
        self.label_now(address) != label || self.holder(address) != holder_of(owners, label)
    }

    /// Gives addresses their clusters and entities of now.
    pub(super) fn relabel(&mut self, changed: &[AddressId], owners: &Owners<'_>) -> Relabeled {
        let mut changed: Vec<u32> = changed.iter().map(|address| address.get()).collect();
        changed.sort_unstable();
        changed.dedup();
        changed.retain(|address| *address < self.n_addresses() && self.differs(*address, owners));
        let mut moved = Vec::new();
        let moves = self.moves(&changed, owners);
        for &address in &changed {
            let holder = holder_of(owners, label_of(owners, address));
            if holder != self.holder(address) {
                moved.push(self.as_is(address));
                self.holder[address as usize] = holder;
            }
        }
        let mut freed = Vec::new();
        for &(address, _) in &moves.addresses {
            moved.push(self.as_is(address));
            let handle = self.handle(address);
            self.ring_out(address);
            self.size[handle as usize] -= 1;
            freed.push(handle);
        }
        let mut names = Vec::new();
        for &(label, handle) in &moves.names {
            let before = std::mem::replace(&mut self.label[handle as usize], label);
            if before != label {
                names.extend([before, label]);
            }
        }
        for &(address, handle) in &moves.addresses {
            self.handle[address as usize] = handle;
            self.ring_in(address, handle);
        }
        // The first of two is how it was before its entity changed: this sort is stable.
        moved.sort_by_key(|moved| moved.address);
        moved.dedup_by_key(|moved| moved.address);
        freed.sort_unstable();
        freed.dedup();
        freed.retain(|handle| self.size[*handle as usize] == 0);
        self.free.extend(&freed);
        names.extend(freed.iter().map(|handle| self.label(*handle)));
        Relabeled { moved, freed, names }
    }

    fn as_is(&self, address: u32) -> Moved {
        Moved { address, handle: self.handle(address), holder: self.holder(address) }
    }

    /// Who must get another handle, so that as few as possible do: of the parts of a new cluster the largest keeps its own.
    fn moves(&mut self, changed: &[u32], owners: &Owners<'_>) -> Moves {
        let claim = |address: u32| (label_of(owners, address), self.handle(address), address);
        let mut claims: Vec<Claim> = changed.iter().map(|address| claim(*address)).collect();
        if claims.iter().all(|(label, handle, _)| self.label(*handle) == *label) {
            return Moves::default();
        }
        claims.sort_unstable();
        let mut parts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        // Members that do not change their label are counted by the sizes.
        let mut staying: BTreeMap<u32, u32> = BTreeMap::new();
        for &(label, handle, _) in &claims {
            *parts.entry((label, handle)).or_default() += 1;
            for handle in [handle, self.handle(label)] {
                staying.entry(handle).or_insert(self.size[handle as usize]);
            }
            *staying.entry(handle).or_default() -= 1;
        }
        staying.retain(|_, n| *n > 0);
        for (&handle, n) in &staying {
            *parts.entry((self.label(handle), handle)).or_default() += n;
        }
        let names = self.names(&parts);
        let name = |label: u32| names[&label];
        let mut addresses: Vec<(u32, u32)> = Vec::new();
        for (label, handle, address) in claims {
            if name(label) != handle {
                addresses.push((address, name(label)));
            }
        }
        for &handle in staying.keys() {
            let to = name(self.label(handle));
            if to != handle {
                let members = self.of_handle(handle).into_iter();
                let stays = |address: &u32| changed.binary_search(address).is_err();
                addresses.extend(members.filter(stays).map(|address| (address, to)));
            }
        }
        Moves { addresses, names: names.into_iter().collect() }
    }

    /// A handle for every label: the largest part first.
    fn names(&mut self, parts: &BTreeMap<(u32, u32), u32>) -> BTreeMap<u32, u32> {
        let mut order: Vec<_> = parts.iter().map(|(pair, n)| (Reverse(*n), *pair)).collect();
        order.sort_unstable();
        let (mut names, mut used) = (BTreeMap::new(), BTreeSet::new());
        for &(_, (label, handle)) in &order {
            if !names.contains_key(&label) && used.insert(handle) {
                names.insert(label, handle);
            }
        }
        for &(_, (label, _)) in &order {
            names.entry(label).or_insert_with(|| self.new_handle(label));
        }
        names
    }

    fn new_handle(&mut self, label: u32) -> u32 {
        if let Some(handle) = self.free.pop() {
            self.label[handle as usize] = label;
            return handle;
        }
        self.label.push(label);
        self.size.push(0);
        self.anyone.push(NONE);
        u32::try_from(self.label.len() - 1).expect("no more clusters than addresses")
    }

    fn ring_in(&mut self, address: u32, handle: u32) {
        self.size[handle as usize] += 1;
        let after = self.anyone[handle as usize];
        if after == NONE {
            self.anyone[handle as usize] = address;
            return;
        }
        let before = std::mem::replace(&mut self.next[after as usize], address);
        self.back[before as usize] = address;
        (self.next[address as usize], self.back[address as usize]) = (before, after);
    }

    fn ring_out(&mut self, address: u32) {
        let handle = self.handle(address) as usize;
        let (next, back) = (self.next[address as usize], self.back[address as usize]);
        if self.anyone[handle] == address {
            self.anyone[handle] = if next == address { NONE } else { next };
        }
        (self.next[back as usize], self.back[next as usize]) = (next, back);
        (self.next[address as usize], self.back[address as usize]) = (address, address);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        16 * self.handle.capacity() + 12 * self.label.capacity()
    }
}
