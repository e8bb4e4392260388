//! The nearest known word to a mistyped one.
//!
//! Written here, although the workspace locks `strsim`: this crate is built before all others.

/// The word of `known` that `typed` most likely meant; `None` where nothing is near.
pub(crate) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|word| (distance(typed, word), *word))
        .filter(|(distance, word)| *distance * 2 <= word.len().max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edits (insert, delete, replace, swap of neighbors) from `a` to `b`.
/// Source: optimal string alignment, the restricted Damerau-Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KNOWN: &[&str] = &["demo", "test", "check", "tidy", "setup", "help"];

    #[track_caller]
    fn check(typed: &str, meant: Option<&str>) {
        assert_eq!(nearest(typed, KNOWN), meant, "{typed:?}");
    }

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        check("tset", Some("test"));
        check("tests", Some("test"));
        check("deom", Some("demo"));
        check("chekc", Some("check"));
        check("stup", Some("setup"));
        check("hlep", Some("help"));
        check("deploy", None);
        check("", None);
        check("zzzz", None);
    }
}
