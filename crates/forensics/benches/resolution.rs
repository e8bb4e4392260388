//! What entity resolution costs on one core: records, profiles, candidates, fit, suggestions of a simulated world.
//!
//! `cargo bench -p tracehound-forensics --bench resolution`; the fastest of five runs.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use forensics::resolution::{
    Activity, CandidateLimits, Candidates, FitOptions, Profiles, SuggestOptions, fit,
    known_targets, suggest,
};
use forensics::{Clusters, links};
use ingest::bitcoin::{Network, decode};
use ledger::{ClusterId, DecodedBlock, Height};
use simulate::{World, WorldSpec, random::number};
use tracehound_forensics as forensics;

fn timed<T>(name: &str, n: usize, of: &str, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut made = None;
    for _ in 0..5 {
        #[expect(clippy::disallowed_methods, reason = "a bench measures")]
        let start = Instant::now();
        made = Some(work());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!(
        "{name:<12} {:>9.1} ms {n:>9} {of:<12} {:>8.2} us each",
        best * 1e3,
        best * 1e6 / n as f64
    );
    made.unwrap()
}

fn main() {
    let world = World::new(WorldSpec::ownership(1)).unwrap();
    let mut raw = world.blocks();
    let blocks = (0..).zip(raw.by_ref());
    let decoded: Vec<DecodedBlock> = blocks
        .map(|(height, bytes)| {
            decode::block(&bytes, Height::new(height), Network::Regtest).unwrap()
        })
        .collect();
    let truth = raw.into_truth();
    let numbered = number(&decoded);
    let batch = &numbered.batch;
    let mut clusters = Clusters::default();
    clusters.apply(&links(batch), u32::try_from(numbered.addresses.len()).unwrap());
    let labels = clusters.labels();

    let activity = timed("records", batch.transactions.len(), "transactions", || {
        let mut activity = Activity::default();
        activity.apply(batch);
        activity
    });
    let profiles = timed("profiles", activity.n_spends(), "records", || {
        Profiles::new(&activity, &labels).unwrap()
    });
    let candidates = timed("candidates", profiles.all().len(), "clusters", || {
        Candidates::new(&profiles, CandidateLimits::default())
    });
    let owner = |cluster: ClusterId| {
        truth.ownership.owner_of(&numbered.addresses[cluster.index()]).unwrap().get()
    };
    let tags = profiles.all().iter().map(|profile| (profile.cluster, owner(profile.cluster)));
    let tags: Vec<(ClusterId, u32)> = tags.filter(|(_, owner)| owner.is_multiple_of(3)).collect();
    let known = known_targets(&profiles, &candidates, &tags);
    let model = timed("fit", known.len(), "targets", || {
        fit(&profiles, &candidates, &known, &[], &FitOptions::default()).unwrap()
    });
    timed("suggestions", candidates.pairs.len(), "candidates", || {
        suggest(&profiles, &candidates, &model, &[], &SuggestOptions::default()).unwrap()
    });
}
