//! Completions, man pages, help and the reference: all made from one description.

use crate::world::run;

#[test]
fn the_reference_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/cli.md");
    let made = run(&["reference"]).exits(0).stdout;
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        made == kept,
        "docs/reference/cli.md is out of date: tracehound reference > docs/reference/cli.md"
    );
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).exits(0).stdout;
        for word in ["screen", "neighbors", "as-of"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn every_command_has_a_man_page() {
    let page = run(&["man"]).exits(0).stdout;
    assert!(page.contains(".TH tracehound 1") && page.contains("Exit codes"), "{page}");
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("man1");
    run(&["man", "--dir", folder.to_str().unwrap()]).exits(0);
    for page in ["tracehound.1", "tracehound-screen.1", "tracehound-cluster-explain.1"] {
        assert!(folder.join(page).is_file(), "{page}");
    }
}

#[test]
fn help_has_no_color_in_a_pipe_and_an_example() {
    for words in [vec!["--help"], vec!["screen", "--help"], vec!["lists", "import", "-h"]] {
        let help = run(&words).exits(0).stdout;
        assert!(help.contains("Example") && !help.contains('\x1b'), "{help}");
    }
}
