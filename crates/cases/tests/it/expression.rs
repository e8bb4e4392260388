//! What is read, how it is written again, and what is refused where.

use cases::{About, Expr, Truth, evaluate};
use proptest::prelude::*;

use crate::{Table, rule, vocabulary};

fn parsed(text: &str) -> Result<Expr, cases::Fault> {
    Expr::parse(text, About::Payment, &vocabulary())
}

#[test]
fn expressions_are_written_in_one_form() {
    #[track_caller]
    fn check(text: &str, written: &str) {
        let expr = parsed(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        assert_eq!(expr.text(&vocabulary()), written);
        assert_eq!(parsed(written).unwrap(), expr, "{written}");
    }
    check("hops(received,sanctioned)<=2", "hops(received, sanctioned) <= 2");
    check("(listed)", "listed");
    check("not (not listed)", "not not listed");
    check("not listed and monitored or mixing", "(not listed and monitored) or mixing");
    check("listed and (monitored and mixing)", "listed and monitored and mixing");
    check("not score >= 75", "not (score >= 75)");
    check("score>=12.50", "score >= 12.5");
    check(
        "value(sent, ransomware, direct) > 10000 USD",
        "value(sent, ransomware, direct) > 10_000 USD",
    );
    check(
        "exposure(sent, fraud, indirect) > 50_000 sat",
        "exposure(sent, fraud, indirect) > 0.0005 BTC",
    );
    check("share(received, mixing) >= 20.5%", "share(received, mixing) >= 20.5 %");
    check("age < 90 min", "age < 90 min");
    check("age < 48 h", "age < 2 d");
    check("pattern('structuring', 720 h) > 0", "pattern(\"structuring\", 30 d) > 0");
    check("total(sent) - total(received) - 1 BTC > 0", "total(sent) - total(received) - 1 BTC > 0");
    check(
        "total(sent) - (total(received) - 1 BTC) > 0",
        "total(sent) - (total(received) - 1 BTC) > 0",
    );
    check("20 % * total(received) <= amount", "20 % * total(received) <= amount");
    check("2 * (size + 1) > 6", "2 * (size + 1) > 6");
    check("amount - 2 BTC >= -1 BTC", "amount - 2 BTC >= -1 BTC");
    check("tag in ['a', \"b c\"]", "tag(\"a\", \"b c\")");
    check("list(\"ofac-sdn\")", "list(\"ofac-sdn\")");
    check("category in [mixing, mixing, gambling]", "category in [mixing, gambling]");
    check(
        "score >= 50 and listed or score >= 90 and (monitored or mixing)",
        "(score >= 50 and listed) or (score >= 90 and (monitored or mixing))",
    );
}

/// The fault of a text: what is marked, what is wrong, what to do.
#[track_caller]
fn refused(text: &str, at: &str, what: &str, hint: &str) {
    let fault = parsed(text).unwrap_err();
    assert_eq!(text.get(fault.span.clone()), Some(at), "{text}: {fault:?}");
    assert!(fault.what.contains(what), "{text}: {fault:?}");
    assert!(fault.hint.clone().unwrap_or_default().contains(hint), "{text}: {fault:?}");
}

#[test]
fn faults_have_their_place_and_a_hint() {
    refused(
        "exposur(received, sanctioned) > 0",
        "exposur",
        "no fact `exposur`",
        "did you mean `exposure`?",
    );
    refused("scor > 5", "scor", "no fact `scor`", "`score`");
    refused("hops(received, sanctoned) < 2", "sanctoned", "no category", "`sanctioned`");
    refused("hops(in, sanctioned) < 2", "in", "where a fact", "");
    refused("hops(inward, sanctioned) < 2", "inward", "not a side", "`received` or `sent`");
    refused("pattern(\"structring\") > 0", "\"structring\"", "no pattern", "`structuring`");
    refused(
        "hops(received, sanctioned) <= 10 USD",
        "hops(received, sanctioned) <= 10 USD",
        "hops and money",
        "",
    );
    refused(
        "value(received, fraud) > 10",
        "value(received, fraud) > 10",
        "money and number",
        "10_000 USD",
    );
    refused(
        "share(received, fraud) > 10",
        "share(received, fraud) > 10",
        "share and number",
        "20 %",
    );
    refused(
        "exposure(received, fraud) > 10",
        "exposure(received, fraud) > 10",
        "coins and number",
        "0.5 BTC",
    );
    refused("value(received, fraud) > 10 EUR", "10 EUR", "`EUR` is no unit", "values in USD");
    refused("score > size", "score > size", "points and count", "");
    refused("score * size > 3", "score * size", "points times count", "bare number");
    refused("score", "score", "is a number (points)", ">=");
    refused("score > 1 > 2", ">", "do not chain", "and b < c");
    refused("1 < 2", "1 < 2", "same of everybody", "compare a fact");
    for (text, hint) in [
        ("share(received, mixing) >= 150 %", "never holds: a share is 0 to 100 %"),
        ("score >= 1000", "never holds: a score is 0 to 100"),
        ("score >= 0", "always holds: a score is 0 to 100"),
        ("score - score >= 0", "compare a fact"),
        ("size + 1 > size", "compare a fact"),
        ("hops(sent, mixing) <= -1", "never holds: the nearest party is 1 hop away"),
        ("total(sent) + total(received) < 0", "never holds: what is counted"),
    ] {
        refused(text, text, "same of everybody", hint);
    }
    for text in ["score >= 100", "score > 99.5", "hops(sent, mixing) <= 1", "size > size * 2 - 5"] {
        assert!(parsed(text).is_ok(), "{text}");
    }
    refused("hops(sent, mined) <= 2", "mined", "no party is of the category", "share(sent, mined)");
    refused(
        "hops_contracted(sent, untraced) > 2",
        "untraced",
        "no party is",
        "share(sent, untraced)",
    );
}

#[test]
fn what_is_no_expression_is_refused() {
    refused("listed &", "&", "belongs to no expression", "`and`");
    refused("score = 5", "=", "belongs to no expression", "`==`");
    refused("listed monitored", "monitored", "not expected here", "`and` or `or`");
    refused("(listed", "(", "missing at the end", "");
    refused("tag(\"a)", "\"a)", "has no end", "close it");
    refused("tag(5)", "5", "needs a text", "tag(");
    refused("list()", "list()", "empty list", "");
    refused("category", "category", "alone is no condition", "category in");
    refused("hops(received)", "hops(received)", "1 arguments", "hops(SIDE, CATEGORY)");
    refused("score > listed", "listed", "has no number", "listed");
    refused("0.0000000001 BTC < amount", "0.0000000001 BTC", "finer than the smallest unit", "");
    refused(
        "amount > 99999999999999999999999999999999999999999 BTC",
        "99999999999999999999999999999999999999999 BTC",
        "too large",
        "",
    );
    refused("1__ < score", "1__", "no number", "10_000");
    refused("- score > 1", "score", "a sign before", "0 - ");
    refused("", "", "the end where", "");
    let deep = format!("{}listed{}", "(".repeat(200), ")".repeat(200));
    assert!(parsed(&deep).unwrap_err().what.contains("nested"));
    let wide = vec!["listed"; 500].join(" and ");
    assert!(parsed(&wide).unwrap_err().what.contains("in a row"));
    let long = "a".repeat(10_001);
    assert!(parsed(&long).unwrap_err().what.contains("bytes"));
    let of_cluster = Expr::parse("amount > 1 BTC", About::Cluster, &vocabulary()).unwrap_err();
    assert!(of_cluster.what.contains("payments only"));
}

/// The verdict, and the facts of its basis.
#[track_caller]
fn decided(when: &str, facts: &Table, verdict: &str, basis: &[&str]) {
    let rule = rule("r", "low", when);
    let (name, rows) = match evaluate(&rule, facts) {
        cases::Verdict::Alert(rows) => ("alert", rows),
        cases::Verdict::Quiet(rows) => ("quiet", rows),
        cases::Verdict::Unknown(rows) => ("unknown", rows),
    };
    let rows: Vec<String> = rows
        .iter()
        .map(|row| format!("{} = {} [{}] {}", row.name, row.value, row.text, row.worse))
        .collect();
    assert_eq!((name, rows), (verdict, basis.iter().map(|row| (*row).to_owned()).collect()));
}

#[test]
fn a_basis_names_the_facts_that_decide() {
    let facts = Table {
        numbers: vec![
            ("score".to_owned(), cases::Range::thousandths(80_500)),
            ("hops(received, sanctioned)".to_owned(), cases::Range::whole(3)),
            ("exposure(received, fraud)".to_owned(), cases::Range::at_least(5)),
        ],
        claims: vec![("listed".to_owned(), Truth::False)],
    };
    decided("score >= 75 or listed", &facts, "alert", &["score = 80.5 [score >= 75] 1"]);
    decided(
        "score >= 75 and not listed",
        &facts,
        "alert",
        &["score = 80.5 [score >= 75] 1", "listed = no [not: listed] 0"],
    );
    decided(
        "hops(received, sanctioned) <= 2 and score >= 10",
        &facts,
        "quiet",
        &["hops(received, sanctioned) = 3 [not: hops(received, sanctioned) <= 2] -1"],
    );
    decided(
        "not hops(received, sanctioned) > 3",
        &facts,
        "alert",
        &["hops(received, sanctioned) = 3 [not: hops(received, sanctioned) > 3] -1"],
    );
    decided(
        "score >= 75 and monitored",
        &facts,
        "unknown",
        &["monitored = not computed [unknown: monitored] 0"],
    );
    decided(
        "exposure(received, fraud) > 9 sat and size > 1",
        &facts,
        "unknown",
        &[
            "exposure(received, fraud) = at least 0.00000005 BTC [unknown: exposure(received, fraud) > 0.00000009 BTC] 1",
            "size = not computed [unknown: size > 1] 1",
        ],
    );
    decided(
        "exposure(received, fraud) > 4 sat",
        &facts,
        "alert",
        &[
            "exposure(received, fraud) = at least 0.00000005 BTC [exposure(received, fraud) > 0.00000004 BTC] 1",
        ],
    );
    decided(
        "score >= 75 and score <= 90",
        &facts,
        "alert",
        &["score = 80.5 [score >= 75; score <= 90] 0"],
    );
}

/// Words that are likely to go far in the parser.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "hops",
        "exposure",
        "score",
        "listed",
        "tag",
        "list",
        "category",
        "in",
        "and",
        "or",
        "not",
        "(",
        ")",
        "[",
        "]",
        ",",
        "<=",
        "==",
        "<",
        "+",
        "-",
        "*",
        "%",
        "5",
        "0.5",
        "10_000",
        "BTC",
        "USD",
        "d",
        "received",
        "sent",
        "sanctioned",
        "direct",
        "\"a\"",
        "'",
        "\"",
        "pattern",
        "\"structuring\"",
        "amount",
        " ",
        "\n",
        "é",
        "=",
        "_",
        ".",
        "1.",
        "99999999999999999999",
    ];
    prop_oneof![
        8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics(pieces in proptest::collection::vec(piece(), 0..20)) {
        for text in [pieces.join(" "), pieces.concat()] {
            match parsed(&text) {
                Ok(expr) => prop_assert_eq!(parsed(&expr.text(&vocabulary())).unwrap(), expr),
                Err(fault) => prop_assert!(text.get(fault.span.clone()).is_some(), "{} {:?}", text, fault),
            }
        }
    }
}
