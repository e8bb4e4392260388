//! Evaluation against a second representation that is read by a plain recursion, and the law that an unknown decides
//! nothing: whatever it turns out to be, a verdict that was given without it stays.

use cases::{About, Expr, Range, Truth};
use proptest::prelude::*;

use crate::{Table, vocabulary};

const NUMBERS: [(&str, i64); 4] = [
    ("hops(received, sanctioned)", 1_000_000),
    ("size", 1_000_000),
    ("exposure(sent, mixing)", 1),
    ("total(sent)", 1),
];
const CLAIMS: [&str; 3] = ["listed", "monitored", "tag(\"x\")"];

/// A number of hops or count (0, 1) or of satoshi (2, 3), by its place in [`NUMBERS`].
#[derive(Clone, Debug)]
enum Sum {
    Fact(usize),
    Literal(i64),
    Plus(Box<Sum>, Box<Sum>),
    Minus(Box<Sum>, Box<Sum>),
    Times(i64, Box<Sum>),
}

#[derive(Clone, Debug)]
enum Tree {
    Claim(usize),
    Compare(usize, usize, Sum, Sum),
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

const SYMBOLS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];

/// Kinds: 0 hops, 1 count, 2 coins. Every sum is of one kind.
fn sum(kind: usize) -> impl Strategy<Value = Sum> {
    let leaf = prop_oneof![
        Just(()).prop_flat_map(move |()| match kind {
            0 => Just(Sum::Fact(0)).boxed(),
            1 => Just(Sum::Fact(1)).boxed(),
            _ => (2_usize..4).prop_map(Sum::Fact).boxed(),
        }),
        (0_i64..6).prop_map(Sum::Literal),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Sum::Plus(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Sum::Minus(Box::new(a), Box::new(b))),
            (-3_i64..4, inner).prop_map(|(n, a)| Sum::Times(n, Box::new(a))),
        ]
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let compare = (0_usize..3).prop_flat_map(|kind| {
        // A fact on the left, so that no comparison is of numbers only.
        let fact = Sum::Fact(kind);
        (Just(kind), 0..SYMBOLS.len(), sum(kind), sum(kind)).prop_map(
            move |(kind, symbol, a, b)| {
                Tree::Compare(kind, symbol, Sum::Plus(Box::new(fact.clone()), Box::new(a)), b)
            },
        )
    });
    let leaf = prop_oneof![(0..CLAIMS.len()).prop_map(Tree::Claim), compare];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| Tree::Not(Box::new(a))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Tree::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn sum_text(sum: &Sum, kind: usize) -> String {
    match sum {
        Sum::Fact(at) => NUMBERS[*at].0.to_owned(),
        Sum::Literal(n) if kind == 2 => format!("{n} sat"),
        Sum::Literal(n) => n.to_string(),
        Sum::Plus(a, b) => format!("({} + {})", sum_text(a, kind), sum_text(b, kind)),
        Sum::Minus(a, b) => format!("({} - {})", sum_text(a, kind), sum_text(b, kind)),
        Sum::Times(n, a) => format!("({n} * {})", sum_text(a, kind)),
    }
}

fn text(tree: &Tree) -> String {
    match tree {
        Tree::Claim(at) => CLAIMS[*at].to_owned(),
        Tree::Compare(kind, symbol, a, b) => {
            format!("({} {} {})", sum_text(a, *kind), SYMBOLS[*symbol], sum_text(b, *kind))
        }
        Tree::Not(a) => format!("(not {})", text(a)),
        Tree::And(a, b) => format!("({} and {})", text(a), text(b)),
        Tree::Or(a, b) => format!("({} or {})", text(a), text(b)),
    }
}

/// Facts as plain options.
#[derive(Clone, Debug)]
struct World {
    numbers: [Option<i64>; 4],
    claims: [Option<bool>; 3],
}

fn number(sum: &Sum, world: &World) -> Option<i64> {
    Some(match sum {
        Sum::Fact(at) => world.numbers[*at]?,
        Sum::Literal(n) => *n,
        Sum::Plus(a, b) => number(a, world)? + number(b, world)?,
        Sum::Minus(a, b) => number(a, world)? - number(b, world)?,
        // Nothing times whatever is nothing.
        Sum::Times(0, _) => 0,
        Sum::Times(n, a) => n * number(a, world)?,
    })
}

fn read(tree: &Tree, world: &World) -> Option<bool> {
    match tree {
        Tree::Claim(at) => world.claims[*at],
        Tree::Compare(_, symbol, a, b) => {
            let (a, b) = (number(a, world)?, number(b, world)?);
            Some([a < b, a <= b, a > b, a >= b, a == b, a != b][*symbol])
        }
        Tree::Not(a) => read(a, world).map(|holds| !holds),
        Tree::And(a, b) => match (read(a, world), read(b, world)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Tree::Or(a, b) => match (read(a, world), read(b, world)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
    }
}

/// Whether a comparison of the tree comes out the same for every small number that its facts can be.
fn is_constant_somewhere(tree: &Tree) -> bool {
    match tree {
        Tree::Claim(_) => false,
        Tree::Not(a) => is_constant_somewhere(a),
        Tree::And(a, b) | Tree::Or(a, b) => is_constant_somewhere(a) || is_constant_somewhere(b),
        Tree::Compare(kind, ..) => {
            let least = i64::from(*kind == 0);
            let said = |n: i64, m: i64| {
                let numbers = [Some(n.max(1)), Some(n), Some(n), Some(m)];
                read(tree, &World { numbers, claims: [None; 3] })
            };
            let pairs = || (least..60).flat_map(|n| (0..60).map(move |m| (n, m)));
            pairs().all(|(n, m)| said(n, m) == said(least, 0))
        }
    }
}

fn table(world: &World) -> Table {
    let numbers = NUMBERS.iter().zip(world.numbers).filter_map(|((name, scale), n)| {
        Some(((*name).to_owned(), Range::exactly(i128::from(n?) * i128::from(*scale))))
    });
    let claims = CLAIMS
        .iter()
        .zip(world.claims)
        .filter_map(|(name, holds)| Some(((*name).to_owned(), Truth::from(holds?))));
    Table { numbers: numbers.collect(), claims: claims.collect() }
}

fn world() -> impl Strategy<Value = World> {
    let number = || proptest::option::weighted(0.7, 0_i64..8);
    let claim = || proptest::option::weighted(0.7, any::<bool>());
    let numbers = [number(), number(), number(), number()];
    (numbers, [claim(), claim(), claim()]).prop_map(|(numbers, claims)| World { numbers, claims })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn evaluation_equals_a_plain_reading(tree in tree(), world in world(), fill in 0_i64..8, claims in any::<bool>()) {
        let text = text(&tree);
        let expr = Expr::parse(&text, About::Cluster, &vocabulary());
        let expr = match expr {
            // Said of everybody, it is refused: whatever the facts, the plain reading says the same.
            Err(fault) if fault.what.contains("same of everybody") => {
                prop_assert!(is_constant_somewhere(&tree), "{}", text);
                return Ok(());
            }
            expr => expr.unwrap_or_else(|fault| panic!("{text}: {fault:?}")),
        };
        let expected = match read(&tree, &world) {
            Some(holds) => Truth::from(holds),
            None => Truth::Unknown,
        };
        let found = expr.truth(&table(&world));
        prop_assert_eq!(found, expected, "{}", text);
        // Written again it is the same, and stays so.
        let written = expr.text(&vocabulary());
        prop_assert_eq!(Expr::parse(&written, About::Cluster, &vocabulary()).unwrap(), expr.clone());
        // What was decided without the unknowns stays whatever they are.
        let whole = World {
            numbers: world.numbers.map(|n| Some(n.unwrap_or(fill))),
            claims: world.claims.map(|c| Some(c.unwrap_or(claims))),
        };
        if found != Truth::Unknown {
            prop_assert_eq!(expr.truth(&table(&whole)), found, "{}", text);
        }
        // A basis is never empty, and what is unknown names what is missing.
        let basis = expr.basis(&table(&world), &vocabulary());
        prop_assert!(!basis.facts.is_empty());
    }

    /// A bound is worth as much as every number that it leaves open.
    #[test]
    fn bounds_are_sound(tree in tree(), world in world(), least in 0_i64..6, more in 0_i64..5) {
        let expr = match Expr::parse(&text(&tree), About::Cluster, &vocabulary()) {
            Err(fault) if fault.what.contains("same of everybody") => return Ok(()),
            expr => expr.unwrap_or_else(|fault| panic!("{}: {fault:?}", text(&tree))),
        };
        let mut bounded = World { numbers: world.numbers.map(|n| n.or(Some(1))), ..world };
        bounded.numbers[2] = None;
        let mut facts = table(&bounded);
        facts.numbers.push((NUMBERS[2].0.to_owned(), Range::at_least(least.into())));
        let said = expr.truth(&facts);
        bounded.numbers[2] = Some(least + more);
        if said != Truth::Unknown {
            prop_assert_eq!(expr.truth(&table(&bounded)), said);
        }
    }
}
