//! Which of many headers are the chain: connects blocks found in any order, gives them heights, picks the branch of
//! most work, and compares it with what the ledger holds.
//!
//! In: one [`Entry`] a block, in the order found. Out: a [`Selection`], the blocks to hand over in order of height,
//! and the height to unwind to first, if any. Source: Bitcoin Core's rule of most cumulative work; of equal branches
//! the ledger keeps its own, as a node keeps the first it saw. Departs from it: an index without the genesis block
//! (a pruned node, a folder of some blocks) is a set of fragments, and work is compared within a fragment only.
//! Cost: O(n log n); about 110 bytes a block (96 of entry, 4 of index, and 12 while selecting), so 100 MB for a
//! million. Checked against a quadratic oracle over random trees (`tests`).

use ledger::{BlockHash, Height};

use super::error::{Place, SourceError, SourceFault};
use super::network::Network;
use crate::source::{Held, HeldBlock, Options, Plan, Tip};

/// A block found, without its transactions.
#[derive(Clone, Debug)]
pub(crate) struct Entry<L> {
    pub(crate) hash: BlockHash,
    pub(crate) previous_hash: BlockHash,
    pub(crate) bits: u32,
    /// Where the source itself names it, else unknown until connected.
    pub(crate) height: Option<Height>,
    pub(crate) location: L,
}

/// What connecting needs to know about the places that entries came from.
pub(crate) trait Locations<L> {
    /// For messages.
    fn place(&self, location: &L) -> Place;
    /// The height that the block's coinbase claims (BIP 34), if it is in the form.
    fn claimed_height(&self, location: &L) -> Result<Option<u64>, SourceError>;
    /// Whether two blocks with one header have the same bytes.
    fn same(&self, a: &L, b: &L) -> Result<bool, SourceError>;
}

/// What to hand over.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) unwind_to: Option<Height>,
    /// Height, entry, and whether the ledger is past it.
    pub(crate) items: Vec<(Height, u32, bool)>,
    pub(crate) n_already_held: u64,
    pub(crate) n_stale: u64,
    /// Why there is no more after these items: blocks are missing. The good ones come first.
    pub(crate) broken: Option<SourceError>,
}

impl Selection {
    /// The numbers of it.
    pub(crate) fn plan(&self) -> Plan {
        let new = || self.items.iter().filter(|(_, _, already_held)| !already_held);
        Plan {
            n_blocks: new().count() as u64,
            heights: new().next().zip(new().next_back()).map(|(first, last)| (first.0, last.0)),
            unwind_to: self.unwind_to,
            n_already_held: self.n_already_held,
            n_stale: self.n_stale,
            ..Plan::default()
        }
    }
}

/// All blocks found, connected.
pub(crate) struct ChainIndex<L> {
    pub(crate) entries: Vec<Entry<L>>,
    parents: Vec<u32>,
    pub(crate) n_duplicates: u64,
}

const NONE: u32 = u32::MAX;

impl<L> ChainIndex<L> {
    /// Connects entries by hash.
    ///
    /// # Errors
    /// If one header is there with two contents.
    pub(crate) fn new(
        mut entries: Vec<Entry<L>>,
        locations: &impl Locations<L>,
    ) -> Result<Self, SourceError> {
        assert!(entries.len() < NONE as usize, "a chain has under four billion blocks");
        let n_found = entries.len();
        // Sorting by hash serves the look-ups and brings copies together; it is stable, so the first found stays.
        entries.sort_by_key(|entry| entry.hash);
        for pair in entries.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            if first.hash == second.hash && !locations.same(&first.location, &second.location)? {
                let fault = SourceFault::Twice {
                    hash: first.hash,
                    other: locations.place(&first.location),
                };
                return Err(SourceError::new(locations.place(&second.location), fault));
            }
        }
        entries.dedup_by(|later, first| later.hash == first.hash);
        let parents = entries
            .iter()
            .map(|entry| find(&entries, &entry.previous_hash).unwrap_or(NONE))
            .collect();
        let n_duplicates = (n_found - entries.len()) as u64;
        Ok(Self { entries, parents, n_duplicates })
    }

    /// Picks the chain.
    ///
    /// # Errors
    /// If a height cannot be known, blocks are missing, or the branch does not connect.
    pub(crate) fn select(
        &mut self,
        held: &Held,
        options: &Options,
        locations: &impl Locations<L>,
    ) -> Result<Selection, SourceError> {
        let order = self.parents_first();
        self.assign_heights(&order, held, options, locations)?;
        let mut fragments = self.best_branches(&order, held);
        let n_on_branches: usize = fragments.iter().map(|fragment| fragment.path.len()).sum();
        let mut selection = Selection {
            n_stale: (self.entries.len() - n_on_branches) as u64,
            ..Selection::default()
        };
        drop_overlapped(&mut fragments, &mut selection);
        let mut new = Vec::new();
        let mut tip = held.tip();
        let reach = Reach { held, options, locations };
        for fragment in fragments {
            let placed = self.place_fragment(&fragment, &reach, &mut tip, &mut selection, &mut new);
            if let Err(error) = placed {
                selection.broken = Some(error);
                break;
            }
        }
        selection.items.append(&mut new);
        Ok(selection)
    }

    /// Entries so that each comes after its parent.
    fn parents_first(&self) -> Vec<u32> {
        let n = self.entries.len();
        let mut order = Vec::with_capacity(n);
        let mut placed = vec![false; n];
        let mut waiting = Vec::new();
        for start in 0..n {
            let mut at = start;
            while !placed[at] {
                placed[at] = true;
                waiting.push(index_u32(at));
                match self.parents[at] {
                    NONE => break,
                    parent => at = parent as usize,
                }
            }
            order.extend(waiting.drain(..).rev());
        }
        order
    }

    fn assign_heights(
        &mut self,
        order: &[u32],
        held: &Held,
        options: &Options,
        locations: &impl Locations<L>,
    ) -> Result<(), SourceError> {
        let held_heights = self.held_heights(order, held);
        let mut n_by_option = 0;
        for (position, &index) in order.iter().enumerate() {
            let index = index as usize;
            if self.entries[index].height.is_some() {
                continue;
            }
            let parent = self.parents[index];
            let height = if parent == NONE {
                let known = match self.root_height(index, options.network, &held_heights) {
                    Some(height) => Some(height),
                    None => self.claimed(index, &order[position..], options, locations)?,
                };
                match (known, options.first_height) {
                    (Some(height), _) => height,
                    (None, Some(height)) if n_by_option == 0 => {
                        n_by_option += 1;
                        height
                    }
                    (None, _) => {
                        let entry = &self.entries[index];
                        let fault = SourceFault::HeightUnknown { hash: entry.hash };
                        return Err(SourceError::new(locations.place(&entry.location), fault));
                    }
                }
            } else {
                let below = self.entries[parent as usize].height.expect("parents come first");
                Height::new(below.get() + 1)
            };
            self.entries[index].height = Some(height);
        }
        Ok(())
    }

    /// Heights of roots and their parents in the ledger, found in one walk down the ledger, and only if some root
    /// needs it.
    fn held_heights(&self, order: &[u32], held: &Held) -> Vec<(BlockHash, Height)> {
        let mut wanted: Vec<BlockHash> = order
            .iter()
            .map(|&index| index as usize)
            .filter(|&index| self.parents[index] == NONE && self.entries[index].height.is_none())
            .flat_map(|index| [self.entries[index].hash, self.entries[index].previous_hash])
            .collect();
        wanted.sort_unstable();
        let Some((first, last)) = held.range().filter(|_| !wanted.is_empty()) else {
            return Vec::new();
        };
        let mut found: Vec<(BlockHash, Height)> = (first.get()..=last.get())
            .rev()
            .filter_map(|height| Some((held.block(Height::new(height))?.hash, Height::new(height))))
            .filter(|(hash, _)| wanted.binary_search(hash).is_ok())
            .collect();
        found.sort_unstable();
        found
    }

    fn root_height(
        &self,
        index: usize,
        network: Network,
        held: &[(BlockHash, Height)],
    ) -> Option<Height> {
        let entry = &self.entries[index];
        if entry.hash == network.genesis_hash() {
            return Some(Height::new(0));
        }
        let find = |hash: &BlockHash| {
            held.binary_search_by(|(other, _)| other.cmp(hash)).ok().map(|at| held[at].1)
        };
        find(&entry.hash)
            .or_else(|| find(&entry.previous_hash).map(|below| Height::new(below.get() + 1)))
    }

    /// The height that the coinbase claims, where the claim can be believed: every block must make it from some height
    /// on; before that some coinbases begin with bytes that only look like a height, so two blocks must agree.
    fn claimed(
        &self,
        root: usize,
        after: &[u32],
        options: &Options,
        locations: &impl Locations<L>,
    ) -> Result<Option<Height>, SourceError> {
        let as_height = |claim: u64| u32::try_from(claim).ok();
        let claim = locations.claimed_height(&self.entries[root].location)?.and_then(as_height);
        let Some(claim) = claim else { return Ok(None) };
        if claim >= options.network.coinbase_height_from() {
            return Ok(Some(Height::new(claim)));
        }
        let child = after
            .iter()
            .find(|&&index| self.parents[index as usize] as usize == root)
            .map(|&index| &self.entries[index as usize]);
        let Some(child) = child else { return Ok(None) };
        let next = locations.claimed_height(&child.location)?.and_then(as_height);
        Ok((next == Some(claim + 1)).then_some(Height::new(claim)))
    }
}

fn find<L>(entries: &[Entry<L>], hash: &BlockHash) -> Option<u32> {
    entries.binary_search_by(|entry| entry.hash.cmp(hash)).ok().map(index_u32)
}

fn index_u32(index: usize) -> u32 {
    u32::try_from(index).expect("ChainIndex::new refuses more")
}

/// The work that a target stands for; saturates far beyond what any network has done.
pub(crate) fn work(bits: u32) -> u128 {
    let target = bitcoin::Target::from_compact(bitcoin::CompactTarget::from_consensus(bits));
    if target == bitcoin::Target::ZERO {
        return 0;
    }
    let bytes = target.to_work().to_be_bytes();
    let (high, low) = bytes.split_at(16);
    match high.iter().all(|byte| *byte == 0) {
        true => u128::from_be_bytes(low.try_into().expect("half of 32 bytes")),
        false => u128::MAX,
    }
}

/// The best branch of one connected set of blocks, from its root up.
struct Fragment {
    start: Height,
    work: u128,
    path: Vec<u32>,
}

impl Fragment {
    fn end(&self) -> Height {
        Height::new(self.start.get() + index_u32(self.path.len() - 1))
    }
}

/// What does not change while fragments are placed.
struct Reach<'a, P> {
    held: &'a Held,
    options: &'a Options,
    locations: &'a P,
}

impl<L> ChainIndex<L> {
    fn entry(&self, index: u32) -> &Entry<L> {
        &self.entries[index as usize]
    }

    fn height(&self, index: u32) -> Height {
        self.entry(index).height.expect("assign_heights gave every entry one")
    }

    fn best_branches(&self, order: &[u32], held: &Held) -> Vec<Fragment> {
        let n = self.entries.len();
        let mut root = vec![NONE; n];
        let mut total = vec![0_u128; n];
        let mut best = vec![NONE; n]; // by root
        for &index in order {
            let at = index as usize;
            let parent = self.parents[at];
            let (own_root, below) = match parent {
                NONE => (index, 0),
                parent => (root[parent as usize], total[parent as usize]),
            };
            root[at] = own_root;
            total[at] = below.saturating_add(work(self.entries[at].bits));
            let other = best[own_root as usize];
            let better = other == NONE
                || total[at] > total[other as usize]
                || (total[at] == total[other as usize]
                    && self.is_held_above_fork(index, other, held));
            if better {
                best[own_root as usize] = index;
            }
        }
        let mut fragments: Vec<Fragment> = (0..n)
            .filter(|&at| best[at] != NONE)
            .map(|at| self.fragment(best[at], total[best[at] as usize]))
            .collect();
        fragments.sort_by_key(|fragment| fragment.start);
        fragments
    }

    fn fragment(&self, tip: u32, work: u128) -> Fragment {
        let mut path = vec![tip];
        let mut at = tip;
        while self.parents[at as usize] != NONE {
            at = self.parents[at as usize];
            path.push(at);
        }
        path.reverse();
        Fragment { start: self.height(at), work, path }
    }

    fn place_fragment<P: Locations<L>>(
        &self,
        fragment: &Fragment,
        reach: &Reach<'_, P>,
        tip: &mut Option<Tip>,
        selection: &mut Selection,
        new: &mut Vec<(Height, u32, bool)>,
    ) -> Result<(), SourceError> {
        let (n_known, relation) = self.relate(fragment, reach)?;
        let n_known = match relation {
            Relation::Before | Relation::Less => fragment.path.len(),
            Relation::Follows | Relation::More(_) => n_known,
        };
        let known = &fragment.path[..n_known];
        match relation {
            Relation::Less => {
                let above = |&&index: &&u32| !self.is_held(index, reach.held);
                selection.n_stale += known.iter().filter(above).count() as u64;
            }
            Relation::More(fork) => {
                selection.unwind_to = Some(fork);
                *tip = reach.held.block(fork).map(|block| Tip { height: fork, hash: block.hash });
            }
            Relation::Before | Relation::Follows => {}
        }
        let known = known.iter().filter(|&&index| {
            !matches!(relation, Relation::Less) || self.is_held(index, reach.held)
        });
        for &index in known {
            selection.n_already_held += 1;
            if reach.options.resolve {
                selection.items.push((self.height(index), index, true));
            }
        }
        let Some(&next) = fragment.path.get(n_known) else { return Ok(()) };
        if let Some(tip) = tip {
            self.check_follows(next, *tip, reach)?;
        }
        new.extend(
            fragment.path[n_known..].iter().map(|&index| (self.height(index), index, false)),
        );
        let hash = self.entry(*fragment.path.last().expect("no fragment is empty")).hash;
        *tip = Some(Tip { height: fragment.end(), hash });
        Ok(())
    }

    fn check_follows<P: Locations<L>>(
        &self,
        next: u32,
        tip: Tip,
        reach: &Reach<'_, P>,
    ) -> Result<(), SourceError> {
        let height = self.height(next);
        let entry = self.entry(next);
        let place = || reach.locations.place(&entry.location);
        if height.get() != tip.height.get() + 1 {
            if reach.options.allow_gaps {
                return Ok(());
            }
            let fault = SourceFault::Gap { before: tip.height, next: height };
            return Err(SourceError::new(place(), fault));
        }
        if entry.previous_hash != tip.hash {
            let fault = SourceFault::Detached { hash: entry.hash, height };
            return Err(SourceError::new(place(), fault));
        }
        Ok(())
    }

    /// Of two branches, whether the ledger is on that of `index`.
    fn is_held_above_fork(&self, mut index: u32, mut other: u32, held: &Held) -> bool {
        loop {
            // The higher of the two steps down, so that both meet at the fork.
            let steps_down = self.height(index) >= self.height(other);
            let lower = if steps_down { index } else { other };
            let parent = self.parents[lower as usize];
            let meets = if steps_down { parent == other } else { parent == index };
            let siblings = self.parents[index as usize] == self.parents[other as usize];
            if siblings || meets || parent == NONE {
                return self.is_held(index, held);
            }
            *(if steps_down { &mut index } else { &mut other }) = parent;
        }
    }

    fn is_held(&self, index: u32, held: &Held) -> bool {
        held.block(self.height(index)).is_some_and(|block| block.hash == self.entry(index).hash)
    }
}

/// How a fragment stands to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// What is not known follows the ledger's tip, at once or after a gap.
    Follows,
    /// All of it lies where the ledger has nothing but is past.
    Before,
    /// It leaves the ledger's chain at this height and has more work from there.
    More(Height),
    /// It leaves the ledger's chain and has no more work.
    Less,
}

impl<L> ChainIndex<L> {
    /// How many blocks of the fragment the ledger holds, and what the rest are.
    fn relate<P: Locations<L>>(
        &self,
        fragment: &Fragment,
        reach: &Reach<'_, P>,
    ) -> Result<(usize, Relation), SourceError> {
        let held = reach.held;
        let Some(tip) = held.tip() else { return Ok((0, Relation::Follows)) };
        let path = &fragment.path;
        let n_known =
            path.iter().rposition(|&index| self.is_held(index, held)).map_or(0, |at| at + 1);
        let root = self.entry(path[0]);
        let below_root = fragment.start.get().checked_sub(1).map(Height::new);
        let connects = n_known > 0
            || below_root
                .and_then(|below| held.block(below))
                .is_some_and(|block| block.hash == root.previous_hash);
        if !connects {
            let overlaps = (fragment.start.get()..=fragment.end().get().min(tip.height.get()))
                .any(|height| held.block(Height::new(height)).is_some());
            if overlaps || below_root == Some(tip.height) {
                let fault = SourceFault::Detached { hash: root.hash, height: fragment.start };
                return Err(SourceError::new(reach.locations.place(&root.location), fault));
            }
            let before = fragment.start < tip.height;
            return Ok((0, if before { Relation::Before } else { Relation::Follows }));
        }
        // Where both still agree; a root that connects is not at height 0 unless it is held itself.
        let fork = Height::new((fragment.start.get() + index_u32(n_known)).saturating_sub(1));
        if n_known == path.len() || fork == tip.height {
            return Ok((n_known, Relation::Follows));
        }
        let above =
            (fork.get() + 1..=tip.height.get()).map(|height| held.block(Height::new(height)));
        let held_above: Vec<HeldBlock> = above.map_while(|block| block).collect();
        if held_above.is_empty() {
            return Ok((n_known, Relation::Before)); // the ledger has a gap here, and is past it
        }
        let ours = sum(held_above.iter().map(|block| block.bits));
        let theirs = sum(path[n_known..].iter().map(|&index| self.entry(index).bits));
        let relation = if theirs > ours { Relation::More(fork) } else { Relation::Less };
        Ok((n_known, relation))
    }
}

fn sum(bits: impl Iterator<Item = u32>) -> u128 {
    bits.fold(0, |sum: u128, bits| sum.saturating_add(work(bits)))
}

/// Of fragments that claim the same heights, the one of more work stays: the other is a stale branch whose
/// beginning is missing.
fn drop_overlapped(fragments: &mut Vec<Fragment>, selection: &mut Selection) {
    let mut kept: Vec<Fragment> = Vec::with_capacity(fragments.len());
    for fragment in fragments.drain(..) {
        match kept.last_mut().filter(|last| fragment.start <= last.end()) {
            Some(last) if fragment.work > last.work => {
                selection.n_stale += last.path.len() as u64;
                *last = fragment;
            }
            Some(_) => selection.n_stale += fragment.path.len() as u64,
            None => kept.push(fragment),
        }
    }
    *fragments = kept;
}

#[cfg(test)]
mod tests;
