#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// `kept` is what remains of `source`, spaces squeezed.
#[track_caller]
fn check_code(source: &str, kept: &str) {
    let code = code_only(source);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), kept);
    assert_eq!(code.len(), source.len());
}

/// Functions as `name first-last`.
#[track_caller]
fn check_functions(source: &str, expected: &[&str]) {
    let code = code_only(source);
    let show = |f: Function<'_>| format!("{} {}-{}", f.name, f.first_line, f.last_line);
    assert_eq!(functions(&code).into_iter().map(show).collect::<Vec<_>>(), expected);
}

#[test]
fn comments_are_blanked() {
    check_code("a // }\nb", "a b");
    check_code("a /* { /* } */ */ b", "a b");
    check_code("/// unsafe\n//! unsafe\nc", "c");
    check_code("a /* never closed", "a");
    check_code("a /**/ b /***/ c", "a b c");
}

#[test]
fn strings_are_blanked() {
    check_code(r#"a "}" b"#, "a b");
    check_code(r#"a "\"}" b"#, "a b");
    check_code(r#"a "\\" b "}" c"#, "a b c");
    check_code(r#"a b"}" c"}" d"#, "a b c d");
    check_code("a \"two\nlines }\" b", "a b");
    check_code(r#"a "// no comment" b"#, "a b");
    check_code("a \"é}\" b", "a b");
}

#[test]
fn raw_strings_end_with_as_many_hashes() {
    check_code(r##"a r"\" b"##, "a b");
    check_code(r###"a r#"}"{"# b"###, "a b");
    check_code(r####"a br##"}"# {"## b cr#"}"# c"####, "a b c");
    check_code("a r#fn b", "a r#fn b");
    check_code("for\"}\"", "for");
}

#[test]
fn characters_are_told_from_lifetimes() {
    check_code("a '}' b", "a b");
    check_code(r"a '\'' '{' b", "a b");
    check_code(r"a '\\' '{' '\u{7D}' b", "a b");
    check_code("a b'\"' c '\"' d", "a b c d");
    check_code("a '}' 'é' '{' b", "a b");
    check_code("f<'a, 'b>(x: &'a str)", "f<'a, 'b>(x: &'a str)");
    check_code("'outer: loop { break 'outer; }", "'outer: loop { break 'outer; }");
    check_code("x: &'static str = \"}\"", "x: &'static str =");
}

#[test]
fn a_function_ends_at_its_own_brace() {
    check_functions("fn a() {}", &["a 1-1"]);
    check_functions("fn a() {\n    if x { '}' }\n}\nfn b() {\n}", &["a 1-3", "b 4-5"]);
    check_functions("#[inline]\n\npub(crate) const fn a()\nwhere\n    T: X,\n{\n}", &["a 3-7"]);
    check_functions("fn a() {\n    fn b() {\n    }\n}", &["a 1-4", "b 2-3"]);
    check_functions("impl A {\n    async fn a(&self) {\n        \"}\"\n    }\n}", &["a 2-4"]);
    check_functions("fn r#type() {\n}", &["r 1-2"]);
}

#[test]
fn what_only_looks_like_a_function_is_none() {
    check_functions("trait A { fn a(&self) -> [u8; 4]; fn b(&self) {\n} }", &["b 1-2"]);
    check_functions("type F = fn(u32) -> u32; // fn no() {}", &[]);
    check_functions("let s = \"fn no() {}\";", &[]);
    check_functions("macro_rules! m { ($name:ident) => { fn $name() {} } }", &[]);
    check_functions("struct Confn { fn_name: u32 }", &[]);
}

#[test]
fn braces_of_a_signature_are_not_the_body() {
    check_functions("fn a() -> Table<{ ROWS * 2 }, u8> {\n}", &["a 1-2"]);
    check_functions("fn a(x: [u8; { N }]) -> impl Fn(u8) -> u8 {\n}", &["a 1-2"]);
    check_functions("fn a<F: Fn() -> Vec<Vec<u8>>>(f: F) {\n}\nstruct S { a: u8 }", &["a 1-2"]);
}

/// Pieces that hide braces, and what is left of each.
const PIECES: &[&str] = &[
    "\"}\"",
    "'{'",
    "r#\"\"}\"#",
    "/* } */",
    "// }\n",
    "{ x }",
    "'a: loop {}",
    "b'}'",
    "\"\\\"{\"",
    "\n",
    "x = y;",
    "b\"{\"",
    "/* /* { */ */",
    "r\"\\\"",
];

proptest! {
    /// Whatever stands in a body, the function after it starts where it was written.
    #[test]
    fn no_mixture_of_literals_moves_the_next_function(
        picks in prop::collection::vec(0..PIECES.len(), 0..12),
    ) {
        let body: Vec<&str> = picks.iter().map(|pick| PIECES[*pick]).collect();
        let source = format!("fn first() {{\n{}\n}}\nfn second() {{}}\n", body.join(" "));
        let last = source.lines().count();
        let code = code_only(&source);
        let found = functions(&code);
        prop_assert_eq!(found.len(), 2);
        prop_assert_eq!((found[0].first_line, found[0].last_line), (1, last - 1));
        prop_assert_eq!((found[1].first_line, found[1].last_line), (last, last));
    }

    /// Arbitrary text neither panics nor changes its length or lines.
    #[test]
    fn any_text_keeps_its_shape(source in "[ -~é\n'\"#/*\\\\r{}]{0,80}") {
        let code = code_only(&source);
        prop_assert_eq!(code.len(), source.len());
        prop_assert_eq!(code.lines().count(), source.lines().count());
        functions(&code);
    }
}
