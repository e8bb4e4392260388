#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    AddressFamily, AddressId, Alias, AliasKind, Amount, Asset, Category, ClusterEdge, ClusterId,
    ClusterMember, DecisionKind, DecisionRecord, Entity, EntityId, Height, HeldRecord, Link,
    LinkSource, ListImported, Listing, ListingEvent, ModelRecord, MonitoredPayment, Price,
    Resolution, ScriptType, Spent, Tag, Timestamp, TxIndex, Value, notation,
};

#[track_caller]
pub(super) fn check<Row: PartialEq + std::fmt::Debug>(
    table: &Table,
    rows: &[Row],
    to: fn(&[Row]) -> arrow_array::RecordBatch,
    from: fn(&arrow_array::RecordBatch) -> Result<Vec<Row>, TableError>,
) {
    let batch = to(rows);
    assert_eq!(batch.schema(), table.schema(), "{}", table.name);
    assert_eq!(from(&batch).unwrap(), rows, "{}", table.name);
    assert_eq!(from(&to(&[])).unwrap(), [], "{}", table.name);
    for column in 0..batch.num_columns() {
        let mut cut = batch.clone();
        let name = cut.schema().field(column).name().clone();
        cut.remove_column(column);
        let message = from(&cut).unwrap_err().to_string();
        assert!(message.contains(table.name) && message.contains(&name), "{message}");
    }
    if let Some(key) = table.key {
        assert!(table.schema().column_with_name(key).is_some(), "{} has no {key}", table.name);
    }
}

fn id(number: u32) -> AddressId {
    AddressId::new(number)
}

#[test]
fn chain_tables_are_read_back() {
    let ledger = notation::parse("-> a:50 data:0\n a:50 ?:7 -> b:20 c:30 | b:20 -> a:20").unwrap();
    let batch = &ledger.batch;
    check(&BLOCKS, &batch.blocks, blocks_to, blocks_from);
    check(&TRANSACTIONS, &batch.transactions, transactions_to, transactions_from);
    check(&INPUTS, &batch.inputs, inputs_to, inputs_from);
    let mut outputs = batch.outputs.clone();
    outputs[1].script = Some(Box::new([0x6a, 1, 2]));
    check(&OUTPUTS, &outputs, outputs_to, outputs_from);
    let (tx, height) = (TxIndex::new(3), Height::new(1));
    let alias = Alias { tx, height, kind: AliasKind::WrappedScript, a: id(0), b: id(2) };
    check(&ALIASES, &[alias], aliases_to, aliases_from);
    let known = Spent { address: None, amount_sat: 9, script_type: ScriptType::P2wsh };
    let resolution = Resolution { tx, height, position: 1, spent: known };
    check(&RESOLUTIONS, &[resolution], resolutions_to, resolutions_from);
    let read = batch_from(
        &transactions_to(&batch.transactions),
        &inputs_to(&batch.inputs),
        &outputs_to(&batch.outputs),
    );
    assert_eq!(read.unwrap().views().count(), 3);
}

#[test]
fn derived_tables_are_read_back() {
    let (tx, height) = (TxIndex::new(1 << 40), Height::new(7));
    let link = Link { tx, height, a: id(1), b: id(2), heuristic: 1, confidence: 0.99, source: 0 };
    check(&LINKS, &[link], links_to, links_from);
    let member = ClusterMember { cluster: ClusterId::new(id(1)), address: id(2) };
    check(&CLUSTERS, &[member], clusters_to, clusters_from);
    let edge = ClusterEdge {
        source: ClusterId::new(id(1)),
        target: ClusterId::new(id(4)),
        asset: Asset::btc(),
        amount: Amount::from_units(10_u128.pow(30)),
        n_transactions: 3,
        n_mixing: 1,
        n_amount_unknown: 1,
        value: crate::Value::from_micros(10_i128.pow(37)),
        amount_unpriced: Amount::from_units(7),
        n_high_volatility: 2,
        first_time: Timestamp::new(-5),
        last_time: Timestamp::new(5),
    };
    check(&CLUSTER_EDGES, &[edge], cluster_edges_to, cluster_edges_from);
}

#[test]
fn suggestions_are_read_back() {
    let row = crate::SuggestedLink {
        a: ClusterId::new(id(1)),
        b: ClusterId::new(id(4)),
        height: Height::new(9),
        probability: 0.1 + 0.2,
        log_odds: -1e-300,
        contributions: vec![("prior".to_owned(), -0.1), ("hour".to_owned(), 1.0 / 3.0)],
        evidence: vec![TxIndex::new(3), TxIndex::new(u64::MAX)],
        source: 7,
    };
    let bare =
        crate::SuggestedLink { contributions: Vec::new(), evidence: Vec::new(), ..row.clone() };
    check(&SUGGESTED_LINKS, &[row, bare], suggested_links_to, suggested_links_from);
}

#[test]
fn exposures_are_read_back() {
    let row = crate::Exposure {
        cluster: ClusterId::new(id(4)),
        side: crate::FlowSide::Sent,
        direct: true,
        mixed: false,
        category: crate::Category::SANCTIONED,
        entity: crate::EntityId::new(7),
        amount: Amount::from_units(10_u128.pow(30)),
        value: crate::Value::from_micros(-3),
        amount_unpriced: Amount::from_sat(5),
        n_transfers: 9,
        first_time: Timestamp::new(-5),
        last_time: Timestamp::new(5),
    };
    let pooled = crate::Exposure {
        side: crate::FlowSide::Received,
        mixed: true,
        entity: crate::EntityId::NONE,
        ..row
    };
    check(&EXPOSURES, &[row, pooled], exposures_to, exposures_from);
}

#[test]
fn ranks_and_scores_are_read_back() {
    let cluster = ClusterId::new(id(4));
    let rank = crate::Rank {
        cluster,
        side: crate::FlowSide::Sent,
        category: crate::Category::SANCTIONED,
        score: 0.1 + 0.2,
        contributors: vec![(crate::EntityId::new(7), 1.0 / 3.0), (crate::EntityId::NONE, 1e-300)],
    };
    let bare = crate::Rank { contributors: Vec::new(), ..rank.clone() };
    check(&RANKS, &[rank, bare], ranks_to, ranks_from);
    let score = crate::Score {
        cluster,
        points: 71_250,
        hard_rule: Some("listed".to_owned()),
        profile: "default 1 0011".to_owned(),
        n_terms: 2,
    };
    let bare = crate::Score { hard_rule: None, ..score.clone() };
    check(&SCORES, &[score, bare], scores_to, scores_from);
    let term = crate::ScoreTerm {
        cluster,
        position: 1,
        kind: "exposure".to_owned(),
        category: Some(crate::Category::MIXING),
        entity: crate::EntityId::new(3),
        points: -5,
        basis: "received \u{1f300}".to_owned(),
        source_version: "list ofac-sdn 1".to_owned(),
    };
    let bare = crate::ScoreTerm { category: None, entity: crate::EntityId::NONE, ..term.clone() };
    check(&SCORE_TERMS, &[term, bare], score_terms_to, score_terms_from);
}

#[test]
fn patterns_are_read_back() {
    let row = crate::PatternMatch {
        pattern: 3,
        cluster: ClusterId::new(id(4)),
        height: Height::new(9),
        first_time: Timestamp::new(-5),
        last_time: Timestamp::new(5),
        amount: Amount::from_units(10_u128.pow(30)),
        value: Some(crate::Value::from_micros(-1)),
        n_transfers: 3,
        evidence: vec![TxIndex::new(3), TxIndex::new(u64::MAX)],
        about: "14 senders in 24 h (threshold 10) \u{1f300}".to_owned(),
    };
    let bare = crate::PatternMatch { value: None, evidence: Vec::new(), ..row.clone() };
    check(&PATTERNS, &[bare, row], patterns_to, patterns_from);
}

#[test]
fn mixes_are_read_back() {
    let labelled = crate::Mix {
        tx: TxIndex::new(1 << 40),
        height: Height::new(7),
        protocol: 3,
        variant: 2,
        possible: 0x8004,
        confidence: 0.98,
        n_participants: 49,
        n_equal_outputs: 60,
        denomination_sat: 10_002_606,
        lineage: 2,
    };
    let possible = crate::Mix { protocol: 0, variant: 0, confidence: 0.0, ..labelled };
    check(&MIXES, &[labelled, possible], mixes_to, mixes_from);
}

#[test]
fn attribution_tables_are_read_back() {
    let address = crate::Address::of_20(AddressFamily::Evm, [9; 20]);
    let tag = Tag {
        address,
        address_text: "0x09".to_owned(),
        network: "ETH".to_owned(),
        label: "Mixer \u{1f300}".to_owned(),
        category: "mixing".to_owned(),
        concepts: "mixing;service".to_owned(),
        actor: String::new(),
        source: "https://example.org".to_owned(),
        confidence_name: "web_crawl".to_owned(),
        confidence: 20,
        defines_cluster: true,
        pack: "packs/a.yaml".to_owned(),
        creator: "x".to_owned(),
        modified_at: None,
        known_at: Timestamp::new(1),
    };
    let dated = Tag { modified_at: Some(Timestamp::new(3)), ..tag.clone() };
    check(&TAGS, &[tag, dated], tags_to, tags_from);
    let listing = Listing {
        list: "ofac-sdn".to_owned(),
        event: ListingEvent::Delisted,
        address,
        address_text: "0x09".to_owned(),
        label: "ETH".to_owned(),
        entity_id: "1".to_owned(),
        entity_name: "N".to_owned(),
        programs: "CYBER2".to_owned(),
        effective_at: Timestamp::new(1),
        known_at: Timestamp::new(2),
        list_version: "aa".to_owned(),
    };
    check(&LISTINGS, &[listing], listings_to, listings_from);
    let imported = ListImported {
        list: "ofac-sdn".to_owned(),
        list_version: "aa".to_owned(),
        format: "plain".to_owned(),
        published_at: None,
        known_at: Timestamp::new(2),
        n_entries: 3,
        n_added: 2,
        n_removed: 1,
    };
    check(&LIST_IMPORTS, &[imported], list_imports_to, list_imports_from);
    let price = Price {
        asset: "BTC".to_owned(),
        currency: "USD".to_owned(),
        time: Timestamp::new(0),
        interval_s: 3_600,
        open: 1.0,
        high: 2.0,
        low: 0.5,
        close: 1.5,
        volume: 10.0,
    };
    check(&PRICES, &[price], prices_to, prices_from);
}

#[test]
fn monitored_addresses_are_read_back() {
    let row = crate::MonitoredRecord {
        event: crate::MonitorEvent::Add,
        address: crate::Address::of_20(AddressFamily::Evm, [9; 20]),
        address_text: "0x09".to_owned(),
        label: "customer 17 \u{1f300}".to_owned(),
        reason: "onboarding".to_owned(),
        author: "x".to_owned(),
        at: Timestamp::new(-5),
    };
    let removed = crate::MonitoredRecord { event: crate::MonitorEvent::Remove, ..row.clone() };
    check(&MONITORED, &[row, removed], monitored_to, monitored_from);
}

#[test]
fn decision_tables_are_read_back() {
    let whole = DecisionRecord {
        id: "00aa".to_owned(),
        kind: DecisionKind::WithdrawLink,
        tx_id: Some(crate::TxId::from_bytes([7; 32])),
        a: Some(crate::Address::of_20(AddressFamily::Evm, [9; 20])),
        b: Some(crate::Address::of_20(AddressFamily::Evm, [8; 20])),
        heuristic: Some(1),
        from_height: Some(Height::new(3)),
        to_height: Some(Height::new(4)),
        revokes: Some("00bb".to_owned()),
        reason: "a payjoin \u{1f300}".to_owned(),
        author: "x".to_owned(),
        decided_at: Timestamp::new(-1),
    };
    let bare = DecisionRecord {
        kind: DecisionKind::Revoke,
        tx_id: None,
        a: None,
        b: None,
        heuristic: None,
        from_height: None,
        to_height: None,
        revokes: None,
        ..whole.clone()
    };
    let link = Link {
        tx: TxIndex::new(1 << 40),
        height: Height::new(7),
        a: id(1),
        b: id(2),
        heuristic: 4,
        confidence: 0.5,
        source: 9,
    };
    let held = HeldRecord {
        link,
        reason: 2,
        clusters: [ClusterId::new(id(1)), ClusterId::new(id(0))],
        sizes: [10_000, 3],
        entities: [Some("binance".to_owned()), None],
    };
    check(&HELD_LINKS, &[held], held_links_to, held_links_from);
    let source = LinkSource {
        id: 9,
        kind: "model".to_owned(),
        name: "ab".to_owned(),
        about: "change".to_owned(),
    };
    check(&LINK_SOURCES, &[source], link_sources_to, link_sources_from);
    let model = ModelRecord {
        id: 9,
        kind: "change".to_owned(),
        version: "ab".to_owned(),
        text: "x = 1\n".to_owned(),
        fitted_at: Timestamp::new(5),
    };
    check(&MODELS, &[model], models_to, models_from);
    check(&DECISIONS, &[whole, bare], decisions_to, decisions_from);
}

#[test]
fn models_in_scores_are_read_back() {
    let event = crate::RiskModelEvent {
        kind: crate::RiskModelEventKind::Published,
        name: "laundering".to_owned(),
        version: 2,
        sha256: "ab".to_owned(),
        reason: "why".to_owned(),
        author: "ana".to_owned(),
        at: Timestamp::new(5),
    };
    let rows = [(event.clone(), None), (event.clone(), Some(&b"zip"[..]))];
    let stored = risk_models_to(&rows);
    assert_eq!(risk_models_from(&stored).unwrap(), [event.clone(), event]);
    assert_eq!(risk_model_package(&stored, "ab").unwrap().as_deref(), Some(&b"zip"[..]));
    assert_eq!(risk_model_package(&stored, "cd").unwrap(), None);
}

#[test]
fn alert_tables_are_read_back() {
    let rule = crate::RuleRecord {
        name: "listed".to_owned(),
        version: 2,
        retired: true,
        digest: "00ff".to_owned(),
        text: "name = 1\n".to_owned(),
        reason: "why".to_owned(),
        author: "x".to_owned(),
        published_at: Timestamp::new(-1),
    };
    check(&RULES, &[rule], rules_to, rules_from);
    let raised = crate::AlertEvent {
        number: 1 << 40,
        alert: "00aa".to_owned(),
        kind: crate::AlertEventKind::Raised,
        at: Timestamp::new(5),
        height: Some(Height::new(7)),
        author: String::new(),
        reason: String::new(),
        outcome: None,
        target: None,
        versions: Some("lists 1".to_owned()),
        cause: Some(crate::AlertCause {
            rule: "listed".to_owned(),
            rule_version: 2,
            subject: "cluster:x".to_owned(),
            severity: crate::Severity::Severe,
        }),
    };
    let closed = crate::AlertEvent {
        kind: crate::AlertEventKind::Closed,
        height: None,
        outcome: Some("no_action".to_owned()),
        target: Some("jane".to_owned()),
        versions: None,
        cause: None,
        ..raised.clone()
    };
    check(&ALERT_EVENTS, &[raised, closed], alert_events_to, alert_events_from);
    let fact = crate::AlertFact {
        event: 3,
        position: 1,
        name: "score".to_owned(),
        unit: "points".to_owned(),
        measured: Some(-(10_i128.pow(30))),
        worse: -1,
        value: "75".to_owned(),
        text: "score >= 75".to_owned(),
        rows: "scores a\nscores b".to_owned(),
    };
    let words = crate::AlertFact { measured: None, ..fact.clone() };
    check(&ALERT_FACTS, &[fact, words], alert_facts_to, alert_facts_from);
}

#[test]
fn what_no_table_holds_is_refused_with_its_place() {
    let mut outputs = notation::parse("-> a:1").unwrap().batch.outputs;
    outputs[0].script = Some(Box::new([]));
    let batch = outputs_to(&outputs);
    let mut columns = batch.columns().to_vec();
    columns[5] = std::sync::Arc::new(arrow_array::UInt8Array::from(vec![200]));
    let bent = arrow_array::RecordBatch::try_new(batch.schema(), columns).unwrap();
    let message = outputs_from(&bent).unwrap_err().to_string();
    assert_eq!(message, "table outputs: column script_type, row 0: 200 is not a known value");
}

#[test]
fn risk_entities_are_read_back() {
    let entity = Entity {
        id: EntityId::new(3),
        category: Category::SANCTIONED,
        name: "A party".to_owned(),
        source: "list ofac-sdn".to_owned(),
        source_version: "ab12".to_owned(),
        confidence: 100,
    };
    check(&ENTITIES, &[entity], entities_to, entities_from);
    let row = (ClusterId::new(id(7)), EntityId::new(3));
    let payment = MonitoredPayment {
        payers: vec![ClusterId::new(id(1)), ClusterId::new(id(9))],
        tx: TxIndex::new(5),
        height: Height::new(2),
        time: Timestamp::new(9),
        address: id(3),
        amount_sat: 7,
        value: Some(Value::from_micros(-8)),
        mixing: true,
        payer: Some(ClusterId::new(id(1))),
        points: 99_999,
    };
    let unknown =
        MonitoredPayment { value: None, payer: None, payers: Vec::new(), ..payment.clone() };
    check(&MONITORED_PAYMENTS, &[payment, unknown], monitored_payments_to, monitored_payments_from);
    check(&ENTITY_CLUSTERS, &[row], entity_clusters_to, entity_clusters_from);
}
