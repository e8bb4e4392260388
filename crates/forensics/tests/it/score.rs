//! Scores against an oracle that shares no code, counterfactuals against facts rewritten by hand, and laws.

use forensics::score::{
    ClusterFacts, DEFAULT_PROFILE, ListedMember, ModelScore, PATTERNS, PayerScore, Profile,
    TransactionFacts, Without, counterfactual, counterfactuals, dry_run, points, score,
    score_transaction, score_without,
};
use ledger::{Amount, Category, EntityId, FlowSide, TxIndex, Value};
use tracehound_forensics as forensics;

use crate::score_oracle::Oracle;
use crate::score_worlds::{Draws, Owned, cluster, entity, exposure, matched, near};

const RECEIVED: FlowSide = FlowSide::Received;
const SENT: FlowSide = FlowSide::Sent;
const NOBODY: u32 = u32::MAX;
/// One whole coin at the price of `exposure`: 10,000 of the currency.
const COIN: u64 = 100_000_000;

fn world() -> Owned {
    let entities = vec![
        entity(0, "ransomware", 100),
        entity(1, "ransomware", 80),
        entity(2, "exchange", 100),
        entity(3, "sanctioned", 100),
        entity(4, "ransomware", 20),
    ];
    Owned { entities, ..Owned::default() }
}

#[track_caller]
fn check(facts: &Owned, expected: i64, terms: &[(&str, i64)]) {
    let scored = score(&facts.facts(), &Profile::default());
    let found: Vec<(&str, i64)> =
        scored.terms.iter().map(|term| (term.kind.as_str(), term.points)).collect();
    assert_eq!((scored.score.points, found.as_slice()), (expected, terms));
    assert_eq!(points(&facts.facts(), &Profile::default()), expected);
}

#[test]
fn terms_by_hand() {
    check(&world(), 0, &[]);
    let mut facts = world();
    // 5 % of 2 coins, direct: halfway between 1 % -> 30 % and 10 % -> 60 % is 43.3333 % of 75 points.
    facts.exposures.push(exposure(RECEIVED, true, "ransomware", 0, COIN / 10));
    facts.exposures.push(exposure(RECEIVED, false, "untraced", NOBODY, 2 * COIN - COIN / 10));
    check(&facts, 32_499, &[("exposure", 32_499)]);
    facts.proximities.push(near(RECEIVED, "ransomware", 0, 2, COIN));
    check(&facts, 44_499, &[("exposure", 32_499), ("proximity", 12_000)]);
    facts.patterns.push(matched(7, Some(20_000_000)));
    facts.patterns.push(matched(7, Some(20_000_000)));
    facts.patterns.push(matched(99, Some(20_000_000)));
    let with_pattern = [("exposure", 32_499), ("proximity", 12_000), ("pattern", 9_600)];
    check(&facts, 54_099, &with_pattern);
    facts.held_by = Some(EntityId::new(3));
    let mut terms = vec![("entity", 100_000)];
    terms.extend(with_pattern);
    terms.push(("bound", -54_099));
    check(&facts, 100_000, &terms);
    facts.listed.push(ListedMember { entity: EntityId::new(3), n_addresses: 1 });
    check(&facts, 100_000, &[("listed", 100_000)]);
}

#[test]
fn the_words_say_what_was_measured() {
    let mut facts = world();
    facts.exposures.push(exposure(RECEIVED, true, "ransomware", 0, COIN / 10));
    facts.exposures.push(exposure(RECEIVED, false, "untraced", NOBODY, 2 * COIN - COIN / 10));
    facts.exposures[0].amount_unpriced = Amount::from_sat(7);
    let scored = score(&facts.facts(), &Profile::default());
    assert_eq!(
        scored.terms[0].basis,
        "received directly from E0: 5.0000 % (10000000 of 200000000 sat), worth 1000.00 USD \
         and 7 sat without a price"
    );
    assert_eq!(scored.terms[0].source_version, "pack p v1");
    assert_eq!(scored.terms[0].category.unwrap().name(), "ransomware");
    let mut listed = world();
    for id in [3, 0] {
        listed.listed.push(ListedMember { entity: EntityId::new(id), n_addresses: 2 });
    }
    let scored = score(&listed.facts(), &Profile::default());
    assert_eq!(scored.terms[0].basis, "2 addresses listed as E0, and by 1 more entry");
    assert_eq!(scored.score.hard_rule.as_deref(), Some("listed"));
}

#[test]
fn a_party_that_is_not_sure_is_nobody() {
    let mut facts = world();
    facts.exposures.push(exposure(RECEIVED, true, "ransomware", 4, COIN));
    facts.proximities.push(near(RECEIVED, "ransomware", 4, 1, COIN));
    facts.held_by = Some(EntityId::new(4));
    check(&facts, 0, &[]);
}

#[test]
fn unsolicited_dust_never_scores() {
    let mut facts = world();
    // 0.000999 coins are worth 9.99; from a listed entity, at one hop.
    facts.exposures.push(exposure(RECEIVED, true, "sanctioned", 3, 99_900));
    facts.proximities.push(near(RECEIVED, "sanctioned", 3, 1, 9_999));
    check(&facts, 0, &[]);
    // Without a price the amount decides.
    facts.exposures[0].value = Value::ZERO;
    facts.exposures[0].amount_unpriced = Amount::from_sat(99_900);
    check(&facts, 80_000, &[("exposure", 80_000)]);
    facts.exposures[0] = exposure(RECEIVED, true, "sanctioned", 3, 99_900);
    // Who also pays them directly is no stranger to them.
    facts.exposures.push(exposure(SENT, true, "sanctioned", 3, 1));
    let terms =
        [("exposure", 80_000), ("exposure", 80_000), ("proximity", 25_000), ("bound", -85_000)];
    check(&facts, 100_000, &terms);
    // What is sent is never dust.
    facts.exposures.remove(0);
    facts.proximities.clear();
    check(&facts, 80_000, &[("exposure", 80_000)]);
}

#[test]
fn models_have_a_term_of_their_own() {
    let mut facts = world();
    const AFTER: &[(Without, u32)] = &[(Without::Entity(EntityId::new(3)), 250_000)];
    let of = |name, probability_ppm| ModelScore {
        name,
        version: "1",
        probability_ppm,
        reasons: "x is 2 (+1.5)",
        after: AFTER,
    };
    facts.models = vec![of("other", 900_000), of("m", 500_000)];
    check(&facts, 0, &[]);
    let by = |model: &str| {
        let text = DEFAULT_PROFILE.replace("\npoints = 0\n", &format!("\n{model}\n"));
        Profile::parse(&text, PATTERNS)
    };
    let profile = by("name = \"m\"\npoints = 30\nfrom = 20").unwrap();
    let scored = score(&facts.facts(), &profile);
    assert_eq!((scored.terms.len(), scored.terms[0].kind.as_str()), (1, "model"));
    assert_eq!(scored.terms[0].basis, "m 1: 50.0000 %: x is 2 (+1.5)");
    assert_eq!(scored.score.points, 15_000);
    let without = |without| {
        let found = counterfactual(&facts.facts(), &profile, without);
        (found.points_after, found.model_unknown)
    };
    assert_eq!(without(Without::Model), (0, false));
    assert_eq!(without(Without::Listings), (15_000, false));
    assert_eq!(without(Without::Entity(EntityId::new(3))), (7_500, false));
    assert_eq!(without(Without::Entity(EntityId::new(4))), (15_000, true));
    // Below the least probability nothing is added.
    let above = by("name = \"m\"\npoints = 30\nfrom = 50.0001").unwrap();
    assert!(
        score(&facts.facts(), &above).terms.is_empty() && above.model() == Some(("m", 500_001))
    );
    assert_eq!(by("points = 0").unwrap().model(), None);
    assert!(by("points = 1").unwrap_err().what.contains("model.name"));
    assert!(by("name = \"m\"\npoints = 0").unwrap_err().what.contains("model.from"));
}

#[test]
fn a_hundred_thousand_clusters_add_up_and_their_counterfactuals_are_exact() {
    let profile = Profile::default();
    let oracle = Oracle::new();
    let mut draws = Draws(1);
    let (mut n_terms, mut n_scored) = (0, 0);
    for n in 0..100_000 {
        let owned = Owned::random(&mut draws);
        let facts = owned.facts();
        let scored = score(&facts, &profile);
        assert_eq!(scored.terms.iter().map(|term| term.points).sum::<i64>(), scored.score.points);
        assert!(scored.terms.iter().all(|term| term.points != 0));
        assert_eq!(points(&facts, &profile), scored.score.points);
        n_terms += scored.terms.len();
        n_scored += usize::from(scored.score.points > 0);
        for one in counterfactuals(&facts, &profile) {
            let rewritten = owned.rewritten(one.without);
            assert_eq!(one.points_before, scored.score.points);
            assert_eq!(one.points_after, points(&rewritten.facts(), &profile), "{owned:?}");
        }
        if n % 10 == 0 {
            assert_eq!(i128::from(scored.score.points), oracle.points(&owned), "{owned:?}");
        }
    }
    // The worlds are worth something.
    assert!(n_terms > 200_000 && n_scored > 50_000, "{n_terms} terms, {n_scored} above 0");
}

#[test]
fn every_kind_of_counterfactual_equals_facts_rewritten() {
    let profile = Profile::default();
    let mut draws = Draws(2);
    for _ in 0..3_000 {
        let owned = Owned::random(&mut draws);
        let facts = owned.facts();
        let mut kinds = vec![Without::Listings];
        kinds.extend(Category::all().skip(2).map(Without::Category));
        kinds.extend((0..16).map(Without::Pattern));
        kinds.extend((0..6).map(|id| Without::Listing(EntityId::new(id))));
        for without in kinds {
            let rewritten = owned.rewritten(without);
            let scored = score_without(&facts, &profile, without);
            assert_eq!(scored.score.points, points(&rewritten.facts(), &profile), "{without:?}");
            assert_eq!(
                scored.terms.iter().map(|term| term.points).sum::<i64>(),
                scored.score.points
            );
            assert_eq!(counterfactual(&facts, &profile, without).points_after, scored.score.points);
        }
    }
}

/// Moves some of an untraced row to another party: the total stays, more of it is exposed.
fn exposed_more(owned: &Owned, draws: &mut Draws) -> Option<Owned> {
    let at = owned.exposures.iter().position(|row| row.category == Category::UNTRACED)?;
    let mut more = owned.clone();
    let from = &mut more.exposures[at];
    let amount = u64::try_from(from.amount.units()).unwrap();
    let unpriced = from.amount_unpriced.units();
    let moved = draws.below(amount + 1);
    let moved_unpriced = unpriced.min(moved.into());
    let value = from.value.micros() * i128::from(moved) / i128::from(amount.max(1));
    from.amount = Amount::from_sat(amount - moved);
    from.amount_unpriced = Amount::from_units(unpriced - moved_unpriced);
    from.value = Value::from_micros(from.value.micros() - value);
    let party = draws.one_of(&owned.entities.iter().collect::<Vec<_>>());
    let mut row =
        exposure(from.side, draws.chance(50), party.category.name(), party.id.get(), moved);
    (row.amount_unpriced, row.value) =
        (Amount::from_units(moved_unpriced), Value::from_micros(value));
    more.exposures.push(row);
    Some(more)
}

#[test]
fn more_exposure_is_never_worth_less() {
    let profile = Profile::default();
    let mut draws = Draws(3);
    let mut n_risen = 0;
    for _ in 0..20_000 {
        let owned = Owned::random(&mut draws);
        let Some(more) = exposed_more(&owned, &mut draws) else { continue };
        let (before, after) = (points(&owned.facts(), &profile), points(&more.facts(), &profile));
        assert!(after >= before, "{before} -> {after}: {owned:?} {more:?}");
        n_risen += u32::from(after > before);
        // The same money from farther away, or after a mix, is never worth more.
        let mut farther = owned.clone();
        let received = |row: &&mut ledger::Exposure| row.side == RECEIVED;
        farther.exposures.iter_mut().filter(received).for_each(|row| row.direct = false);
        assert!(points(&farther.facts(), &profile) <= before);
    }
    assert!(n_risen > 1_000, "{n_risen}");
}

#[test]
fn spreading_an_exposure_over_parties_changes_nothing() {
    let profile = Profile::default();
    let mut draws = Draws(4);
    for _ in 0..2_000 {
        let mut one = world();
        let amounts: Vec<u64> = (0..5).map(|_| draws.below(COIN)).collect();
        let all = amounts.iter().sum();
        one.exposures.push(exposure(RECEIVED, true, "ransomware", 0, all));
        one.exposures.push(exposure(RECEIVED, true, "untraced", NOBODY, 10 * COIN));
        let mut many = one.clone();
        many.exposures.remove(0);
        for (amount, id) in amounts.iter().zip([0, 1, NOBODY, 0, 1]) {
            many.exposures.push(exposure(RECEIVED, true, "ransomware", id, *amount));
        }
        assert_eq!(points(&many.facts(), &profile), points(&one.facts(), &profile));
    }
}

#[test]
fn a_dry_run_tells_who_changes_band() {
    let old = Profile::default();
    let text = DEFAULT_PROFILE.replace(
        "ransomware     = { held = 95, received = 75",
        "ransomware = { held = 95, received = 40",
    );
    let new = Profile::parse(&text.replace("version = 1", "version = 2"), PATTERNS).unwrap();
    let mut high = world();
    high.exposures.push(exposure(RECEIVED, true, "ransomware", 0, COIN));
    let low = world();
    let facts = |owned: &'static Owned| -> ClusterFacts<'static> { owned.facts() };
    let (high, low) = (Box::leak(Box::new(high)), Box::leak(Box::new(low)));
    let run = dry_run(&old, &new, [facts(high), facts(low)]);
    assert_eq!((run.n_clusters, run.n_points_changed, run.changes.len()), (2, 1, 1));
    let change = &run.changes[0];
    assert_eq!((change.points_before, change.points_after), (75_000, 40_000));
    assert_eq!((change.band_before.as_str(), change.band_after.as_str()), ("severe", "medium"));
    let moves: Vec<(&str, &str, u64)> = run
        .moves
        .iter()
        .map(|one| (one.before.as_str(), one.after.as_str(), one.n_clusters))
        .collect();
    assert_eq!(moves, [("low", "low", 1), ("severe", "medium", 1)]);
}

#[test]
fn transactions_take_over_what_their_senders_score_beyond_their_own() {
    let owned = world();
    let exposures = [exposure(RECEIVED, true, "ransomware", 0, COIN)];
    let untraced = [exposure(RECEIVED, false, "untraced", NOBODY, COIN)];
    let dust = [exposure(RECEIVED, true, "sanctioned", 3, 99_900)];
    let payer = |amount: u64, points: i64| PayerScore {
        cluster: cluster(),
        amount: Amount::from_sat(amount),
        points,
    };
    let check = |exposures: &[ledger::Exposure],
                 amount,
                 payers: &[PayerScore],
                 listed: bool,
                 expected: &[(&str, i64)]| {
        let member = [ListedMember { entity: EntityId::new(3), n_addresses: 1 }];
        let facts = TransactionFacts {
            tx: TxIndex::new(5),
            receiver: cluster(),
            amount: Amount::from_sat(amount),
            listed: if listed { &member } else { &[] },
            exposures,
            payers,
            entities: &owned.entities,
        };
        let scored = score_transaction(&facts, &Profile::default());
        let found: Vec<(&str, i64)> =
            scored.terms.iter().map(|term| (term.kind.as_str(), term.points)).collect();
        assert_eq!(found, expected);
        assert_eq!(found.iter().map(|term| term.1).sum::<i64>(), scored.score.points);
    };
    check(&exposures, COIN, &[], false, &[("exposure", 75_000)]);
    check(&exposures, COIN, &[payer(COIN, 80_000)], false, &[("exposure", 75_000)]);
    let both = [("exposure", 75_000), ("sender", 5_000)];
    check(&exposures, COIN, &[payer(COIN, 100_000)], false, &both);
    check(&untraced, COIN, &[payer(COIN, 90_000)], false, &[("sender", 72_000)]);
    // Half of it came from an unknown payer.
    check(&untraced, COIN, &[payer(COIN / 2, 90_000)], false, &[("sender", 36_000)]);
    check(&untraced, COIN, &[], true, &[("listed", 100_000)]);
    check(&dust, 99_900, &[payer(99_900, 100_000)], true, &[]);
    // Without rows only the amount is known.
    check(&[], 9_999, &[payer(9_999, 100_000)], false, &[]);
    check(&[], 10_000, &[payer(10_000, 50_000)], false, &[("sender", 40_000)]);
}
