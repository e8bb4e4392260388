//! Profiles: every key known, there and in its range; errors with line, column and a suggestion.

use forensics::score::{DEFAULT_PROFILE, PATTERNS, Profile};
use proptest::prelude::*;
use tracehound_forensics as forensics;

#[track_caller]
fn check(from: &str, to: &str, error: &str, hint: Option<&str>) {
    assert!(DEFAULT_PROFILE.contains(from), "{from}");
    let found = Profile::parse(&DEFAULT_PROFILE.replacen(from, to, 1), PATTERNS).unwrap_err();
    assert_eq!((found.to_string().as_str(), found.hint().as_deref()), (error, hint));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let copy = Some("every key must stand in a profile; copy it from the default one");
    check(
        "direct = 100",
        "dirct = 100",
        "line 24, column 1: unknown key \"factors.dirct\"",
        Some("did you mean \"direct\"?"),
    );
    check("direct = 100\n", "", "line 22, column 1: key \"factors.direct\" is missing", copy);
    check(
        "\nversion = 1",
        "\nversion = 0",
        "line 7, column 11: version is not from 1 to 4294967295",
        None,
    );
    check(
        "\nversion = 1",
        "\nversion = 1.5",
        "line 7, column 11: version is float, expected a whole number",
        None,
    );
    check(
        "[dust]",
        "[dirt]",
        "line 15, column 2: unknown key \"dirt\"",
        Some("did you mean \"dust\"?"),
    );
    check(
        "ransomware     = { held = 95",
        "ransomware     = { held = 101",
        "line 61, column 27: ransomware.held is out of its range: a number with up to 3 decimals from -100 to 100",
        None,
    );
    check(
        "ransomware     = { held = 95",
        "ransomware     = { held = 0.0001",
        "line 61, column 27: ransomware.held is out of its range: a number with up to 3 decimals from -100 to 100",
        None,
    );
    check(
        "ransomware     =",
        "ransomwear     =",
        "line 61, column 1: unknown key \"categories.ransomwear\"",
        Some("did you mean \"ransomware\"?"),
    );
    check(
        "fan_in ",
        "fan_inn ",
        "line 79, column 1: unknown key \"patterns.fan_inn\"",
        Some("did you mean \"fan_in\"?"),
    );
}

#[test]
fn curves_and_bands_are_checked() {
    check(
        "[1, 30]",
        "[1, 5]",
        "line 31, column 29: a curve's x ascends and its percent never falls: more is never worth less",
        None,
    );
    check(
        "[[0, 0], [0.1, 10]",
        "[[0, 1], [0.1, 10]",
        "line 31, column 9: a curve begins at [0, 0]: nothing is worth nothing",
        None,
    );
    check(
        "hops = [100",
        "hops = [10",
        "line 34, column 8: hops rise: farther is never worth more",
        None,
    );
    check(
        "currency = \"USD\"",
        "currency = \"U\\u001bD\"",
        "line 9, column 12: currency is not 1 to 64 letters, digits, - and _",
        None,
    );
    check(
        "from = 25",
        "from = 60",
        "line 101, column 1: bands begin at 0, ascend, and have a name each",
        None,
    );
}

#[test]
fn what_is_no_toml_is_named_with_its_place() {
    let found = Profile::parse("name = \"a\"\nversion = = 1\n", PATTERNS).unwrap_err();
    assert_eq!((found.line, found.column), (2, 11));
}

#[test]
fn a_label_follows_values_and_not_comments() {
    let label = |text: &str| Profile::parse(text, PATTERNS).unwrap().label().to_owned();
    let default = label(DEFAULT_PROFILE);
    assert_eq!(default, Profile::default().label());
    assert!(default.starts_with("default 1 ") && default.len() == 26, "{default}");
    assert_eq!(label(&format!("# a comment\n{DEFAULT_PROFILE}")), default);
    assert_ne!(label(&DEFAULT_PROFILE.replace("fan_in              = 4", "fan_in = 5")), default);
    let profile = Profile::default();
    let bands =
        [(0, "low"), (24_999, "low"), (25_000, "medium"), (75_000, "severe"), (100_000, "severe")];
    for (points, band) in bands {
        assert_eq!(profile.band(points), band);
    }
}

#[test]
fn the_reference_page_shows_the_default_profile() {
    let page = include_str!("../../../../docs/reference/profile.md");
    assert!(page.contains(&format!("```toml\n{DEFAULT_PROFILE}```")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics(text in "[a-z\\[\\]=\\.\"\n 0-9{},-]{0,200}", at in 0usize..4_000, cut in 0usize..40) {
        let _ = Profile::parse(&text, PATTERNS);
        let mut torn: String = DEFAULT_PROFILE.chars().take(at).collect();
        torn.push_str(&text);
        torn.extend(DEFAULT_PROFILE.chars().skip(at + cut));
        let _ = Profile::parse(&torn, PATTERNS);
    }
}
