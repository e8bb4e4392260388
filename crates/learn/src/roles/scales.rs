//! Levels that have an order: words of known scales, ranges of numbers, grades.

/// Known scales, lowest first; words that mean the same stand together.
const SCALES: [&[&[&str]]; 19] = [
    &[
        &["very low", "lowest"],
        &["low"],
        &["medium", "moderate", "mid", "normal", "average"],
        &["high"],
        &["very high", "highest"],
        &["extreme", "critical"],
    ],
    &[&["xxs"], &["xs"], &["s"], &["m"], &["l"], &["xl"], &["xxl"], &["xxxl"]],
    &[&["tiny"], &["small"], &["medium"], &["large", "big"], &["huge"]],
    &[
        &["very poor", "very bad"],
        &["poor", "bad"],
        &["fair", "average", "ok", "acceptable"],
        &["good"],
        &["very good"],
        &["excellent"],
    ],
    &[&["po"], &["fa"], &["ta"], &["gd"], &["ex"]],
    &[
        &["never"],
        &["rarely", "seldom"],
        &["sometimes", "occasionally"],
        &["often", "frequently"],
        &["always"],
    ],
    &[
        &["strongly disagree"],
        &["disagree"],
        &["neutral", "neither agree nor disagree"],
        &["agree"],
        &["strongly agree"],
    ],
    &[&["very dissatisfied"], &["dissatisfied"], &["neutral"], &["satisfied"], &["very satisfied"]],
    &[&["none"], &["mild", "minor"], &["moderate"], &["severe", "major"], &["critical", "fatal"]],
    &[&["bronze"], &["silver"], &["gold"], &["platinum"], &["diamond"]],
    &[&["basic"], &["standard"], &["premium"]],
    &[&["primary"], &["secondary"], &["tertiary"]],
    &[
        &["first", "1st"],
        &["second", "2nd"],
        &["third", "3rd"],
        &["fourth", "4th"],
        &["fifth", "5th"],
    ],
    &[&["junior"], &["mid", "middle"], &["senior"], &["lead"], &["principal"]],
    &[&["mon"], &["tue"], &["wed"], &["thu"], &["fri"], &["sat"], &["sun"]],
    &[
        &["monday"],
        &["tuesday"],
        &["wednesday"],
        &["thursday"],
        &["friday"],
        &["saturday"],
        &["sunday"],
    ],
    &[
        &["jan"],
        &["feb"],
        &["mar"],
        &["apr"],
        &["may"],
        &["jun"],
        &["jul"],
        &["aug"],
        &["sep", "sept"],
        &["oct"],
        &["nov"],
        &["dec"],
    ],
    &[
        &["january"],
        &["february"],
        &["march"],
        &["april"],
        &["may"],
        &["june"],
        &["july"],
        &["august"],
        &["september"],
        &["october"],
        &["november"],
        &["december"],
    ],
    &[&["cold"], &["cool"], &["warm"], &["hot"]],
];

/// More levels than this are no scale that a person made.
const LEVELS_MAX: usize = 50;

/// The levels (lower case, distinct) in their order, and how it is known; `None` where they have none.
pub(super) fn ordered(levels: &[String]) -> Option<(Vec<String>, &'static str)> {
    if !(3..=LEVELS_MAX).contains(&levels.len()) {
        return None;
    }
    by_words(levels)
        .map(|sorted| (sorted, "words of a known scale"))
        .or_else(|| by_bounds(levels).map(|sorted| (sorted, "ranges of numbers")))
        .or_else(|| by_grades(levels).map(|sorted| (sorted, "grades in a row")))
}

/// Levels sorted by a key that must exist for each and differ between them.
fn sorted_by_key<K: PartialOrd>(
    levels: &[String],
    key: impl Fn(&str) -> Option<K>,
) -> Option<Vec<String>> {
    let keyed: Option<Vec<(K, &String)>> =
        levels.iter().map(|level| Some((key(level)?, level))).collect();
    let mut keyed = keyed?;
    keyed.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal));
    let distinct = keyed.windows(2).all(|pair| pair[0].0 < pair[1].0);
    distinct.then(|| keyed.into_iter().map(|(_, level)| level.clone()).collect())
}

fn by_words(levels: &[String]) -> Option<Vec<String>> {
    SCALES.iter().find_map(|scale| {
        let place = |level: &str| {
            let level = level.replace(['_', '-'], " ");
            scale.iter().position(|words| words.contains(&level.as_str()))
        };
        sorted_by_key(levels, place)
    })
}

/// `18-25`, `<18`, `65+`, `$10k to $20k`, `< 1 year`, `10+ years`: by lower bound. At least one level must be a range,
/// and all that name a unit must name the same.
fn by_bounds(levels: &[String]) -> Option<Vec<String>> {
    let bounds: Option<Vec<Bounds<'_>>> = levels.iter().map(|level| bounds(level)).collect();
    let bounds = bounds?;
    let mut units: Vec<&str> =
        bounds.iter().map(|b| b.unit).filter(|unit| !unit.is_empty()).collect();
    units.sort_unstable();
    units.dedup();
    let named = bounds.iter().any(|b| b.is_range) || bounds.iter().all(|b| !b.unit.is_empty());
    if units.len() > 1 || !named {
        return None;
    }
    sorted_by_key(levels, |level| self::bounds(level).map(|found| found.key))
}

struct Bounds<'a> {
    /// Lower bound, then below (-1), at (0) or above (1) it.
    key: (f64, i8),
    is_range: bool,
    /// What is counted, without the s of the plural.
    unit: &'a str,
}

fn bounds(level: &str) -> Option<Bounds<'_>> {
    let mut rest = level.trim();
    let mut side = 0;
    for (word, its_side) in [
        ("<=", -1),
        (">=", 1),
        ("<", -1),
        (">", 1),
        ("under ", -1),
        ("below ", -1),
        ("up to ", -1),
        ("less than ", -1),
        ("over ", 1),
        ("above ", 1),
        ("more than ", 1),
        ("at least ", 1),
    ] {
        if let Some(after) = rest.strip_prefix(word) {
            (rest, side) = (after.trim_start(), its_side);
            break;
        }
    }
    let (low, mut rest) = leading_number(rest)?;
    let mut is_range = side != 0;
    for word in ["-", "–", "to ", "and ", ".."] {
        let Some(after) = rest.trim_start().strip_prefix(word) else { continue };
        if let Some((high, after)) = leading_number(after.trim_start()) {
            if side != 0 || high < low {
                return None;
            }
            (rest, is_range) = (after, true);
            break;
        }
    }
    for word in ["+", "or more", "and over", "and more", "or over", "plus"] {
        if let Some(after) = rest.trim_start().strip_prefix(word) {
            if side != 0 {
                return None;
            }
            (rest, side, is_range) = (after, 1, true);
            break;
        }
    }
    let unit = rest.trim();
    let is_unit =
        unit.len() <= 16 && unit.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '%');
    is_unit.then(|| Bounds { key: (low, side), is_range, unit: unit.trim_end_matches('s') })
}

/// A number at the start, with its thousands (`k`) and millions (`m`) where nothing else follows the letter.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start_matches(['$', '€', '£']);
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    let digits: String = text[..end].chars().filter(|c| *c != ',').collect();
    let number: f64 = digits.parse().ok()?;
    let rest = &text[end..];
    let scale = |letter: char| {
        let after = rest.strip_prefix(letter)?;
        (!after.starts_with(char::is_alphabetic)).then_some(after)
    };
    match (scale('k'), scale('m')) {
        (Some(after), _) => Some((number * 1e3, after)),
        (_, Some(after)) => Some((number * 1e6, after)),
        _ => Some((number, rest)),
    }
}

/// `a1` to `a5`, `a` to `g`, `a1` to `g5`: a letter, a number from 0 or 1 on, or both, without gaps. A gap means names.
fn by_grades(levels: &[String]) -> Option<Vec<String>> {
    let parts: Option<Vec<(u8, Option<u32>)>> = levels.iter().map(|level| grade(level)).collect();
    let parts = parts?;
    let mut letters: Vec<u8> = parts.iter().map(|part| part.0).collect();
    letters.sort_unstable();
    letters.dedup();
    let mut numbers: Vec<u32> = parts.iter().filter_map(|part| part.1).collect();
    let all_numbered = numbers.len() == parts.len();
    numbers.sort_unstable();
    numbers.dedup();
    let in_a_row = |first: u32, last: u32, count: usize| (last - first) as usize + 1 == count;
    let letters_run = letters.first() == Some(&b'a')
        && in_a_row(u32::from(letters[0]), u32::from(*letters.last()?), letters.len());
    let numbers_run = all_numbered
        && *numbers.first()? <= 1
        && in_a_row(*numbers.first()?, *numbers.last()?, numbers.len());
    let plain_letters = numbers.is_empty() && letters_run && letters.len() >= 4;
    // More steps under one letter are names of shops or the like, numbered as they came.
    let one_letter = numbers_run && letters.len() == 1 && (3..=10).contains(&numbers.len());
    let both = numbers_run && letters_run && letters.len() >= 2 && parts.len() >= 6;
    (plain_letters || one_letter || both).then(|| sorted_by_key(levels, grade)).flatten()
}

fn grade(level: &str) -> Option<(u8, Option<u32>)> {
    let letter = level.bytes().next().filter(u8::is_ascii_lowercase)?;
    let digits = &level[1..];
    let is_number = digits.len() <= 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !(digits.len() > 1 && digits.starts_with('0'));
    if !is_number {
        return None;
    }
    Some((letter, digits.parse().ok()))
}
