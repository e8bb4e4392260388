//! Answers about risk for the tests of rendering, written by hand.

use engine::{
    AlertChange, BandMoveAnswer, ConventionAnswer, EntityAnswer, ExposureAnswer, ExposurePart,
    FlowSide, NearestOfKind, NearnessAnswer, PatternAnswer, PatternsAnswer, Points, ProfileDryRun,
    ProfileReport, RankedAnswer, Sats, ScoreAnswer, SubjectAnswer, TermAnswer, Time, TopAnswer,
    WithoutAnswer,
};
use ledger::{AddressId, Category, ClusterId, Height};

use super::samples::{A, B, SNAPSHOT, trace};

const TIME: i64 = 1_548_516_600;
const PROFILE: &str = "default 1 1a3ed8c168a335ca";

fn cluster() -> ClusterId {
    ClusterId::new(AddressId::new(17))
}

fn subject() -> SubjectAnswer {
    SubjectAnswer {
        address: A.to_owned(),
        cluster: cluster(),
        cluster_size: 3_000,
        known_as: vec!["Bitmarket hot wallet".to_owned()],
        entity: Some(EntityAnswer {
            category: Category::EXCHANGE,
            name: "Bitmarket".to_owned(),
            source: "pack exchanges.yaml".to_owned(),
            source_version: "2024-09-27".to_owned(),
            confidence: 50,
        }),
        computed: true,
    }
}

pub(super) fn score() -> ScoreAnswer {
    let term = |points, kind: &str, category, entity: &str, basis: &str| TermAnswer {
        kind: kind.to_owned(),
        category,
        entity: entity.to_owned(),
        points: Points(points),
        basis: basis.to_owned(),
        source_version: "3".to_owned(),
    };
    ScoreAnswer {
        subject: subject(),
        score: Some(Points(47_688)),
        band: Some("elevated".to_owned()),
        hard_rule: None,
        profile: PROFILE.to_owned(),
        terms: vec![
            term(
                45_000,
                "exposure",
                Some(Category::SANCTIONED),
                "YAN, Xiaobing",
                "received through others from YAN, Xiaobing: 2.5000 %, 1.20000000 BTC",
            ),
            term(
                12_000,
                "proximity",
                Some(Category::SANCTIONED),
                "YAN, Xiaobing",
                "1 contracted hop from YAN, Xiaobing (4 in all), at most 1.20000000 BTC that way",
            ),
            term(688, "pattern", None, "", "pass_through, 1 match: 98 % within 2 h"),
            term(-10_000, "entity", Some(Category::EXCHANGE), "Bitmarket", "supervised"),
        ],
        without: vec![WithoutAnswer {
            without: "YAN, Xiaobing".to_owned(),
            points: Points(0),
            farther_unknown: true,
            model_unknown: false,
        }],
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(super) fn exposure() -> ExposureAnswer {
    let part = |side, direct, mixed, category, entity: &str, amount: u64, share| ExposurePart {
        side,
        direct,
        mixed,
        category,
        entity: entity.to_owned(),
        amount_sat: Sats(amount),
        share,
        value: Some("4312.50".to_owned()),
        unpriced_sat: Sats(0),
        n_transfers: 3,
        first_time_s: Time::new(TIME),
        last_time_s: Time::new(TIME + 86_400),
    };
    let (received, sent) = (FlowSide::Received, FlowSide::Sent);
    ExposureAnswer {
        subject: subject(),
        currency: "USD".to_owned(),
        received_sat: Some(Sats(4_800_000_000)),
        sent_sat: Some(Sats(120_000_000)),
        parts: Some(vec![
            part(received, false, false, Category::UNTRACED, "", 4_680_000_000, 0.975),
            part(received, false, true, Category::SANCTIONED, "YAN, Xiaobing", 120_000_000, 0.025),
            part(sent, true, false, Category::EXCHANGE, "Bitmarket", 120_000_000, 1.0),
        ]),
        conventions: vec![
            ConventionAnswer {
                convention: "haircut",
                amounts: vec![
                    (Category::UNTRACED, Sats(4_680_000_000)),
                    (Category::SANCTIONED, Sats(120_000_000)),
                ],
            },
            ConventionAnswer {
                convention: "poison",
                amounts: vec![(Category::SANCTIONED, Sats(4_800_000_000))],
            },
        ],
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(super) fn nearness() -> NearnessAnswer {
    let way = trace().shortest.expect("the sample has a way");
    NearnessAnswer {
        subject: subject(),
        hops_max: 8,
        nearest: Some(vec![
            NearestOfKind {
                side: FlowSide::Received,
                category: Category::SANCTIONED,
                entity: "YAN, Xiaobing".to_owned(),
                hops: 4,
                hops_contracted: 1,
                bottleneck_sat: Sats(120_000_000),
                share: 0.025,
                path: way.path,
            },
            NearestOfKind {
                side: FlowSide::Sent,
                category: Category::EXCHANGE,
                entity: "Bitmarket".to_owned(),
                hops: 1,
                hops_contracted: 1,
                bottleneck_sat: Sats(120_000_000),
                share: 1.0,
                path: Vec::new(),
            },
        ]),
        stale_because: vec!["blocks came in since the last run".to_owned()],
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(super) fn patterns() -> PatternsAnswer {
    let tx = trace().shortest.expect("the sample has a way").path[0].tx;
    PatternsAnswer {
        currency: "USD".to_owned(),
        patterns: vec![PatternAnswer {
            pattern: "peeling_chain",
            fatf: "many small payments from one large receipt",
            cluster: cluster(),
            address: B.to_owned(),
            height: Height::new(560_070),
            first_time_s: Time::new(TIME),
            last_time_s: Time::new(TIME + 7_200),
            amount_sat: Sats(2_050_000_000),
            value: Some("73800.00".to_owned()),
            n_transfers: 9,
            evidence: vec![tx],
            about: "9 steps that each peel at most 10 %; at least 5 are asked for".to_owned(),
        }],
        total: Some(12),
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(super) fn riskiest() -> TopAnswer {
    let ranked = |address: &str, known_as: Vec<String>, points, because: &str| RankedAnswer {
        cluster: cluster(),
        address: address.to_owned(),
        known_as,
        score: Points(points),
        because: because.to_owned(),
    };
    TopAnswer {
        clusters: vec![
            ranked(A, vec!["YAN, Xiaobing".to_owned()], 100_000, "listed: ofac-sdn 26748"),
            ranked(B, Vec::new(), 47_688, "received through others from YAN, Xiaobing: 2.5000 %"),
        ],
        total: 6_399,
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(super) fn profile_tried() -> ProfileDryRun {
    let change =
        |rule: &str| AlertChange { rule: rule.to_owned(), subject: format!("cluster:{A}") };
    ProfileDryRun {
        old: PROFILE.to_owned(),
        new: "milder 2 00aa11bb22cc33dd".to_owned(),
        n_clusters: 6_399,
        n_points_changed: 812,
        n_bands_changed: 1,
        bands: vec![BandMoveAnswer {
            cluster: cluster(),
            address: A.to_owned(),
            from: "severe".to_owned(),
            to: "elevated".to_owned(),
            points: [Points(91_519), Points(47_688)],
        }],
        alerts_come: vec![change("near-listed")],
        alerts_gone: vec![change("high-score")],
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(super) fn profile_published() -> ProfileReport {
    ProfileReport {
        before: PROFILE.to_owned(),
        after: "milder 2 00aa11bb22cc33dd".to_owned(),
        changed: true,
        snapshot: SNAPSHOT.to_owned(),
    }
}
