//! Facts out of the ledger's rows: what they add up to, and what stays unknown.

use cases::{About, ClusterFacts, Expr, Facts, ListedAs, PaymentFacts, TaggedAs, Truth};
use ledger::{
    AddressId, Amount, Category, ClusterId, Entity, EntityId, Exposure, FlowSide, Height,
    PatternMatch, ProximityRow, Score, Timestamp, TxIndex, Value,
};

use crate::vocabulary;

const CLUSTER: ClusterId = ClusterId::new(AddressId::new(1));

fn exposure(
    side: FlowSide,
    direct: bool,
    mixed: bool,
    category: &str,
    sat: u64,
    unpriced: u64,
) -> Exposure {
    Exposure {
        cluster: CLUSTER,
        side,
        direct,
        mixed,
        category: Category::from_name(category).unwrap(),
        entity: EntityId::new(0),
        amount: Amount::from_sat(sat),
        value: Value::from_micros(i128::from(sat - unpriced) * 1_000_000),
        amount_unpriced: Amount::from_sat(unpriced),
        n_transfers: 1,
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(0),
    }
}

fn pattern(number: u8, last: i64) -> PatternMatch {
    PatternMatch {
        pattern: number,
        cluster: CLUSTER,
        height: Height::new(3),
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(last),
        amount: Amount::from_sat(1),
        value: None,
        n_transfers: 2,
        evidence: vec![TxIndex::new(1)],
        about: "14 senders".to_owned(),
    }
}

const UNKNOWN: ClusterFacts<'static> = ClusterFacts {
    address: "bc1a",
    now: Timestamp::new(100 * 86_400),
    first_seen: None,
    n_addresses: None,
    listed: None,
    tags: None,
    categories: None,
    monitored: None,
    exposures: None,
    has_money: true,
    proximities: None,
    hops_max: 8,
    patterns: None,
    score: None,
    model_terms: &[],
    entities: &[],
};

#[track_caller]
fn check(facts: &dyn Facts, when: &str, truth: Truth) {
    let expr = Expr::parse(when, About::Payment, &vocabulary()).unwrap();
    assert_eq!(expr.truth(facts), truth, "{when}");
}

use Truth::{False, True, Unknown};

/// What the rows of the test below say.
const OF_CLUSTER: &[(&str, Truth)] = &[
    ("exposure(received, sanctioned) == 30 sat", True),
    ("exposure(received, sanctioned, direct) == 10 sat", True),
    ("exposure(received, sanctioned, indirect) == 20 sat", True),
    ("exposure(sent, sanctioned) == 0", True),
    ("total(received) == 100 sat and total(sent) == 40 sat", True),
    ("share(received, sanctioned) == 30 %", True),
    ("share(sent, exchange) == 100 %", True),
    ("mixed(received) == 90 % and mixed(sent) == 0", True),
    // 5 of the 30 had no price: what is known is a least.
    ("value(received, sanctioned) >= 25 USD", True),
    ("value(received, sanctioned) > 25 USD", Unknown),
    ("value(received, sanctioned) < 25 USD", False),
    ("value(received, sanctioned, direct) == 10 USD", True),
    ("total_value(sent) == 40 USD", True),
    ("hops(received, sanctioned) == 5 and hops_contracted(received, sanctioned) == 2", True),
    // None within 8: farther, or nowhere.
    ("hops(sent, sanctioned) <= 8", False),
    ("hops(sent, sanctioned) > 8", True),
    ("hops(sent, sanctioned) > 9", Unknown),
    ("hops(sent, sanctioned) == 9", Unknown),
    ("pattern('structuring') == 2 and pattern('structuring', 30 d) == 1", True),
    ("pattern('structuring', 5 d) == 1 and pattern('structuring', 4 d) == 0", True),
    ("pattern('peeling_chain') == 1", True),
    ("score < 75 and score >= 74.999", True),
    ("size == 3 and age == 2 d", True),
    ("listed and list('ofac-sdn') and not list('uk')", True),
    ("tag('lockbit') and not tag('lock')", True),
    ("category in [gambling, mixing] and not category in [gambling]", True),
    ("monitored", False),
    ("mixing", Unknown),
    ("amount > 1 sat", Unknown),
];

/// Calls `with` with a cluster of which everything is known.
fn whole(with: impl FnOnce(ClusterFacts<'_>)) {
    let rows = [
        exposure(FlowSide::Received, true, false, "sanctioned", 10, 0),
        exposure(FlowSide::Received, false, true, "sanctioned", 20, 5),
        exposure(FlowSide::Received, false, true, "untraced", 70, 70),
        exposure(FlowSide::Sent, true, false, "exchange", 40, 0),
    ];
    let near = ProximityRow {
        cluster: CLUSTER,
        side: FlowSide::Received,
        category: Category::SANCTIONED,
        entity: EntityId::new(0),
        hops: 5,
        hops_contracted: 2,
        bottleneck_sat: 10,
        share: 0.3,
    };
    let score = Score {
        cluster: CLUSTER,
        points: 74_999,
        hard_rule: None,
        profile: "d 1".to_owned(),
        n_terms: 1,
    };
    let entity = Entity {
        id: EntityId::new(0),
        category: Category::SANCTIONED,
        name: "Lazarus".to_owned(),
        source: "list x".to_owned(),
        source_version: "1".to_owned(),
        confidence: 100,
    };
    let found = [pattern(1, 10 * 86_400), pattern(1, 95 * 86_400), pattern(7, 0)];
    let listed = [ListedAs {
        list: "ofac-sdn".to_owned(),
        entity_id: "1".to_owned(),
        entity_name: "N".to_owned(),
        address: "bc1a".to_owned(),
    }];
    let tags = [TaggedAs {
        label: "LockBit".to_owned(),
        actor: String::new(),
        category: Category::OTHER,
        pack: "p".to_owned(),
    }];
    with(ClusterFacts {
        first_seen: Some(Timestamp::new(98 * 86_400)),
        n_addresses: Some(3),
        listed: Some(&listed),
        tags: Some(&tags),
        categories: Some(&[Category::MIXING]),
        monitored: Some(false),
        exposures: Some(&rows),
        proximities: Some(&[near]),
        patterns: Some(&found),
        score: Some(&score),
        entities: std::slice::from_ref(&entity),
        ..UNKNOWN
    });
}

#[test]
fn rows_add_up() {
    whole(|facts| {
        for (when, truth) in OF_CLUSTER {
            check(&facts, when, *truth);
        }
    });
}

#[test]
fn a_basis_names_its_rows() {
    whole(|facts| {
        let expr = Expr::parse(
            "exposure(received, sanctioned) > 0 and listed and pattern('structuring') > 0",
            About::Cluster,
            &vocabulary(),
        )
        .unwrap();
        let basis = expr.basis(&facts, &vocabulary()).facts;
        assert_eq!(
            basis[0].rows,
            "exposures cluster=bc1a side=received category=sanctioned indirect mixed entity=Lazarus\n\
         exposures cluster=bc1a side=received category=sanctioned direct entity=Lazarus"
        );
        assert_eq!(basis[1].value, "N (ofac-sdn 1)");
        assert_eq!(basis[1].rows, "listings list=ofac-sdn entity_id=1 address=bc1a");
        assert!(
            basis[2].rows.contains("pattern=structuring height=3: 14 senders"),
            "{}",
            basis[2].rows
        );
    });
}

#[test]
fn a_payment_knows_its_payer() {
    whole(|facts| {
        let payment = PaymentFacts {
            payer: facts,
            amount_sat: Some(7),
            value: None,
            mixing: Some(true),
            monitored: Some(true),
            score: Some(50_000),
            tx: "ab",
        };
        for (when, truth) in [
            ("monitored and mixing and amount == 7 sat", True),
            ("amount_value > 1 USD", Unknown),
            ("payment_score == 50 and score >= 74", True),
        ] {
            check(&payment, when, truth);
        }
    });
}

#[test]
fn what_was_not_computed_is_unknown() {
    for help in cases::fact_helps() {
        let when = match (help.name, help.unit) {
            ("hops" | "hops_contracted", _) => format!("{}(sent, mixing) < 5", help.name),
            ("exposure" | "value" | "share", _) => format!("{}(sent, mixing) > 0", help.name),
            ("mixed" | "total" | "total_value", _) => format!("{}(sent) > 0", help.name),
            ("pattern", _) => "pattern('structuring') > 0".to_owned(),
            ("list" | "tag", _) => format!("{}('x')", help.name),
            ("category", _) => "category in [mixing]".to_owned(),
            (name, "yes or no") => name.to_owned(),
            (name, _) => format!("{name} > 0"),
        };
        check(&UNKNOWN, &when, Unknown);
        check(&UNKNOWN, &format!("not ({when})"), Unknown);
    }
    let nothing = ClusterFacts { exposures: Some(&[]), listed: Some(&[]), ..UNKNOWN };
    check(&nothing, "share(received, mixing) > 0", False);
    check(&nothing, "listed", False);
}

#[test]
fn a_list_names_its_own_entries_only_and_no_blanks() {
    let entry = |list: &str, id: &str, name: &str| ListedAs {
        list: list.to_owned(),
        entity_id: id.to_owned(),
        entity_name: name.to_owned(),
        address: "bc1a".to_owned(),
    };
    let listed = [entry("ofac-sdn", "1", "N"), entry("house", "", "")];
    let facts = ClusterFacts { listed: Some(&listed), ..UNKNOWN };
    let basis = |when: &str| {
        let expr = Expr::parse(when, About::Cluster, &vocabulary()).unwrap();
        let fact = expr.basis(&facts, &vocabulary()).facts.remove(0);
        (fact.value, fact.rows)
    };
    let house = ("bc1a (house)".to_owned(), "listings list=house address=bc1a".to_owned());
    assert_eq!(basis("list('house')"), house);
    let (value, rows) = basis("listed");
    assert_eq!(value, "N (ofac-sdn 1); bc1a (house)");
    assert_eq!(rows, format!("listings list=ofac-sdn entity_id=1 address=bc1a\n{}", house.1));
}

#[test]
fn values_of_another_currency_are_unknown() {
    whole(|facts| {
        let other = ClusterFacts { has_money: false, ..facts };
        check(&other, "value(received, sanctioned) >= 25 USD", Unknown);
        check(&other, "total_value(sent) < 40 USD", Unknown);
        check(&other, "total(received) == 100 sat", True);
    });
}
