//! Answers for the tests of rendering, written by hand.

mod money;

use std::path::PathBuf;

use engine::{
    AlertsOfRun, ClusterHit, CoinAnswer, ContributionAnswer, DecidedReport, DecisionAnswer,
    DecisionsAnswer, DemoAnswer, DemoQuestion, DemoReport, EvidenceAnswer, ExplainAnswer,
    FeatureAnswer, FeatureValue, FeaturesAnswer, FitAnswer, HeldAnswer, HopAnswer, IngestReport,
    LargeCluster, LinksOfMixAnswer, ListReport, ListStatus, ListingAnswer, MembersAnswer,
    MixAnswer, MixLabelAnswer, NearestAnswer, NeighborAnswer, NeighborhoodAnswer, NeighborhoodNode,
    NeighborhoodPair, NeighborsAnswer, PackReport, PathAnswer, PendingAnswer, PendingPair, Points,
    ProximityAnswer, ResolutionFitAnswer, RunReport, Sats, ScoreGlance, ScreenAnswer, Shown,
    SideAnswer, StatusAnswer, SuggestAnswer, SuggestionAnswer, TagAnswer, TagsReport, Time,
    TraceAnswer, TrainReport, Verdict,
};
use ledger::{AddressId, Chain, ClusterId, Height, TxId};

pub(crate) use money::*;

pub(crate) const A: &str = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h";
pub(crate) const B: &str = "bc1q9zpgru2ztkkyxj4t0rg3sxzu0mhhnx7y9hnlyc";
pub(crate) const C: &str = "3QZZDTVRR9ZfUtwqbMn8xuz1skFcq54Ln1";
pub(super) const SNAPSHOT: &str = "42-9f86d081884c7d65";
const LISTS: &str = "3b7f2c9a1e5d4f60aabbccddeeff00112233445566778899";
const TIME: i64 = 1_548_516_600;

fn cluster(id: u32) -> ClusterId {
    ClusterId::new(AddressId::new(id))
}

pub(crate) fn hop(from: &str, to: &str, satoshi: u64, mixing: bool) -> HopAnswer {
    HopAnswer {
        tx: TxId::from_bytes([0x5e; 32]),
        height: Height::new(560_062),
        time_s: Time::new(TIME),
        from_cluster: cluster(7),
        from_address: from.to_owned(),
        to_cluster: cluster(9),
        to_address: to.to_owned(),
        amount_sat: Sats(satoshi),
        mixing,
        protocol: mixing.then_some("wasabi1"),
        value: None,
        high_volatility: None,
    }
}

pub(crate) fn listing() -> ListingAnswer {
    ListingAnswer {
        list: "ofac-sdn".to_owned(),
        entity_id: "26748".to_owned(),
        entity_name: "YAN, Xiaobing".to_owned(),
        programs: "SDNTK".to_owned(),
        listed_as: A.to_owned(),
        label: "XBT".to_owned(),
        listed_from_s: Time::new(1_566_345_600),
        known_at_s: Time::new(1_727_395_200),
        list_version: LISTS.to_owned(),
    }
}

pub(crate) fn tag(label: &str) -> TagAnswer {
    TagAnswer {
        address: C.to_owned(),
        label: label.to_owned(),
        category: "exchange".to_owned(),
        actor: "binance".to_owned(),
        confidence: 90,
        source: "https://example.org".to_owned(),
        pack: "exchanges.yaml".to_owned(),
    }
}

/// An address of which nothing is known, in the ledger.
pub(crate) fn nothing_found() -> ScreenAnswer {
    ScreenAnswer {
        query: A.to_owned(),
        address: A.to_owned(),
        family: "p2pkh",
        chains: vec![Chain::Bitcoin, Chain::BitcoinCash],
        notes: Vec::new(),
        verdict: Verdict::NothingFound,
        hit: false,
        direct: Vec::new(),
        cluster_hits: Vec::new(),
        cluster_hit_count: 0,
        tags: Vec::new(),
        cluster_tags: Vec::new(),
        cluster_tag_count: 0,
        in_ledger: true,
        cluster: Some(cluster(4512)),
        cluster_size: 1,
        proximity: ProximityAnswer {
            hops_max: 20,
            listed_computed: true,
            tagged_computed: true,
            ..ProximityAnswer::default()
        },
        score: Some(glance(0, "low", None, "", false)),
        stale: false,
        stale_because: Vec::new(),
        list_version: LISTS.to_owned(),
        snapshot: SNAPSHOT.to_owned(),
        as_of_s: None,
    }
}

fn glance(
    points: i64,
    band: &str,
    hard_rule: Option<&str>,
    because: &str,
    stale: bool,
) -> ScoreGlance {
    ScoreGlance {
        points: Points(points),
        band: Some(band.to_owned()),
        hard_rule: hard_rule.map(str::to_owned),
        because: because.to_owned(),
        profile: "default 1".to_owned(),
        stale,
    }
}

/// An address with everything that can be found.
pub(crate) fn listed() -> ScreenAnswer {
    let path = vec![hop(C, B, 123_456_789_012, true), hop(B, A, 50_000_000, false)];
    let nearest = |hops, entity: &str, path: &[HopAnswer]| {
        Some(NearestAnswer {
            hops,
            cluster: cluster(9),
            address: C.to_owned(),
            entity: entity.to_owned(),
            path: path.to_vec(),
        })
    };
    ScreenAnswer {
        query: format!("bitcoin:{A}"),
        notes: vec!["taken out of a payment URI".to_owned()],
        verdict: Verdict::Listed,
        hit: true,
        direct: vec![listing()],
        cluster_hits: vec![ClusterHit { address: B.to_owned(), listings: vec![listing()] }],
        cluster_hit_count: 12,
        tags: vec![tag("Binance\u{202e} \x1b[31mhot")],
        cluster_tags: vec![tag("Binance")],
        cluster_tag_count: 2,
        cluster_size: 1312,
        proximity: ProximityAnswer {
            hops_max: 20,
            listed_computed: true,
            tagged_computed: true,
            from_listed: nearest(2, "SUEX OTC, S.R.O.", &path),
            to_listed: None,
            from_tagged: nearest(2, "SUEX", &path),
            to_tagged: nearest(0, "Binance", &[]),
        },
        score: Some(glance(
            100_000,
            "severe",
            Some("listed"),
            "the owner is on a list: \u{1b}[2JSUEX",
            true,
        )),
        stale: true,
        stale_because: vec!["list ofac-sdn is 49 hours old".to_owned()],
        as_of_s: Some(Time::new(1_566_345_600)),
        ..nothing_found()
    }
}

pub(crate) fn trace() -> TraceAnswer {
    let shortest = PathAnswer {
        hops: 2,
        bottleneck_sat: Some(Sats(50_000_000)),
        reached: "Binance".to_owned(),
        path: vec![hop(C, B, 123_456_789_012, true), hop(B, A, 50_000_000, false)],
    };
    TraceAnswer {
        from: C.to_owned(),
        to: A.to_owned(),
        time_respecting: true,
        same_cluster: false,
        shortest: Some(shortest.clone()),
        further: Vec::new(),
        widest: Some(shortest),
        shortest_truncated_by: None,
        widest_truncated_by: None,
        edges_visited: 12_345,
        hops_max: 20,
        degree_max: 100_000,
        not_through: Vec::new(),
        clusters_not_passed: 0,
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn explain() -> ExplainAnswer {
    let step = |a: &str, b: &str, heuristic, confidence| EvidenceAnswer {
        link: (heuristic != "common_input").then(|| "5e5e5e5e-1a2b3c4d".to_owned()),
        a: a.to_owned(),
        b: b.to_owned(),
        heuristic,
        confidence,
        source: None,
        contributions: Vec::new(),
        tx: TxId::from_bytes([0x5e; 32]),
        height: Height::new(560_062),
        time_s: Time::new(TIME),
    };
    ExplainAnswer {
        a: A.to_owned(),
        b: B.to_owned(),
        same_cluster: true,
        cluster_a: cluster(4512),
        cluster_b: cluster(4512),
        as_of: None,
        without_rules: Vec::new(),
        most_probable: false,
        evidence: vec![step(A, C, "common_input", 0.99), step(C, B, "same_key", 1.0)],
        confidence: 0.99,
        weakest: Some(0),
        not_followed: Vec::new(),
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn not_followed() -> Vec<engine::ApartAnswer> {
    let held = engine::ApartAnswer {
        link: "5e5e5e5e-1a2b3c4d".to_owned(),
        a: A.to_owned(),
        b: B.to_owned(),
        heuristic: "common_input",
        tx: TxId::from_bytes([0x5e; 32]),
        state: "held",
        because: "it would join 1200000 addresses with 10001".to_owned(),
        decision: None,
    };
    let refused = engine::ApartAnswer {
        link: "5e5e5e5e-99887766".to_owned(),
        state: "refuse_link",
        because: "two customers of one exchange".to_owned(),
        decision: Some("0a1b2c3d4e5f".to_owned()),
        ..held.clone()
    };
    vec![held, refused]
}

pub(crate) fn pending() -> PendingAnswer {
    let side = |id, address: &str, size, known_as: &[&str]| SideAnswer {
        cluster: cluster(id),
        address: address.to_owned(),
        size,
        known_as: known_as.iter().map(|name| (*name).to_owned()).collect(),
    };
    let link = |id: &str, because: &str, decided| HeldAnswer {
        id: id.to_owned(),
        a: A.to_owned(),
        b: B.to_owned(),
        heuristic: "common_input",
        confidence: 0.995,
        tx: TxId::from_bytes([0x5e; 32]),
        height: Height::new(560_062),
        time_s: Time::new(TIME),
        because: because.to_owned(),
        decided,
    };
    PendingAnswer {
        pairs: vec![
            PendingPair {
                a: side(4512, A, 1_204_000, &["Binance", "Binance hot wallet"]),
                b: side(77, B, 12_345, &[]),
                links: vec![
                    link("5e5e5e5e-1a2b3c4d", "it would join 1200000 addresses with 10001", None),
                    link("5e5e5e5e-99887766", "", Some("accept_link")),
                ],
            },
            PendingPair {
                a: side(78, C, 3, &["Kraken"]),
                b: side(79, B, 1, &["Bitstamp"]),
                links: vec![link(
                    "5e5e5e5e-00aa00aa",
                    "kraken and bitstamp are two entities",
                    None,
                )],
            },
        ],
        total: 5,
        guard_addresses: 10_000,
        stale_because: vec!["1 decision was made since the last run (`tracehound run`)".to_owned()],
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn decisions() -> DecisionsAnswer {
    let accepted = DecisionAnswer {
        id: "0a1b2c3d4e5f".to_owned(),
        kind: "accept_link",
        link: Some("5e5e5e5e-1a2b3c4d".to_owned()),
        a: Some(A.to_owned()),
        b: Some(B.to_owned()),
        tx: Some(TxId::from_bytes([0x5e; 32])),
        heuristic: Some("common_input"),
        from_height: None,
        to_height: None,
        revokes: None,
        revoked_by: Some("aabbccddeeff".to_owned()),
        reason:
            "the exchange announced that it took the other one over, and both hot wallets moved"
                .to_owned(),
        author: "jane".to_owned(),
        decided_at_s: Time::new(TIME),
        followed: true,
    };
    let bare = DecisionAnswer {
        link: None,
        a: None,
        b: None,
        tx: None,
        heuristic: None,
        revoked_by: None,
        ..accepted.clone()
    };
    let withdrawn = DecisionAnswer {
        id: "112233445566".to_owned(),
        kind: "withdraw_rule",
        heuristic: Some("change"),
        from_height: Some(Height::new(560_062)),
        reason: "a wallet that breaks the model".to_owned(),
        ..bare.clone()
    };
    let revoked = DecisionAnswer {
        id: "aabbccddeeff".to_owned(),
        kind: "revoke",
        revokes: Some("0a1b2c3d4e5f".to_owned()),
        reason: "the wrong link".to_owned(),
        followed: false,
        ..bare
    };
    DecisionsAnswer {
        decisions: vec![accepted, withdrawn, revoked],
        stale_because: vec!["1 decision was made since the last run (`tracehound run`)".to_owned()],
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn decided() -> DecidedReport {
    let DecisionsAnswer { mut decisions, stale_because, snapshot } = decisions();
    DecidedReport { decisions: decisions.split_off(2), stale_because, snapshot }
}

pub(crate) fn suggest() -> SuggestAnswer {
    let PendingAnswer { pairs, stale_because, snapshot, .. } = pending();
    let part = |rule: &str, log_odds| ContributionAnswer {
        rule: rule.to_owned(),
        verdict: String::new(),
        log_odds,
    };
    SuggestAnswer {
        suggestions: vec![SuggestionAnswer {
            id: "5e5e5e5e-0123abcd".to_owned(),
            a: pairs[0].a.clone(),
            b: pairs[1].b.clone(),
            probability: 0.973,
            contributions: vec![part("prior", -3.2), part("hour", 0.01), part("fees", 6.78)],
            evidence: vec![TxId::from_bytes([0x5e; 32])],
            decided: None,
        }],
        total: 3,
        model: Some("fedcba9876543210".to_owned()),
        stale_because,
        snapshot,
    }
}

pub(crate) fn features() -> FeaturesAnswer {
    let feature = |name, value, unit, about| FeatureAnswer { name, value, unit, about };
    FeaturesAnswer {
        address: A.to_owned(),
        cluster: cluster(4512),
        known_as: vec!["Binance".to_owned()],
        features: vec![
            feature(
                "n_addresses",
                Some(FeatureValue::Whole(1312)),
                "addresses",
                "Addresses in the cluster.",
            ),
            feature(
                "first_time_s",
                Some(FeatureValue::Time(TIME)),
                "Unix seconds",
                "Block time of its first transaction.",
            ),
            feature(
                "received_sat",
                Some(FeatureValue::Whole(123_456_789_012)),
                "satoshi",
                "Sum of what it gained by a transaction.",
            ),
            feature(
                "mixing_sending_share",
                Some(FeatureValue::Real(0.0312)),
                "share",
                "Sending transactions that are possibly collaborative.",
            ),
            feature("dwell_mean_s", None, "seconds", "Mean time from output to spending."),
        ],
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn mix() -> MixAnswer {
    let coin = |address: Option<&str>, amount_sat| CoinAnswer {
        address: address.map(str::to_owned),
        amount_sat,
    };
    MixAnswer {
        tx: TxId::from_bytes([0x5e; 32]),
        height: Height::new(560_062),
        time_s: Time::new(TIME),
        label: Some(MixLabelAnswer {
            protocol: "whirlpool",
            variant: None,
            about: "as many equal outputs of a pool's size as inputs, each input's owner gets one",
            confidence: 0.983,
            n_participants: 2,
            n_equal_outputs: 2,
            denomination_sat: 5_000_000,
            lineage: vec!["some inputs come from a Tx0"],
        }),
        possible: vec!["whirlpool"],
        inputs: vec![coin(Some(A), Some(5_000_102)), coin(None, None)],
        outputs: vec![
            coin(Some(B), Some(5_000_000)),
            coin(Some(C), Some(5_000_000)),
            coin(None, Some(0)),
        ],
        links: Some(LinksOfMixAnswer {
            why_not: String::new(),
            n_mappings: "3".to_owned(),
            entropy_bits: 1.585,
            efficiency: 1.0,
            probabilities: vec![vec![2.0 / 3.0, 1.0, 0.0], vec![2.0 / 3.0, 2.0 / 3.0, 0.0]],
            deterministic: vec![(0, 1)],
        }),
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn train() -> TrainReport {
    let share = |measured| serde_json::json!({"measured": measured, "lower": 0.0, "upper": 0.0021});
    let links = |wrong: u64| {
        serde_json::json!({
            "n_links": 4_120, "n_wrong": wrong, "n_negatives": 12_345, "n_positives": 11_000,
            "false_positive_rate": share(0.0003), "wrong_share": share(0.0007), "recall": share(0.374),
        })
    };
    let figures = serde_json::json!({
        "seed": 0, "height_first": 560_062, "height_last": 560_078, "n_transactions": 11_000,
        "n_clusters": 7_000, "n_positives": 11_000, "n_negatives": 12_345, "auc": 0.9612,
        "calibration_error": 0.0061, "calibration_error_other": 0.0102,
        "no_threshold_because": "", "at_threshold": links(3), "at_foreign_threshold": links(4),
        "reliability": {"bins": [
            {"lower": 0.0, "upper": 0.1, "count": 9_000, "mean_predicted": 0.02, "observed_share": 0.021},
            {"lower": 0.9, "upper": 1.0, "count": 8_000, "mean_predicted": 0.98, "observed_share": 0.979},
        ]},
        "rules": [{"rule": "self_change", "n_outputs": 23_345, "n_for": 900, "n_for_right": 899,
                   "n_against": 0, "n_against_right": 0}],
    });
    TrainReport {
        change: FitAnswer {
            version: Some("0123456789abcdef".to_owned()),
            is_new: true,
            threshold: Some(0.9971),
            why_not: String::new(),
            hint: None,
            figures: serde_json::from_value(figures).ok(),
        },
        resolution: ResolutionFitAnswer {
            version: Some("fedcba9876543210".to_owned()),
            is_new: true,
            truth: Some("known".to_owned()),
            why_not: String::new(),
            hint: None,
            figures: serde_json::from_value(serde_json::json!({
                "n_train": [100, 2_000], "n_calibrate": [50, 1_000], "n_test": [51, 1_002],
                "n_left_out": 30, "auc": 0.9931, "expected_calibration_error": 0.0123,
                "reliability": [
                    {"count": 1_000, "weight": 9_000.0, "predicted": 0.01, "observed": 0.012},
                    {"count": 53, "weight": 60.0, "predicted": 0.96, "observed": 0.955},
                ],
            }))
            .ok(),
        },
        stale_because: vec!["another model of change was fitted since the last run".to_owned()],
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn members() -> MembersAnswer {
    MembersAnswer {
        cluster: cluster(4512),
        as_of: None,
        size: 1312,
        members: vec![A.to_owned(), B.to_owned()],
        truncated: true,
        tags: vec![tag("Binance")],
        listed: vec![ClusterHit { address: A.to_owned(), listings: vec![listing()] }],
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn neighborhood() -> NeighborhoodAnswer {
    let rows = |total, shown| Shown { total, shown };
    let node = |id, address: &str, entity: &str, hops, paid, paid_by, state| NeighborhoodNode {
        cluster: cluster(id),
        address: address.to_owned(),
        entity: entity.to_owned(),
        listed: id == 9,
        hops,
        paid,
        paid_by,
        state,
    };
    let pair = |from, to, amount_sat, n_transfers| NeighborhoodPair {
        from: cluster(from),
        to: cluster(to),
        amount_sat,
        n_transfers,
        first_time_s: Time::new(TIME),
        last_time_s: Time::new(TIME + 86_400 * i64::from(n_transfers > 1)),
        worth: engine::WorthAnswer::default(),
    };
    NeighborhoodAnswer {
        address: A.to_owned(),
        cluster: cluster(4512),
        direction: "both",
        hops_max: 2,
        neighbors_max: 2,
        nodes: vec![
            node(4512, A, "Binance", 0, rows(1312, 2), rows(1, 1), "walked"),
            node(77, B, "", 1, rows(1, 1), rows(0, 0), "walked"),
            node(78, B, "Tumbler", 1, rows(0, 0), rows(0, 0), "not_through"),
            node(9, C, "SUEX OTC, S.R.O.", 2, rows(0, 0), rows(0, 0), "last_hop"),
        ],
        pairs: vec![
            pair(4512, 77, 123_456_789_012, 3),
            pair(78, 4512, 50_000_000, 1),
            pair(77, 9, 49_990_000, 1),
        ],
        edges_visited: 12_345,
        truncated_by: Some("edges_visited_max".to_owned()),
        complete_hops: 1,
        not_through: vec!["mixing_service".to_owned()],
        clusters_not_passed: 3,
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn neighbors() -> NeighborsAnswer {
    NeighborsAnswer {
        address: A.to_owned(),
        cluster: cluster(4512),
        direction: "out",
        neighbors: vec![NeighborAnswer {
            cluster: cluster(9),
            address: C.to_owned(),
            entity: "Binance".to_owned(),
            amount_sat: 123_456_789_012,
            n_transfers: 1024,
            first_time_s: Time::new(TIME),
            last_time_s: Time::new(TIME + 3600),
            worth: engine::WorthAnswer::default(),
        }],
        total: 3,
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn status() -> StatusAnswer {
    StatusAnswer {
        blocks: 17,
        first_height: Some(560_062),
        last_height: Some(560_078),
        last_time_s: Some(TIME),
        transactions: 38_245,
        inputs: 81_010,
        inputs_unknown: 40_100,
        outputs: 99_123,
        addresses: 120_456,
        links: 30_111,
        clusters: 9_876,
        clustered_addresses: 40_987,
        largest_clusters: vec![LargeCluster {
            cluster: cluster(9),
            address: C.to_owned(),
            size: 1312,
            entity: "Binance".to_owned(),
        }],
        cluster_edges: 70_001,
        tags: 310_000,
        tagged_addresses: 512,
        listings: 500,
        listed_addresses: 1,
        lists: vec![ListStatus {
            list: "ofac-sdn".to_owned(),
            entries: 500,
            version: LISTS.to_owned(),
            imported_at_s: Time::new(TIME),
        }],
        list_version: LISTS.to_owned(),
        stale: true,
        stale_because: vec!["3 blocks came in after the last run".to_owned()],
        snapshot: SNAPSHOT.to_owned(),
        commit: 42,
        ..StatusAnswer::default()
    }
}

pub(crate) fn ingest() -> IngestReport {
    IngestReport {
        blocks: 17,
        bytes: 19_400_000,
        transactions: 38_245,
        inputs: 81_010,
        inputs_unknown: 40_100,
        outputs: 99_123,
        addresses_new: 120_456,
        blocks_held: 2,
        last_height: Some(560_078),
        commits: 1,
        notes: vec!["passed over notes.txt".to_owned()],
        snapshot: SNAPSHOT.to_owned(),
        ..IngestReport::default()
    }
}

pub(crate) fn list() -> ListReport {
    ListReport {
        list: "ofac-sdn".to_owned(),
        format: "sdn_advanced.xml".to_owned(),
        version: LISTS.to_owned(),
        published_s: Some(Time::new(1_727_395_200)),
        entities: 80,
        entries: 500,
        unmatched: vec!["XMR 4xyz (too short)".to_owned()],
        added: vec![A.to_owned()],
        removed: vec![C.to_owned()],
        unchanged: 498,
        relabelled: 2,
        warnings: vec!["two entries name the same address".to_owned()],
        live: 499,
        added_in_ledger: 1,
        dry_run: true,
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn tags() -> TagsReport {
    TagsReport {
        packs: vec![PackReport {
            pack: "exchanges.yaml".to_owned(),
            tags: 1000,
            refused: 2,
            duplicates: 3,
            reasons: [("checksum fails".to_owned(), 2)].into(),
            remarks: [("no confidence given".to_owned(), 1000)].into(),
            refusals: vec!["line 7: the base58 checksum fails".to_owned()],
        }],
        tags: 1000,
        refused: 2,
        removed: 12,
        twice: vec![
            "exchanges.yaml says what a/exchanges.yaml says, which is held: both count".to_owned(),
        ],
        actors: 5,
        failed: vec!["broken.yaml: line 3: not YAML".to_owned()],
        tags_held: 1000,
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn run() -> RunReport {
    RunReport {
        links_new: 111,
        links: 30_111,
        links_by_heuristic: [("common_input".to_owned(), 30_000), ("same_key".to_owned(), 111)]
            .into(),
        clusters: 9_876,
        clustered_addresses: 40_987,
        largest_cluster: 1312,
        suggested_links: 12,
        held_links: 3,
        addresses_rebuilt: Some(1312),
        decisions_without_effect: 1,
        cluster_edges: 70_001,
        flow_edges: 90_002,
        mixing_transactions: 44,
        mixes_by_protocol: [("wasabi1".to_owned(), 40), ("whirlpool".to_owned(), 0)].into(),
        change_model: "none: `tracehound cluster train` fits one".to_owned(),
        listed_clusters: 1,
        tagged_clusters: 500,
        near_listed: [7, 9],
        known_parties: 24,
        exposed_clusters: 4_373,
        near_known_clusters: 8_212,
        patterns: 589,
        scored_clusters: 4_890,
        alerts: AlertsOfRun {
            rules: 9,
            raised: 52,
            reraised: 1,
            updated: 4,
            withdrawn: 3,
            merged: 2,
            unknown: 7,
            cannot_say: vec![
                "rule large cannot say `value(received, fraud) >= 5 EUR`: `EUR` is no unit here; publish it anew, or \
                 retire it"
                    .to_owned(),
            ],
        },
        up_to_date: false,
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn demo() -> DemoReport {
    let question = |question: &str, command: &str, answer, truth: &str, agrees| DemoQuestion {
        question: question.to_owned(),
        command: command.to_owned(),
        answer,
        truth: truth.to_owned(),
        agrees,
    };
    let mut report = DemoReport {
        ingest: ingest(),
        list: list(),
        tags: tags(),
        prices: engine::PricesReport::default(),
        run: run(),
        status: status(),
        questions: vec![
            question(
                "Have these two addresses one owner?",
                "tracehound cluster explain A B",
                DemoAnswer::Explain(Box::new(explain())),
                "yes: customer 7",
                true,
            ),
            question(
                "Where did the money go?",
                "tracehound trace C --to A",
                DemoAnswer::Trace(Box::new(trace())),
                "over 3 hops",
                false,
            ),
        ],
        ownership: Default::default(),
        store: PathBuf::from("/tmp/tracehound-demo/store"),
        try_next: vec!["tracehound status --store /tmp/tracehound-demo/store".to_owned()],
    };
    (report.ownership.pairs_right, report.ownership.pairs_wrong) = (990, 10);
    report.ownership.pairs_missed = 1010;
    report
}
