//! Decisions of people: their effect, what is refused, and that it does not matter when they came.

use engine::{Decide, Engine, ExplainRequest, PendingAnswer, Unwatched};
use ledger::{DecodedBlock, tables};
use proptest::prelude::*;
use simulate::random::{RandomChain, Shape};
use store::{Store, TableSpec};

use crate::laws::check_same;
use crate::{NOW, Scratch};

/// A store with a guard so strict that small worlds have held links.
fn guarded(guard_addresses: u32) -> Scratch {
    let mut scratch = Scratch::new();
    let overrides = [("ownership.guard_addresses".to_owned(), guard_addresses.to_string())];
    scratch.engine = Engine::open(&scratch.dir.path().join("store"), &overrides).unwrap();
    scratch
}

fn pending(scratch: &Scratch) -> PendingAnswer {
    scratch.engine.view().unwrap().pending(usize::MAX).unwrap()
}

fn decide(scratch: &Scratch, what: Decide) -> Result<engine::DecidedReport, engine::Error> {
    scratch.engine.decide(&[what], "because", "tester", NOW)
}

/// Names of all held links.
fn held(scratch: &Scratch) -> Vec<String> {
    let pairs = pending(scratch).pairs;
    pairs.iter().flat_map(|pair| pair.links.iter().map(|link| link.id.clone())).collect()
}

/// The rows of the log of one store, put into another as they are.
fn copy_log(from: &Engine, to: &Engine) {
    let source = Store::open(from.dir()).unwrap().snapshot().unwrap();
    let rows: Vec<_> = source
        .scan("decisions", "all", None, None)
        .unwrap()
        .flat_map(|batch| tables::decisions_from(&batch.unwrap()).unwrap())
        .collect();
    if rows.is_empty() {
        return;
    }
    let store = Store::open(to.dir()).unwrap();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    let spec = TableSpec::new("decisions", tables::DECISIONS.schema());
    commit.append(&spec, "all", &tables::decisions_to(&rows)).unwrap();
    commit.finish(store::Run::default()).unwrap();
}

/// A pack that says of every seventh address that it is of one of three entities.
fn tag(scratch: &Scratch, addresses: &[String]) {
    let tags: String = (0..)
        .zip(addresses.iter().step_by(7))
        .map(|(at, text)| format!("- address: {text}\n  label: l\n  actor: actor{}\n", at % 3))
        .collect();
    let pack = format!(
        "title: t\ncreator: c\nsource: s\ncurrency: BTC\nconfidence: ledger_immanent\n\
         lastmod: 2024-01-01\ncategory: exchange\ntags:\n{tags}"
    );
    let path = scratch.file("packs/one.yaml", &pack);
    let report = scratch.engine.import_tags(&[path], None, NOW, &Unwatched).unwrap();
    assert_eq!((report.refused, report.failed.len()), (0, 0), "{report:?}");
}

/// One thing that a person or a clock does between blocks.
#[derive(Clone, Debug)]
enum Act {
    Run,
    Choose(usize, bool),
    WithdrawHeld(usize),
    WithdrawTransaction(usize),
    WithdrawRule(u32),
    WithdrawHeights(u32),
    Revoke(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let place = 0_usize..40;
    prop_oneof![
        3 => Just(Act::Run),
        4 => (place.clone(), any::<bool>()).prop_map(|(at, accept)| Act::Choose(at, accept)),
        1 => place.clone().prop_map(Act::WithdrawHeld),
        1 => place.clone().prop_map(Act::WithdrawTransaction),
        1 => (0_u32..20).prop_map(Act::WithdrawRule),
        1 => (0_u32..20).prop_map(Act::WithdrawHeights),
        2 => place.prop_map(Act::Revoke),
    ]
}

fn perform(scratch: &Scratch, act: &Act, first: u32) {
    let view = scratch.engine.view().unwrap();
    let has_run = view.pending(1).is_ok();
    let nth = |at: usize| {
        let ids = if has_run { held(scratch) } else { Vec::new() };
        ids.get(at % ids.len().max(1)).cloned()
    };
    let what = match act {
        Act::Run => {
            scratch.run();
            None
        }
        Act::Choose(at, true) => nth(*at).map(|id| Decide::Accept { id }),
        Act::Choose(at, false) => nth(*at).map(|id| Decide::Refuse { id }),
        Act::WithdrawHeld(at) => nth(*at).map(|id| Decide::WithdrawLink { id }),
        Act::WithdrawTransaction(at) => nth(*at).map(|id| {
            let pairs = pending(scratch).pairs;
            let mut links = pairs.iter().flat_map(|pair| &pair.links);
            let tx = links.find(|link| link.id == id).unwrap().tx;
            Decide::WithdrawTransaction { tx, rule: None }
        }),
        Act::WithdrawRule(from) => Some(Decide::WithdrawRule {
            rule: "common_input".to_owned(),
            from: Some(first + from),
            to: Some(first + from + 2),
        }),
        Act::WithdrawHeights(from) => {
            Some(Decide::WithdrawHeights { from: first + from, to: first + from })
        }
        Act::Revoke(at) => {
            let log = view.decisions().unwrap().decisions;
            let open: Vec<_> = log.iter().filter(|row| row.revoked_by.is_none()).collect();
            let row = open.get(at % open.len().max(1));
            row.filter(|row| row.kind != "revoke").map(|row| Decide::Revoke { id: row.id.clone() })
        }
    };
    // What is decided already is refused, and that is all right here.
    if let Some(what) = what {
        let _ = decide(scratch, what);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_when_a_decision_came(
        seed in any::<u64>(),
        guard in 2_u32..5,
        steps in proptest::collection::vec((0_usize..5, proptest::collection::vec(act(), 0..4)), 4..9),
        tagged_at in 0_usize..8,
        log_at in 0_usize..3,
    ) {
        let blocks = RandomChain::new(seed, Shape::default()).next_blocks(20);
        let first = blocks[0].height.get();
        let addresses = addresses_of(&blocks);
        let slow = guarded(guard);
        let mut rest = blocks.as_slice();
        for (at, (n_blocks, acts)) in steps.iter().enumerate() {
            let (part, after) = rest.split_at((*n_blocks).min(rest.len()));
            rest = after;
            if !part.is_empty() {
                slow.engine.ingest_blocks(part, NOW).unwrap();
            }
            if at == tagged_at {
                tag(&slow, &addresses);
            }
            acts.iter().for_each(|act| perform(&slow, act, first));
        }
        if !rest.is_empty() {
            slow.engine.ingest_blocks(rest, NOW).unwrap();
        }
        if tagged_at >= steps.len() {
            tag(&slow, &addresses);
        }
        slow.run();
        let fast = guarded(guard);
        for step in 0..3 {
            if step == log_at {
                copy_log(&slow.engine, &fast.engine);
            }
            match step {
                0 => fast.engine.ingest_blocks(&blocks, NOW).map(drop).unwrap(),
                1 => tag(&fast, &addresses),
                _ => {}
            }
        }
        fast.run();
        check_same(&slow.engine, &fast.engine);
        let verified = slow.engine.verify(true, &Unwatched).unwrap();
        prop_assert!(verified.all_holds(), "{:?}", verified);
    }
}

fn addresses_of(blocks: &[DecodedBlock]) -> Vec<String> {
    let addresses = simulate::random::number(blocks).addresses;
    addresses.iter().map(|address| address.display(ledger::Chain::Bitcoin)).collect()
}

/// A store with held links: the first random world that has some.
fn with_held() -> Scratch {
    for seed in 0..50 {
        let scratch = guarded(2);
        let blocks = RandomChain::new(seed, Shape::default()).next_blocks(20);
        scratch.engine.ingest_blocks(&blocks, NOW).unwrap();
        scratch.run();
        if held(&scratch).len() > 2 {
            return scratch;
        }
    }
    panic!("no random world has held links under the strictest guard");
}

#[test]
fn an_accepted_link_joins_what_it_was_held_for() {
    let scratch = with_held();
    let before = pending(&scratch);
    let (pair, link) = (&before.pairs[0], before.pairs[0].links[0].clone());
    assert!(pair.a.size >= 2 && pair.b.size >= 2 && link.because.contains("join"), "{pair:?}");
    let explain = |scratch: &Scratch| {
        let view = scratch.engine.view().unwrap();
        view.explain(&link.a, &link.b, &ExplainRequest::default()).unwrap()
    };
    assert!(!explain(&scratch).same_cluster);
    let report = decide(&scratch, Decide::Accept { id: link.id.clone() }).unwrap();
    assert_eq!((report.decisions.len(), report.decisions[0].followed), (1, false));
    assert!(report.stale_because.iter().any(|why| why.contains("1 decision was made")));
    let waiting = explain(&scratch);
    assert!(!waiting.same_cluster && !waiting.stale_because.is_empty(), "{waiting:?}");
    assert_eq!(pending(&scratch).pairs[0].links[0].decided, Some("accept_link"));
    let ran = scratch.run();
    let rebuilt = ran.addresses_rebuilt.unwrap();
    assert!(rebuilt >= pair.a.size + pair.b.size, "{rebuilt}");
    assert!(rebuilt < scratch.engine.view().unwrap().status(NOW).unwrap().addresses);
    let explained = explain(&scratch);
    assert!(explained.same_cluster, "{explained:?}");
    assert!(explained.evidence.iter().any(|step| step.link.as_ref() == Some(&link.id)));
    let id = scratch.engine.view().unwrap().decisions().unwrap().decisions[0].id.clone();
    decide(&scratch, Decide::Revoke { id: id[..6].to_owned() }).unwrap();
    scratch.run();
    assert_eq!(pending(&scratch).pairs, before.pairs);
    let log = scratch.engine.view().unwrap().decisions().unwrap().decisions;
    assert_eq!(log[0].revoked_by.as_ref(), Some(&log[1].id));
}

#[test]
fn a_withdrawn_link_joins_nothing_and_a_refused_one_waits_no_more() {
    let scratch = with_held();
    let ids = held(&scratch);
    decide(&scratch, Decide::Refuse { id: ids[0].clone() }).unwrap();
    scratch.run();
    assert!(!held(&scratch).contains(&ids[0]));
    let links = scratch.engine.view().unwrap().status(NOW).unwrap().links;
    decide(&scratch, Decide::WithdrawHeights { from: 0, to: u32::MAX }).unwrap();
    let report = scratch.run();
    assert_eq!((report.clusters, report.links, report.held_links), (0, links, 0));
}

#[test]
fn two_owners_are_told_of_the_links_between_them() {
    let scratch = with_held();
    let link = pending(&scratch).pairs[0].links[0].clone();
    let between = |scratch: &Scratch| {
        let view = scratch.engine.view().unwrap();
        let answer = view.explain(&link.a, &link.b, &ExplainRequest::default()).unwrap();
        let own = answer.not_followed.into_iter().find(|row| row.link == link.id);
        own.map(|row| (row.state, row.because, row.decision.is_some()))
    };
    assert_eq!(between(&scratch), Some(("held", link.because.clone(), false)));
    decide(&scratch, Decide::Refuse { id: link.id.clone() }).unwrap();
    let refused = Some(("refuse_link", "because".to_owned(), true));
    assert_eq!(between(&scratch), refused);
    scratch.run();
    assert_eq!(between(&scratch), refused);
    // It waits no more, and the way back is named.
    let error = decide(&scratch, Decide::Accept { id: link.id.clone() }).unwrap_err();
    assert!(error.hint().unwrap().contains("cluster revoke"), "{error}");
}

#[test]
fn a_decision_that_can_say_nothing_is_refused() {
    let scratch = Scratch::new();
    let blocks = crate::chain::blocks("-> a:9\n a:9 -> b:9\n b:4 c:5 -> d:9\n");
    scratch.engine.ingest_blocks(&blocks, NOW).unwrap();
    scratch.run();
    let of = |block: usize| blocks[block].transactions[0].id;
    let withdraw = |tx, rule: Option<&str>| {
        let rule = rule.map(str::to_owned);
        decide(&scratch, Decide::WithdrawTransaction { tx, rule })
    };
    for refused in [
        withdraw(of(1), None),
        withdraw(of(2), Some("same_key")),
        decide(&scratch, Decide::WithdrawHeights { from: 3, to: 9 }),
    ] {
        let error = refused.unwrap_err();
        assert!(error.to_string().contains("no ") && error.hint().is_some(), "{error}");
    }
    withdraw(of(2), None).unwrap();
    decide(&scratch, Decide::WithdrawHeights { from: 2, to: 9 }).unwrap();
    assert_eq!(scratch.engine.view().unwrap().decisions().unwrap().decisions.len(), 2);
}

#[test]
fn what_cannot_be_decided_is_refused_with_a_hint() {
    let scratch = with_held();
    let id = held(&scratch)[0].clone();
    #[track_caller]
    fn check(scratch: &Scratch, what: Decide, says: &str) {
        let error = decide(scratch, what).unwrap_err();
        let text = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(text.contains(says), "{text}");
    }
    let rule = |rule: &str| Decide::WithdrawRule { rule: rule.to_owned(), from: None, to: None };
    check(&scratch, Decide::Accept { id: "ffffffff-00000000".to_owned() }, "cluster pending");
    check(&scratch, Decide::Accept { id: "ff".to_owned() }, "no link that waits");
    check(&scratch, Decide::WithdrawLink { id: "x".to_owned() }, "cluster explain");
    check(
        &scratch,
        Decide::WithdrawLink { id: "ffffffff-00000000".to_owned() },
        "no link is named",
    );
    check(&scratch, rule("common_inputs"), "did you mean \"common_input\"?");
    check(&scratch, Decide::WithdrawHeights { from: 3, to: 2 }, "lower one first");
    check(&scratch, Decide::Revoke { id: "0000".to_owned() }, "cluster decisions");
    let tx = ledger::TxId::from_bytes([7; 32]);
    check(&scratch, Decide::WithdrawTransaction { tx, rule: None }, "not in this ledger");
    decide(&scratch, Decide::Accept { id: id.clone() }).unwrap();
    check(&scratch, Decide::Refuse { id: id.clone() }, "cluster revoke");
    let revoked = scratch.engine.view().unwrap().decisions().unwrap().decisions[0].id.clone();
    decide(&scratch, Decide::Revoke { id: revoked.clone() }).unwrap();
    check(&scratch, Decide::Revoke { id: revoked }, "revoked already");
    decide(&scratch, Decide::Refuse { id: id.clone() }).unwrap();
    for (reason, author) in [("", "x"), (" ", "x"), ("x", "")] {
        let what = [Decide::Accept { id: id.clone() }];
        let error = scratch.engine.decide(&what, reason, author, NOW).unwrap_err();
        assert!(error.is_usage() && error.hint().is_some(), "{error}");
    }
}

#[test]
fn questions_can_be_asked_as_of_a_height_and_without_a_rule() {
    let scratch = Scratch::new();
    let blocks = RandomChain::new(5, Shape::default()).next_blocks(20);
    scratch.engine.ingest_blocks(&blocks, NOW).unwrap();
    scratch.run();
    let middle = blocks[10].height.get();
    let early = Scratch::new();
    early.engine.ingest_blocks(&blocks[..11], NOW).unwrap();
    early.run();
    let (now, then) = (scratch.engine.view().unwrap(), early.engine.view().unwrap());
    let mut n_joined = 0;
    for address in then.addresses() {
        let asked = now.members(&address, Some(middle), usize::MAX).unwrap();
        let known = then.members(&address, None, usize::MAX).unwrap();
        assert_eq!((asked.cluster, asked.members), (known.cluster, known.members.clone()));
        let request = ExplainRequest { as_of: Some(middle), ..ExplainRequest::default() };
        for other in known.members.iter().skip(1).take(2) {
            let explained = now.explain(&address, other, &request).unwrap();
            let evidence = then.explain(&address, other, &ExplainRequest::default()).unwrap();
            assert_eq!(explained.evidence, evidence.evidence);
            n_joined += 1;
        }
        let without = ExplainRequest {
            without_rules: vec!["common_input".to_owned(), "same_key".to_owned()],
            ..ExplainRequest::default()
        };
        let other = known.members.last().unwrap();
        let explained = now.explain(&address, other, &without).unwrap();
        let is_used = |rule| explained.evidence.iter().any(|step| step.heuristic == rule);
        assert!(!is_used("common_input") && !is_used("same_key"), "{explained:?}");
    }
    assert!(n_joined > 10, "{n_joined}");
}
