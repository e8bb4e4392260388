//! A running Bitcoin Core node as a source, followed at its tip, reorgs included.
//!
//! Each [`Source::next`] asks the node anew, so that the caller decides when: after [`Step::End`] it may wait and ask
//! again. The node decides which chain is best; still the ledger leaves its own only for more work. Every block is
//! checked like one from a file, and must follow the one before it.
//! Cost: two questions a block. Checked against a scripted node with reorgs (`tests/it/node.rs`).

use std::collections::BTreeMap;

use ledger::{BlockHash, DecodedBlock, Height};
use rayon::prelude::*;

use super::chain::work;
use super::decode::{self, Header};
use super::error::{SourceError, SourceFault};
use super::files::check_claim;
use super::network::Network;
use super::rpc::{ChainInfo, Client, NodeAccess, NodeBlock};
use crate::source::{BatchLimit, Delivered, Held, HeldBlock, Options, Plan, Source, Step, Tip};

/// How often one call starts over because the node's chain changed under it.
const ATTEMPTS_MAX: u32 = 5;
/// Most blocks fetched at once: more would only wait in memory for the last of them.
const BLOCKS_AT_ONCE_MAX: usize = 64;

/// Blocks of a node.
#[derive(Debug)]
pub struct NodeSource {
    client: Client,
    options: Options,
    plan: Plan,
    ledger: View,
    /// Heights still to be handed over again for [`Options::resolve`].
    again: std::ops::Range<u32>,
}

/// A node's JSON-RPC or REST interface.
///
/// # Errors
/// If the node cannot be reached, refuses, or is of another network.
pub fn core_rpc(
    access: &NodeAccess,
    held: &Held,
    options: &Options,
) -> Result<NodeSource, SourceError> {
    let client = Client::new(access);
    let info = client.chain_info()?;
    if info.network() != Some(options.network) {
        let fault = match info.network() {
            Some(found) => SourceFault::Network { found, wanted: options.network },
            None => {
                let why = format!("chain {:?} is not known", info.chain);
                SourceFault::Answer { method: "getblockchaininfo".to_owned(), why }
            }
        };
        return Err(SourceError::new(client.place(), fault));
    }
    let ledger = View { held: held.clone(), cut: None, after: BTreeMap::new() };
    let tip = ledger.tip();
    let first = options.first_height.map_or(0, Height::get).max(info.pruneheight.unwrap_or(0));
    let last_again = tip.filter(|_| options.resolve).map_or(0, |tip| tip.height.get() + 1);
    let mut plan = Plan {
        description: format!("Bitcoin Core node at {} (tip {})", client.url(), info.blocks),
        ..Plan::default()
    };
    let next = tip.map_or(first, |tip| tip.height.get() + 1);
    plan.n_blocks = u64::from((info.blocks + 1).saturating_sub(next));
    plan.heights = (plan.n_blocks > 0).then(|| (Height::new(next), Height::new(info.blocks)));
    if access.rest {
        plan.notes
            .push("REST tells no spent outputs: inputs are resolved from the ledger only".into());
    }
    let again = first..last_again.min(info.blocks + 1).max(first);
    Ok(NodeSource { client, options: options.clone(), plan, ledger, again })
}

/// What the ledger holds by now: what it held at first, cut where it was told to unwind, and what came since.
#[derive(Debug)]
struct View {
    held: Held,
    cut: Option<Height>,
    after: BTreeMap<Height, HeldBlock>,
}

impl View {
    fn block(&self, height: Height) -> Option<HeldBlock> {
        let cut = self.cut.is_some_and(|cut| height > cut);
        self.after
            .get(&height)
            .copied()
            .or_else(|| if cut { None } else { self.held.block(height) })
    }

    fn tip(&self) -> Option<Tip> {
        let last = match (self.after.last_key_value(), self.held.range()) {
            (Some((height, _)), _) => *height,
            (None, Some((_, last))) => self.cut.map_or(last, |cut| cut.min(last)),
            (None, None) => return None,
        };
        Some(Tip { height: last, hash: self.block(last)?.hash })
    }

    fn first(&self) -> Option<Height> {
        let first = self.after.first_key_value().map(|(height, _)| *height);
        self.held.range().map(|(first, _)| first).or(first)
    }

    fn unwind(&mut self, to: Height) {
        self.after.retain(|height, _| *height <= to);
        self.cut = Some(self.cut.map_or(to, |cut| cut.min(to)));
    }
}

/// What to do about the node's chain.
enum Course {
    From(u32),
    Unwind(Height),
    Nothing,
}

impl NodeSource {
    fn course(&self, info: &ChainInfo) -> Result<Course, SourceError> {
        let Some(tip) = self.ledger.tip() else {
            let first = self.options.first_height.map_or(0, Height::get);
            return Ok(Course::From(first.max(info.pruneheight.unwrap_or(0))));
        };
        if self.agrees(tip.height)? {
            return self.following(tip.height, info);
        }
        let fork = self.fork(tip.height.get().min(info.blocks))?;
        let ours = (fork.get() + 1..=tip.height.get())
            .filter_map(|height| self.ledger.block(Height::new(height)))
            .fold(0_u128, |sum, block| sum.saturating_add(work(block.bits)));
        let mut theirs: u128 = 0;
        for height in fork.get() + 1..=info.blocks {
            let Some(hash) = self.client.block_hash(height)? else { break };
            let header = self.client.header(&hash)?;
            header
                .check_work(self.options.network)
                .map_err(|error| SourceError::block(self.client.place(), error))?;
            theirs = theirs.saturating_add(work(header.bits));
            if theirs > ours {
                return Ok(Course::Unwind(fork));
            }
        }
        Ok(Course::Nothing)
    }

    fn following(&self, tip: Height, info: &ChainInfo) -> Result<Course, SourceError> {
        let next = tip.get() + 1;
        match info.pruneheight.filter(|pruned| next < *pruned && next <= info.blocks) {
            Some(pruned) if self.options.allow_gaps => Ok(Course::From(pruned)),
            Some(pruned) => {
                let fault = SourceFault::Gap { before: tip, next: Height::new(pruned) };
                Err(SourceError::new(self.client.place(), fault))
            }
            None => Ok(Course::From(next)),
        }
    }

    /// Whether node and ledger have the same block at a height.
    fn agrees(&self, height: Height) -> Result<bool, SourceError> {
        let Some(ours) = self.ledger.block(height) else { return Ok(false) };
        Ok(self.client.block_hash(height.get())? == Some(ours.hash))
    }

    /// The highest common block at or below `from`: down in doubling steps, since reorgs are short, then by halves.
    fn fork(&self, from: u32) -> Result<Height, SourceError> {
        let first = self.ledger.first().map_or(0, Height::get);
        let (mut differs, mut step) = (from + 1, 1);
        let mut agrees = loop {
            let at = differs.saturating_sub(step).max(first);
            if at < differs && self.agrees(Height::new(at))? {
                break at;
            }
            if at <= first {
                let hash = self.client.block_hash(first)?.unwrap_or_default();
                let fault = SourceFault::Detached { hash, height: Height::new(first) };
                return Err(SourceError::new(self.client.place(), fault));
            }
            (differs, step) = (at, step.saturating_mul(2));
        };
        while agrees + 1 < differs {
            let middle = agrees + (differs - agrees) / 2;
            match self.agrees(Height::new(middle))? {
                true => agrees = middle,
                false => differs = middle,
            }
        }
        Ok(Height::new(agrees))
    }

    /// Blocks from `height` on, until the limit, the node's tip, or a block that does not follow the one before.
    fn fetch(
        &self,
        height: u32,
        end: u32,
        mut previous: Option<BlockHash>,
        limit: BatchLimit,
    ) -> Result<Vec<(Height, NodeBlock)>, SourceError> {
        let mut blocks = Vec::new();
        let mut n_bytes = 0;
        for height in height..end {
            let full = blocks.len() >= limit.blocks_max.clamp(1, BLOCKS_AT_ONCE_MAX);
            if full || n_bytes > limit.bytes_max {
                break;
            }
            let Some(hash) = self.client.block_hash(height)? else { break };
            let block = self.client.block(&hash)?;
            let header = block.bytes.first_chunk().map(Header::read);
            let Some(header) = header.filter(|header| header.hash == hash) else {
                let fault = SourceFault::Answer {
                    method: "getblock".to_owned(),
                    why: format!("not block {hash}, which was asked for"),
                };
                return Err(SourceError::new(self.client.place(), fault));
            };
            if previous.is_some_and(|previous| previous != header.previous_hash) {
                break; // the node's chain has changed since the last question
            }
            previous = Some(hash);
            n_bytes += block.bytes.len() as u64;
            blocks.push((Height::new(height), block));
        }
        Ok(blocks)
    }

    fn deliver(
        &mut self,
        raw: &[(Height, NodeBlock)],
        already_held: bool,
    ) -> Result<Step, SourceError> {
        let (client, network) = (&self.client, self.options.network);
        let decoded: Vec<_> =
            raw.par_iter().map(|(height, block)| decode(client, network, *height, block)).collect();
        let mut blocks = Vec::with_capacity(decoded.len());
        for block in decoded {
            match block {
                Ok(block) => blocks.push(Delivered { block, already_held }),
                // The good ones before it go first; the next call meets it again.
                Err(error) if blocks.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        for Delivered { block, .. } in blocks.iter().filter(|_| !already_held) {
            let held = HeldBlock { hash: block.hash, bits: block.bits };
            self.ledger.after.insert(block.height, held);
        }
        Ok(Step::Blocks(blocks))
    }
}

fn decode(
    client: &Client,
    network: Network,
    height: Height,
    raw: &NodeBlock,
) -> Result<DecodedBlock, SourceError> {
    let mut block = decode::block(&raw.bytes, height, network)
        .map_err(|error| SourceError::block(client.place(), error))?;
    check_claim(&block, &raw.bytes, network)
        .map_err(|fault| SourceError::new(client.place(), fault))?;
    if raw.spent.len() == block.inputs.len() {
        block.has_spent_outputs = raw.spent.iter().all(Option::is_some);
        for (input, spent) in block.inputs.iter_mut().zip(&raw.spent) {
            input.spent = *spent;
        }
    }
    Ok(block)
}

impl Source for NodeSource {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn next(&mut self, limit: BatchLimit) -> Result<Step, SourceError> {
        if !self.again.is_empty() {
            let raw = self.fetch(self.again.start, self.again.end, None, limit)?;
            if !raw.is_empty() {
                let step = self.deliver(&raw, true)?;
                if let Step::Blocks(blocks) = &step {
                    self.again.start +=
                        u32::try_from(blocks.len()).expect("under BLOCKS_AT_ONCE_MAX");
                }
                return Ok(step);
            }
            self.again.start = self.again.end;
        }
        for _ in 0..ATTEMPTS_MAX {
            let info = self.client.chain_info()?;
            match self.course(&info)? {
                Course::Nothing => return Ok(Step::End),
                Course::Unwind(to) => {
                    self.ledger.unwind(to);
                    return Ok(Step::Unwind { to });
                }
                Course::From(height) if height > info.blocks => return Ok(Step::End),
                Course::From(height) => {
                    let tip = self.ledger.tip().filter(|tip| tip.height.get() + 1 == height);
                    let raw =
                        self.fetch(height, info.blocks + 1, tip.map(|tip| tip.hash), limit)?;
                    if !raw.is_empty() {
                        return self.deliver(&raw, false);
                    }
                }
            }
        }
        Ok(Step::End)
    }
}
