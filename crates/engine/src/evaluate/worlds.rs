//! Simulated worlds: every address has a known owner, every mix is known.

use std::collections::{BTreeMap, BTreeSet};

use forensics::change::{self, ChangeModel, ChangeState, Observed, TrainOptions, train_on};
use forensics::evaluation::{
    PartitionScore, RuleScore, UNKNOWN_OWNER, rule_scores, score, wrong_links,
};
use ingest::bitcoin::Network;
use ingest::bitcoin::decode;
use ingest::labelled::MemoryLedger;
use ledger::{Height, LedgerBatch, Link, Timestamp, TxId};
use simulate::{Truth, World, WorldSpec};

use super::methods::{Found, is_excluded, owners_of, spenders, spent};
use super::report::{
    CalibrationReport, ChangeReport, RuleReport, Scores, WorldReport, WorldsReport,
};
use super::suggestions::{Clustered, Suggestions};
use super::{EvaluateOptions, advance, begin};
use crate::{Error, Progress, Watch};

/// Sums over worlds.
#[derive(Default)]
struct Sums {
    spent: PartitionScore,
    all: PartitionScore,
    rules: Vec<RuleScore>,
    suggestions: Suggestions,
    /// Fitted to the truth of another world.
    model: Option<ChangeModel>,
    probabilities: Vec<f64>,
    came_true: Vec<bool>,
}

impl Sums {
    /// Notes what the model says of every output of one owner's transactions, and what is true.
    fn judge(&mut self, state: &ChangeState, batch: &LedgerBatch, truth: &Truth) {
        let Some(model) = &self.model else { return };
        for row in &batch.transactions {
            let Some(told) = truth.transactions.of(&row.id) else { continue };
            if told.kind.is_collaborative() {
                continue;
            }
            for judgement in state.judgements(row.index, model) {
                self.probabilities.push(judgement.probability);
                self.came_true.push(told.change.contains(&judgement.position));
            }
        }
    }
}

/// Heights by block time.
pub(super) fn heights(batch: &LedgerBatch) -> BTreeMap<Timestamp, u32> {
    batch.blocks.iter().map(|block| (block.time, block.height.get())).collect()
}

/// The price of a coin in money.
pub(super) fn price(
    heights: &BTreeMap<Timestamp, u32>,
    truth: &Truth,
    time: Timestamp,
) -> Option<f64> {
    let height = heights.range(..=time).next_back()?.1;
    Some(truth.prices.cents_at(*height)? as f64 / 100.0)
}

/// A model of change fitted to the truth of a world that is not among those measured. One world of this size reveals too
/// little by co-spending to show a threshold safe; a firm's chain does not. `None` where nothing can be fitted.
fn fitted(options: &EvaluateOptions) -> Result<Option<ChangeModel>, Error> {
    let seed = (0..).find(|seed| !options.seeds.contains(seed)).unwrap_or_default();
    fitted_to(spec(seed, options.transactions))
}

/// A model of change fitted to the truth of this world.
pub(super) fn fitted_to(spec: WorldSpec) -> Result<Option<ChangeModel>, Error> {
    let (ledger, truth) = made(spec)?;
    let heights = heights(ledger.batch());
    let price = |time| price(&heights, &truth, time);
    let mut observed = Observed::new(0, 1.0);
    ChangeState::default().observe(ledger.batch(), &price, &mut observed);
    let told = ledger.batch().transactions.iter().filter_map(|row| {
        let told = truth.transactions.of(&row.id)?;
        let change = match told.change {
            [] => None,
            [one] => Some(*one),
            _ => return None,
        };
        let payer = told.participants.first()?;
        let payer_cluster = payer.get();
        (!told.kind.is_collaborative()).then_some(change::Truth {
            tx: row.index,
            change,
            payer_cluster,
        })
    });
    let truths: Vec<change::Truth> = told.collect();
    Ok(train_on(&observed, &truths, &TrainOptions::default()).ok())
}

/// Measures a world a seed, and all of them together.
pub(super) fn measure(options: &EvaluateOptions, watch: &dyn Watch) -> Result<WorldsReport, Error> {
    begin(watch, "simulated worlds", options.seeds.len(), "worlds")?;
    let mut sums = Sums { model: fitted(options)?, ..Sums::default() };
    let mut worlds = Vec::new();
    for (at, seed) in options.seeds.iter().enumerate() {
        let (ledger, truth) = made(spec(*seed, options.transactions))?;
        worlds.push(one(*seed, &ledger, &truth, &mut sums, at as u64));
        advance(watch, at + 1)?;
    }
    watch.tell(Progress::End);
    Ok(WorldsReport {
        worlds,
        spent: Scores::from(&sums.spent),
        all: Scores::from(&sums.all),
        rules: sums.rules.iter().map(RuleReport::from).collect(),
        change: sums.model.as_ref().map(ChangeReport::of),
        change_calibration: CalibrationReport::of(
            "change, worlds that the model was not fitted on",
            &sums.probabilities,
            &sums.came_true,
        ),
        suggestions: sums.suggestions.report(),
    })
}

fn spec(seed: u64, transactions: u32) -> WorldSpec {
    WorldSpec::ownership(seed).scaled_to(transactions)
}

/// A world through the decoder of real blocks, and what is true of it.
pub(super) fn made(spec: WorldSpec) -> Result<(MemoryLedger, Truth), Error> {
    let world = World::new(spec)
        .map_err(|error| Error::Question { what: error.to_string(), hint: error.hint() })?;
    let mut ledger = MemoryLedger::default();
    let mut blocks = world.blocks();
    for (height, bytes) in (0u32..).zip(blocks.by_ref()) {
        let block = decode::block(&bytes, Height::new(height), Network::Regtest);
        ledger.append(&block.expect("the simulator makes good blocks, which its own tests check"));
    }
    Ok((ledger, blocks.into_truth()))
}

fn one(
    seed: u64,
    ledger: &MemoryLedger,
    truth: &Truth,
    sums: &mut Sums,
    n_before: u64,
) -> WorldReport {
    let owner = |address| truth.ownership.owner_of(address).map_or(UNKNOWN_OWNER, |id| id.get());
    let owners: Vec<u32> = ledger.addresses().iter().map(owner).collect();
    let (batch, n_addresses) = (ledger.batch(), ledger.n_addresses());
    let heights = heights(batch);
    let price = |time| price(&heights, truth, time);
    let mut state = ChangeState::default();
    let found = Found::with(sums.model.as_ref(), &mut state, batch, n_addresses, &price);
    sums.judge(&state, batch, truth);
    let is_spent = spent(batch, n_addresses);
    let labels = found.cluster(&found.links);
    let over_spent = score(&labels, &owners, |at| is_spent[at]);
    let over_all = score(&labels, &owners, |_| true);
    let rules = rule_scores(&found.links, &owners, |at| is_spent[at], |links| found.cluster(links));
    sums.spent = sums.spent.with(&over_spent);
    sums.all = sums.all.with(&over_all);
    add_rules(&mut sums.rules, rules, n_before);
    sums.suggestions.add(&Clustered { batch, owners: &owners, labels: &labels }, n_before == 0);
    let payjoins: BTreeSet<TxId> = truth.story.payjoins.iter().copied().collect();
    let tx_id = |link: &&Link| {
        batch.transactions[usize::try_from(link.tx.get()).expect("rows are in memory")].id
    };
    let signed = batch.views().filter(|view| owners_of(&spenders(view), &owners).len() > 1);
    let signed: Vec<bool> = signed.map(|view| is_excluded(&view)).collect();
    WorldReport {
        seed,
        payjoins: payjoins.len() as u64,
        transactions: batch.transactions.len() as u64,
        links: found.links.len() as u64,
        links_wrong: wrong_links(&found.links, &owners).count() as u64,
        links_wrong_payjoin: wrong_links(&found.links, &owners)
            .filter(|link| payjoins.contains(&tx_id(link)))
            .count() as u64,
        collaborative: signed.len() as u64,
        collaborative_excluded: signed.iter().filter(|excluded| **excluded).count() as u64,
        spent: Scores::from(&over_spent),
        all: Scores::from(&over_all),
    }
}

fn add_rules(sums: &mut Vec<RuleScore>, rules: Vec<RuleScore>, n_before: u64) {
    for rule in rules {
        match sums.iter_mut().find(|sum| sum.heuristic == rule.heuristic) {
            Some(sum) => sum.add(&rule, n_before),
            None => sums.push(rule),
        }
    }
    sums.sort_by_key(|sum| sum.heuristic);
}
