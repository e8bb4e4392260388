//! The page of the language says what the code does.

use cases::{About, Expr, fact_helps, parse_rules};

use crate::vocabulary;

const PAGE: &str = include_str!("../../../../docs/methods/rules.md");

#[test]
fn the_facts_of_the_page_are_those_of_the_language() {
    let rows: Vec<String> = PAGE
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.replace("\\|", "/"))
        .collect();
    let helps: Vec<String> = fact_helps()
        .iter()
        .map(|help| {
            let of = if help.payment { "; payments only" } else { "" };
            let form = help.form.replace('|', "/");
            format!("| `{form}` | {} | {}{of} |", help.unit, help.about)
        })
        .collect();
    assert_eq!(rows, helps);
}

#[test]
fn the_examples_of_the_page_are_read() {
    let blocks: Vec<&str> =
        PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 1);
    for block in blocks {
        assert_eq!(parse_rules(block, &vocabulary()).unwrap().len(), 1, "{block}");
    }
    for literal in [
        "amount > 0.5 BTC",
        "amount > 50_000 sat",
        "amount_value > 10_000 USD",
        "share(sent, mixing) > 20 %",
        "age > 90 s",
        "age > 15 min",
        "age > 36 h",
        "age > 30 d",
        "tag(\"text\")",
        "tag('text')",
        "20 % * total(received) > amount",
    ] {
        assert!(Expr::parse(literal, About::Payment, &vocabulary()).is_ok(), "{literal}");
    }
}
