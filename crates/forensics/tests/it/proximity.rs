use std::collections::BTreeMap;

use forensics::proximity::{
    Passing, PassingOptions, ProximityOptions, ProximityState, Way, passing_clusters,
};
use ledger::notation::{Notation, parse};
use ledger::{AddressId, Category, ClusterId, FlowSide, LedgerBatch, ProximityRow, Timestamp};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::flow::labels_of;
use crate::proximity_oracle::{Rows, Walks, events, passing};
use crate::proximity_worlds::{Holding, entities, holding, ledger};

const NONE: u32 = u32::MAX;

pub fn cluster(id: u32) -> ClusterId {
    ClusterId::new(AddressId::new(id))
}

pub fn at_once(batch: &LedgerBatch, holding: &Holding, hops_max: u8) -> ProximityState {
    let options = ProximityOptions { hops_max, ..ProximityOptions::default() };
    let mut state = ProximityState::new(options);
    state.push(batch).unwrap();
    state.update(&holding.owners(), &holding.entities);
    state
}

fn plain(rows: impl Iterator<Item = ProximityRow>) -> Rows {
    let key = |row: &ProximityRow| (row.cluster.get().get(), row.side as u8, row.category.number());
    let value =
        |row: &ProximityRow| (row.entity.get(), row.hops, row.hops_contracted, row.bottleneck_sat);
    rows.map(|row| (key(&row), value(&row))).collect()
}

/// Every way is one: it joins the right ends in order of time and adds up to its row.
fn check_paths(state: &mut ProximityState, holding: &Holding) {
    let rows: Vec<ProximityRow> = state.all_rows().collect();
    for row in rows {
        for way in [Way::Nearest, Way::Widest] {
            let hops = state.path(row.cluster, row.side, row.category, way).unwrap();
            assert!(
                hops.windows(2).all(|pair| pair[0].tx < pair[1].tx && pair[0].to == pair[1].from)
            );
            let (first, last) = (hops[0].from, hops.last().unwrap().to);
            let (entity_end, own_end) = match row.side {
                FlowSide::Received => (first, last),
                FlowSide::Sent => (last, first),
            };
            assert_eq!(own_end, row.cluster);
            let entity = holding.owners().entity_of_cluster(entity_end).unwrap();
            let counted =
                1 + hops.iter().rev().skip(1).filter(|hop| hop.contracted.is_none()).count();
            let width = hops.iter().map(|hop| hop.amount_sat).min().unwrap();
            match way {
                Way::Nearest => {
                    assert_eq!((entity, counted), (row.entity, usize::from(row.hops_contracted)));
                    assert!(hops.len() >= usize::from(row.hops) && width <= row.bottleneck_sat);
                }
                Way::Widest => {
                    assert!(counted >= usize::from(row.hops_contracted));
                    assert!(counted <= usize::from(state.options().hops_max));
                    assert_eq!(width, row.bottleneck_sat);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn agrees_with_enumeration_of_all_walks(
        ledger in ledger(7),
        holding in holding(),
        hops_max in prop_oneof![1u8..4, Just(8)],
    ) {
        let holding = holding.cut(ledger.n_addresses);
        let mut state = at_once(&ledger.batch, &holding, hops_max);
        let events = events(&ledger.batch, &holding.labels);
        let expected = Walks::rows(&events, &holding, ledger.n_addresses, hops_max);
        prop_assert_eq!(plain(state.all_rows()), expected);
        check_paths(&mut state, &holding);
        for id in 0..ledger.n_addresses {
            let expected = passing(&events, id);
            let found = state.passing(cluster(id));
            prop_assert_eq!(found.map_or(0, |passing| 1 + passing as u8), expected);
        }
    }
}

/// A ledger of one entity `x` (sanctioned) and links found in it; hours between blocks.
struct Case {
    state: ProximityState,
    notation: Notation,
    labels: Vec<u32>,
}

fn case(text: &str, hours: i64) -> Case {
    let mut notation = parse(text).unwrap();
    for row in &mut notation.batch.transactions {
        row.time = Timestamp::new(i64::from(row.height.get()) * hours * 3600);
    }
    let n_addresses = u32::try_from(notation.names.len()).unwrap();
    let labels = labels_of(&notation.batch, n_addresses);
    let mut entity_of = vec![NONE; notation.names.len()];
    entity_of[labels[notation.id("x").index()] as usize] = 0;
    let entities = entities(&[Category::SANCTIONED.number()]);
    let holding = Holding { labels: labels.clone(), entity_of, entities };
    Case { state: at_once(&notation.batch, &holding, 8), notation, labels }
}

impl Case {
    fn row(&mut self, name: &str) -> Option<ProximityRow> {
        let label = self.labels[self.notation.id(name).index()];
        let rows = self.state.rows(cluster(label));
        rows.into_iter().find(|row| row.side == FlowSide::Received)
    }
}

/// Hops, contracted hops and bottleneck of `name` from the entity `x`.
#[track_caller]
fn check(text: &str, hours: i64, name: &str, expected: Option<(u8, u8, u64)>) {
    let row = case(text, hours).row(name);
    assert_eq!(
        row.map(|row| (row.hops, row.hops_contracted, row.bottleneck_sat)),
        expected,
        "{text}"
    );
}

#[test]
fn a_cluster_that_keeps_money_counts_and_one_that_passes_it_on_does_not() {
    let chain = "-> x:100\n x:100 -> a:99\n a:99 -> b:98";
    check(chain, 1, "a", Some((1, 1, 99)));
    check(chain, 1, "b", Some((2, 1, 98)));
    check(chain, 23, "b", Some((2, 1, 98)));
    check(chain, 24, "b", Some((2, 2, 98)));
    check("-> x:100\n x:100 -> a:100\n a:50 -> b:50", 1, "b", Some((2, 2, 50)));
    check("-> x:100\n x:100 -> a:100 b:1\n b:1 -> a:1", 1, "a", Some((1, 1, 100)));
}

#[test]
fn dust_and_fees_do_not_make_a_cluster_count() {
    check(
        "-> x:100\n -> d:1\n d:1 -> a:1\n x:100 -> a:99\n a:99 -> b:98",
        20,
        "b",
        Some((2, 1, 98)),
    );
    check("-> x:100\n x:100 -> a:100\n a:100 -> b:60", 1, "b", Some((2, 1, 60)));
    // Money from elsewhere, or unknown: it is more than a way through.
    check("-> x:100\n x:100 -> a:100\n a:150 -> b:150", 1, "b", Some((2, 2, 100)));
    check("-> x:100\n x:100 -> a:100\n a:100 ?:7 -> b:100", 1, "b", Some((2, 2, 100)));
}

#[test]
fn walks_follow_the_ledger_and_end_at_known_entities() {
    check("-> a:5\n a:5 -> b:5\n -> x:9\n x:9 -> a:9", 1, "b", None);
    check("-> x:9 b:1\n x:9 b:1 -> b:4 c:6", 1, "c", Some((1, 1, 6)));
    let owners = case("-> x:9\n x:9 -> a:9\n a:9 -> b:9", 1);
    let entity_of = vec![0, 1, NONE];
    let entities = entities(&[2, 13]);
    let holding = Holding { labels: owners.labels, entity_of, entities };
    let mut state = at_once(&owners.notation.batch, &holding, 8);
    let rows: Vec<ProximityRow> = state.rows(cluster(2));
    assert_eq!(rows.len(), 1, "the exchange stands between: {rows:?}");
    assert_eq!(rows[0].category, Category::EXCHANGE);
}

#[test]
fn a_peeling_chain_is_no_distance_however_slow() {
    let mut text = "-> x:1000\n x:1000 -> p0:1000\n".to_owned();
    for step in 0..15 {
        let left = 1000 - 10 * (step + 1);
        text.push_str(&format!("p{step}:{} -> q{step}:10 p{}:{left}\n", left + 10, step + 1));
    }
    // The last two count: nothing shows yet that they peel on.
    check(&text, 100, "q13", Some((15, 1, 10)));
    check(&text, 100, "q14", Some((16, 2, 10)));
    let case = case(&text, 100);
    assert_eq!(
        case.state.passing(cluster(case.labels[case.notation.id("p3").index()])),
        Some(Passing::PeelStep)
    );
}

#[test]
fn inserted_pass_through_hops_change_nothing() {
    for n_hops in 1..=300usize {
        if n_hops > 20 && n_hops < 300 {
            continue;
        }
        let mut text = "-> x:9000\n x:9000 -> m0:9000\n".to_owned();
        for hop in 1..n_hops {
            text.push_str(&format!("m{}:9000 -> m{hop}:9000\n", hop - 1));
        }
        text.push_str(&format!("m{}:9000 -> v:9000", n_hops - 1));
        let hops = u8::try_from(n_hops + 1).unwrap_or(u8::MAX).min(254);
        check(&text, 2, "v", Some((hops, 1, 9000)));
    }
}

/// The actor `m` holds the money for `hours` a block on one address or on many, which it joins or does not.
fn actor(n: usize, linked: bool) -> String {
    let part = 1_000_000 / n;
    let list =
        |prefix: &str| -> String { (0..n).map(|at| format!("{prefix}{at}:{part} ")).collect() };
    let spread = format!("-> x:1000000\n x:1000000 -> {}\n", list("m"));
    if linked {
        return format!("{spread}{} -> v:1000000", list("m"));
    }
    let each: Vec<String> = (0..n).map(|at| format!("m{at}:{part} -> v:{part}")).collect();
    spread + &each.join(" | ")
}

#[test]
fn many_addresses_are_as_near_as_one() {
    for (hours, contracted) in [(1, 1), (30, 2)] {
        for n in [1, 2, 1000] {
            for linked in [true, false] {
                let row = case(&actor(n, linked), hours).row("v").unwrap();
                assert_eq!((row.hops, row.hops_contracted), (2, contracted), "{n} {linked}");
            }
        }
    }
}

#[test]
fn what_passes_is_told_for_whole_ledgers() {
    let world = case("-> x:100\n x:100 -> a:99\n a:99 -> b:98\n b:50 -> c:50", 1);
    let found =
        passing_clusters(&world.notation.batch, &world.labels, &PassingOptions::default()).unwrap();
    let names: BTreeMap<&str, Passing> = found
        .iter()
        .map(|(cluster, passing)| (world.notation.names[cluster.index()].as_str(), *passing))
        .collect();
    let through = Passing::PassThrough;
    assert_eq!(names, BTreeMap::from([("x", through), ("a", through)]));
}
