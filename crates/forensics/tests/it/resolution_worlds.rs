//! Entity resolution on simulated worlds, against true owners, and on real blocks.
//!
//! The figures of `docs/methods/entity-resolution.md` are what `-- resolution_worlds --nocapture` prints.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use forensics::resolution::{
    Activity, CandidateLimits, Candidates, ENTITY_CONFLICT_LOG_ODDS, EVIDENCE_MAX, FitOptions,
    Profiles, ResolutionError, ResolutionModel, SuggestOptions, Suggestion, fit, known_targets,
    later_labels, revealed_share, revealed_targets, suggest, withhold,
};
use forensics::{Clusters, links};
use ingest::bitcoin::{Network, decode};
use learn::{Reliability, proportion_bounds};
use ledger::{ClusterId, DecodedBlock, Height, LedgerBatch, Link};
use simulate::random::number;
use simulate::{World, WorldSpec};
use tracehound_forensics as forensics;

use crate::worlds::n_addresses;

/// A world as rows, with the true owner of every address.
struct Known {
    batch: LedgerBatch,
    owners: Vec<u32>,
    n_owners: usize,
    /// Links that show change: of seven transactions in ten with one owner and one change output.
    change: Vec<Link>,
}

fn known(spec: WorldSpec) -> Known {
    let world = World::new(spec).unwrap();
    let mut raw = world.blocks();
    let decoded: Vec<DecodedBlock> = (0..)
        .zip(raw.by_ref())
        .map(|(height, bytes)| {
            decode::block(&bytes, Height::new(height), Network::Regtest).unwrap()
        })
        .collect();
    let truth = raw.into_truth();
    let numbered = number(&decoded);
    let owner = |address| truth.ownership.owner_of(address).unwrap().get();
    let change = |view: ledger::TransactionView<'_>| {
        let told = truth.transactions.of(&view.row.id)?;
        let [output] = told.change[..] else { return None };
        let is_shown = !told.kind.is_collaborative() && view.row.index.get() % 10 < 7;
        let a = view.inputs.iter().filter_map(|input| input.spent?.address).min()?;
        let b = view.outputs[output as usize].address.filter(|_| is_shown)?;
        let (tx, height) = (view.row.index, view.row.height);
        Some(Link {
            tx,
            height,
            a: a.min(b),
            b: a.max(b),
            heuristic: 4,
            confidence: 1.0,
            source: 0,
        })
    };
    let change = numbered.batch.views().filter_map(change).collect();
    let owners = numbered.addresses.iter().map(owner).collect();
    Known { batch: numbered.batch, owners, n_owners: truth.ownership.owners.len(), change }
}

fn recorded(batch: &LedgerBatch) -> Activity {
    let mut activity = Activity::default();
    activity.apply(batch);
    activity
}

fn labels(world: &Known) -> Vec<u32> {
    let mut clusters = Clusters::default();
    // All rules together: clusters are a fold in order of height.
    let all = [links(&world.batch), world.change.clone()].concat();
    clusters.apply(&all, n_addresses(&world.batch, u64::MAX));
    clusters.labels()
}

/// Fits on a world of which every third owner carries tags.
fn fitted(world: &Known) -> Result<ResolutionModel, ResolutionError> {
    let activity = recorded(&world.batch);
    let labels = labels(world);
    let profiles = Profiles::new(&activity, &labels)?;
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    println!(
        "{} clusters that spent, {} candidates, skipped {:?}",
        profiles.all().len(),
        candidates.pairs.len(),
        candidates.skipped,
    );
    let clusters = profiles.all().iter().map(|profile| profile.cluster);
    let tags = clusters.map(|cluster| (cluster, world.owners[cluster.index()]));
    let tags: Vec<(ClusterId, u32)> = tags.filter(|(_, owner)| owner.is_multiple_of(3)).collect();
    let known = known_targets(&profiles, &candidates, &tags);
    let model = fit(&profiles, &candidates, &known, &[], &FitOptions::default())?;
    let again = fit(&profiles, &candidates, &known, &[], &FitOptions::default())?;
    assert_eq!(again.to_text(), model.to_text());
    Ok(model)
}

struct Judged {
    suggestions: Vec<Suggestion>,
    is_right: Vec<bool>,
    /// Pairs of clusters of one owner that both spent.
    n_same_pairs: u64,
}

/// Every candidate of a world with its probability, against the true owners.
fn judged(world: &Known, model: &ResolutionModel) -> Judged {
    let activity = recorded(&world.batch);
    let labels = labels(world);
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    let all = SuggestOptions { probability_min: 0.0 };
    let suggestions = suggest(&profiles, &candidates, model, &[], &all).unwrap();
    let owner = |cluster: ClusterId| world.owners[cluster.index()];
    let is_right = suggestions.iter().map(|pair| owner(pair.a) == owner(pair.b)).collect();
    let mut owners: Vec<u32> = profiles.all().iter().map(|p| owner(p.cluster)).collect();
    owners.sort_unstable();
    let own = owners.chunk_by(|one, next| one == next);
    let n_same_pairs = own.map(|own| (own.len() * (own.len() - 1) / 2) as u64).sum();
    Judged { suggestions, is_right, n_same_pairs }
}

impl Judged {
    fn reliability(&self) -> Reliability {
        let probabilities: Vec<f64> =
            self.suggestions.iter().map(|pair| pair.probability).collect();
        Reliability::of(&probabilities, &self.is_right, 10)
    }

    /// Suggested from `least` on, right ones among them, same-owner candidates.
    fn from(&self, least: f64) -> (u64, u64, u64) {
        let suggested = self.suggestions.iter().filter(|pair| pair.probability >= least).count();
        let right = self.is_right[..suggested].iter().filter(|right| **right).count();
        let same = self.is_right.iter().filter(|right| **right).count();
        (suggested as u64, right as u64, same as u64)
    }

    fn print(&self, name: &str) {
        let table = self.reliability();
        println!(
            "{name}: {} candidates, ECE {:.4}",
            self.is_right.len(),
            table.expected_calibration_error()
        );
        for bin in &table.bins {
            println!(
                "  {:.1}..{:.1} {:>7} {:.3} {:.3}",
                bin.lower, bin.upper, bin.count, bin.mean_predicted, bin.observed_share
            );
        }
        for least in [0.5, 0.7, 0.9, 0.95, 0.99] {
            let (suggested, right, same) = self.from(least);
            let bounds = proportion_bounds(right, suggested.max(1), 0.95);
            println!(
                "  from {least:.2}: {suggested:>6} suggested, {:.3} right ({:.3} to {:.3}), {:.3} of {same} candidates, {:.3} of {} pairs",
                right as f64 / suggested.max(1) as f64,
                bounds.0,
                bounds.1,
                right as f64 / same.max(1) as f64,
                right as f64 / self.n_same_pairs.max(1) as f64,
                self.n_same_pairs,
            );
        }
    }
}

fn print_model(model: &ResolutionModel) {
    let figures = &model.figures;
    println!(
        "fit {:?}, calibrate {:?}, test {:?}, left out {}; AUC {:.4}, ECE {:.4}, shown {:.3}, prior {:.2}",
        figures.n_train,
        figures.n_calibrate,
        figures.n_test,
        figures.n_left_out,
        figures.auc,
        figures.expected_calibration_error,
        model.origin.shown,
        model.prior,
    );
    for row in &figures.reliability {
        println!("  {:>6} {:>9.0} {:.3} {:.3}", row.count, row.weight, row.predicted, row.observed);
    }
    let weights = model.weights.iter().map(|rule| format!("{} {:+.2}", rule.name, rule.weight));
    println!("  {}", weights.collect::<Vec<_>>().join(", "));
}

/// Candidates that are left once most change is recognized: few pairs are one owner's.
#[test]
fn suggestions_beside_change_links() {
    let [told, other] = [1, 2].map(|seed| known(WorldSpec::ownership(seed)));
    let (_, judged) = measured(&told, &other);
    // What the page promises, with room for another draw.
    assert!(judged.reliability().expected_calibration_error() <= 0.02);
    let (suggested, right, same) = judged.from(0.9);
    assert!(right * 100 >= suggested * 97, "{right} of {suggested}");
    assert!(right * 10 >= same * 8, "{right} of {same}");
}

/// Candidates while no change is recognized: many pairs are one owner's, and their change gives them away.
#[test]
fn suggestions_without_change_links() {
    let [told, other] =
        [1, 2].map(|seed| Known { change: Vec::new(), ..known(WorldSpec::ownership(seed)) });
    let (model, judged) = measured(&told, &other);
    assert!(judged.reliability().expected_calibration_error() <= 0.02);
    check_model(&model);
    check_suggestions(&told, &model, &judged);
}

/// Fits on one world and judges another.
fn measured(told: &Known, other: &Known) -> (ResolutionModel, Judged) {
    println!("{} transactions, {} owners", told.batch.transactions.len(), told.n_owners);
    let model = fitted(told).unwrap();
    print_model(&model);
    let judged = judged(other, &model);
    judged.print("another world");
    (model, judged)
}

/// The text is the model, byte for byte; what is no model is refused.
fn check_model(model: &ResolutionModel) {
    let text = model.to_text();
    let read = ResolutionModel::from_text(&text).unwrap();
    assert_eq!(&read, model);
    assert_eq!((read.to_text(), read.version()), (text.clone(), model.version()));
    for (from, to) in [
        ("format = 1", "format = 2"),
        ("name = \"hour\"", "name = \"zodiac\""),
        ("prior = ", "prior = nan #"),
        ("shown = 1.0", "shown = 0.0"),
        ("order = [", "order = [-1.0, "),
        ("seed = 0", "seed = 0\nluck = 7"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = ResolutionModel::from_text(&text.replacen(from, to, 1)).unwrap_err();
        assert!(matches!(error, ResolutionError::Model { .. }), "{error}");
        assert!(error.hint().is_some());
    }
}

/// Contributions add up to the last bit, the likeliest come first, and what tags contradict is pushed below every bound.
fn check_suggestions(world: &Known, model: &ResolutionModel, judged: &Judged) {
    for pair in &judged.suggestions {
        let sum: f64 = pair.contributions.iter().map(|part| part.1).sum();
        assert_eq!(sum.to_bits(), pair.log_odds.to_bits());
        assert!(
            pair.a < pair.b && !pair.evidence.is_empty() && pair.evidence.len() <= EVIDENCE_MAX
        );
        let row = pair.row(Height::new(9), 3);
        assert_eq!((row.a, row.b, row.source, row.log_odds), (pair.a, pair.b, 3, pair.log_odds));
    }
    assert!(judged.suggestions.is_sorted_by(|one, next| one.log_odds >= next.log_odds));

    let activity = recorded(&world.batch);
    let labels = labels(world);
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    let likely = SuggestOptions { probability_min: 0.5 };
    let before = suggest(&profiles, &candidates, model, &[], &likely).unwrap();
    let (a, b) = (before[0].a, before[0].b);
    let conflict = [(a, 1), (b, 2)];
    let after =
        suggest(&profiles, &candidates, model, &conflict, &SuggestOptions { probability_min: 0.0 })
            .unwrap();
    let pair = after.iter().find(|pair| (pair.a, pair.b) == (a, b)).unwrap();
    assert_eq!(pair.contributions.last(), Some(&("entities", ENTITY_CONFLICT_LOG_ODDS)));
    assert!((before[0].log_odds - pair.log_odds + ENTITY_CONFLICT_LOG_ODDS).abs() < 1e-9);
    let agreed = suggest(&profiles, &candidates, model, &[(a, 1), (b, 1)], &likely).unwrap();
    assert_eq!(agreed, before);
}

/// Too little truth gives no model, and says what is missing.
#[test]
fn too_little_truth_is_not_fitted() {
    let world = known(WorldSpec::small(3));
    let activity = recorded(&world.batch);
    let labels = labels(&world);
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    let later = later_labels(&labels, &[], n_addresses(&world.batch, u64::MAX));
    let revealed = revealed_targets(&profiles, &candidates, &later, 1.0);
    assert!(revealed.iter().all(|target| !target.same));
    let error = fit(&profiles, &candidates, &[], &revealed, &FitOptions::default()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("revealed pairs") && message.contains("0 pairs with one owner"),
        "{message}"
    );
    assert!(error.hint().is_some());
    let seed = FitOptions { seed: u64::MAX, ..FitOptions::default() };
    assert!(fit(&profiles, &candidates, &[], &revealed, &seed).is_err());
}

/// Withheld links come back as truth: what they join is shown, and nothing else.
#[test]
fn withheld_links_are_the_truth() {
    let world = known(WorldSpec::small(4));
    let all = links(&world.batch);
    let (kept, withheld) = withhold(&all, 5, 0.4);
    assert_eq!(kept.len() + withheld.len(), all.len());
    assert!(kept.iter().all(|link| withheld.iter().all(|other| other.tx != link.tx)));
    let n_addresses = n_addresses(&world.batch, u64::MAX);
    let of = |links: &[Link]| {
        let mut clusters = Clusters::default();
        clusters.apply(links, n_addresses);
        clusters.labels()
    };
    let (early, late) = (of(&kept), of(&all));
    assert_eq!(later_labels(&early, &withheld, n_addresses), late);
    let activity = recorded(&world.batch);
    let profiles = Profiles::new(&activity, &early).unwrap();
    assert!(profiles.n_split() > 0);
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    let targets = revealed_targets(&profiles, &candidates, &late, 0.5);
    for (target, pair) in targets.iter().zip(&candidates.pairs) {
        let [a, b] = [pair.a, pair.b].map(|at| profiles.all()[at as usize].cluster);
        assert_eq!(target.same, late[a.index()] == late[b.index()]);
    }
    let entities: Vec<(ClusterId, u32)> =
        profiles.all().iter().map(|p| (p.cluster, world.owners[p.cluster.index()])).collect();
    let known = known_targets(&profiles, &candidates, &entities);
    assert_eq!(known.len(), candidates.pairs.len());
    assert!(known.iter().all(|target| target.weight == 1.0));
    let (n_shown, n_same) = revealed_share(&profiles, &candidates, &known, &late);
    assert!(n_shown <= n_same && n_same > 0);
}

#[test]
fn real_blocks() {
    #[expect(clippy::disallowed_methods, reason = "a test on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        data.map_or_else(|| PathBuf::from(default), PathBuf::from).join("bitcoin/run-560062");
    if !folder.is_dir() {
        println!("skipped: no blocks at {}", folder.display());
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "blk"));
    paths.sort();
    let decoded: Vec<DecodedBlock> = (0..)
        .zip(&paths)
        .map(|(at, path)| {
            #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
            let bytes = std::fs::read(path).unwrap();
            decode::block(&bytes, Height::new(560_062 + at), Network::Main).unwrap()
        })
        .collect();
    let batch = number(&decoded).batch;
    let activity = recorded(&batch);
    let all = links(&batch);
    let (kept, withheld) = withhold(&all, 1, 0.5);
    let n_addresses = n_addresses(&batch, u64::MAX);
    let mut clusters = Clusters::default();
    clusters.apply(&kept, n_addresses);
    let labels = clusters.labels();
    let later = later_labels(&labels, &withheld, n_addresses);
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    let revealed = revealed_targets(&profiles, &candidates, &later, 1.0);
    let n_same = revealed.iter().filter(|target| target.same).count();
    println!(
        "{} blocks, {} records, {} clusters, {} candidates ({:?}), {n_same} revealed",
        paths.len(),
        activity.n_spends(),
        profiles.all().len(),
        revealed.len(),
        candidates.skipped
    );
    match fit(
        &profiles,
        &candidates,
        &[],
        &revealed,
        &FitOptions { pairs_min: 10, ..FitOptions::default() },
    ) {
        Ok(model) => print_model(&model),
        Err(error) => println!("{error}"),
    }
}
