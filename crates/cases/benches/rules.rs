//! Evaluations of the rules of the program over a million clusters: `cargo bench -p tracehound-cases --bench rules`.
//! Each cluster has up to 8 rows of exposure, 4 of proximity, 1 pattern and a score, from a fixed seed; one in a thousand is near a
//! listed party. One thread; the median of three runs, by the clock and by the CPU time of the thread.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and draws random rows"
)]

extern crate tracehound_cases as cases;

use std::time::Instant;

use cases::{AlertBook, ClusterFacts, Judge, Moment, Subject, SubjectKey, Vocabulary, reconcile};
use ledger::{
    AddressId, Amount, Category, ClusterId, EntityId, Exposure, FlowSide, Height, PatternMatch,
    ProximityRow, Score, Timestamp, Value,
};

const N_CLUSTERS: u32 = 1_000_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// User and system seconds so far.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

struct Rows {
    exposures: Vec<Exposure>,
    proximities: Vec<ProximityRow>,
    patterns: Vec<PatternMatch>,
    score: Score,
}

fn category(random: &mut Random) -> Category {
    // The first numbers are the grave ones: they are rare.
    let number = if random.below(1_000) == 0 { random.below(11) } else { 11 + random.below(8) };
    Category::from_number(number as u8).unwrap()
}

fn side(random: &mut Random) -> FlowSide {
    FlowSide::BOTH[random.below(2) as usize]
}

fn rows(id: u32, random: &mut Random) -> Rows {
    let cluster = ClusterId::new(AddressId::new(id));
    let exposures = (0..random.below(9)).map(|_| {
        let sat = random.below(1 << 32);
        Exposure {
            cluster,
            side: side(random),
            direct: random.below(2) == 0,
            mixed: random.below(20) == 0,
            category: category(random),
            entity: EntityId::new(random.below(1_000) as u32),
            amount: Amount::from_sat(sat),
            value: Value::of_satoshi(sat, 3_600_000_000),
            amount_unpriced: Amount::from_sat(0),
            n_transfers: 1,
            first_time: Timestamp::new(0),
            last_time: Timestamp::new(0),
        }
    });
    let exposures = exposures.collect();
    let proximities = (0..random.below(5)).map(|_| ProximityRow {
        cluster,
        side: side(random),
        category: category(random),
        entity: EntityId::new(0),
        hops: 4,
        hops_contracted: 1 + random.below(4) as u8,
        bottleneck_sat: 1,
        share: 0.1,
    });
    let proximities = proximities.collect();
    let patterns = (0..u64::from(random.below(50) == 0)).map(|_| PatternMatch {
        pattern: 1 + random.below(13) as u8,
        cluster,
        height: Height::new(1),
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(random.below(1_000_000) as i64),
        amount: Amount::from_sat(1),
        value: None,
        n_transfers: 3,
        evidence: Vec::new(),
        about: String::new(),
    });
    let patterns = patterns.collect();
    let points = random.below(76_000) as i64;
    let score = Score { cluster, points, hard_rule: None, profile: String::new(), n_terms: 1 };
    Rows { exposures, proximities, patterns, score }
}

fn main() {
    let words = Vocabulary {
        asset: "BTC".to_owned(),
        currency: "USD".to_owned(),
        patterns: vec![(1, "structuring"), (7, "peeling_chain")],
    };
    let rules = cases::in_force(&[], &words).unwrap();
    let mut random = Random(5);
    let clusters: Vec<Rows> = (0..N_CLUSTERS).map(|id| rows(id, &mut random)).collect();
    let here = |key: &SubjectKey| Some(key.clone());
    let moment = Moment { height: Height::new(1), at: Timestamp::new(1), versions: String::new() };
    let mut book = AlertBook::default();
    println!(
        "{:<34} {:>9} {:>9} {:>13} {:>9} {:>9}",
        "pass", "CPU s", "wall s", "evaluations/s", "ns each", "events"
    );
    for pass in ["no alert is open", "alerts of the pass before are open"] {
        let mut figures = Vec::new();
        let mut entries = Vec::new();
        for _ in 0..3 {
            let (wall, cpu) = (Instant::now(), cpu_s());
            let mut judge = Judge::new(&rules, &book, &here);
            for (id, rows) in clusters.iter().enumerate() {
                let subject = Subject::Cluster { address: format!("a{id}"), entity: None };
                let Subject::Cluster { address, .. } = &subject else { unreachable!() };
                let facts = ClusterFacts {
                    address,
                    now: Timestamp::new(1_000_000),
                    first_seen: Some(Timestamp::new(id as i64)),
                    n_addresses: Some(3),
                    listed: Some(&[]),
                    tags: Some(&[]),
                    categories: Some(&[]),
                    monitored: Some(false),
                    exposures: Some(&rows.exposures),
                    has_money: true,
                    proximities: Some(&rows.proximities),
                    hops_max: 8,
                    patterns: Some(&rows.patterns),
                    score: Some(&rows.score),
                    model_terms: &[],
                    entities: &[],
                };
                judge.look(&subject, &facts);
            }
            let judged = judge.finish();
            entries = reconcile(&book, &rules, &judged, &here, &moment);
            let n = judged.n_evaluations as f64;
            figures.push((cpu_s() - cpu, wall.elapsed().as_secs_f64(), n, entries.len()));
        }
        figures.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (cpu, wall, n, events) = figures[1];
        println!(
            "{pass:<34} {cpu:>9.2} {wall:>9.2} {:>13.0} {:>9.0} {events:>9}",
            n / cpu,
            cpu * 1e9 / n
        );
        entries.into_iter().for_each(|entry| book.add(entry).unwrap());
    }
}
