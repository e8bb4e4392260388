#![allow(clippy::unwrap_used)]

use super::*;

const LOOK: Look = Look { color: false, width: 100, full: false };

#[test]
fn show() {
    let mut all = String::new();
    for page in [
        screen(&samples::listed(), LOOK), screen(&samples::nothing_found(), LOOK),
        screen_line(&samples::listed(), LOOK), screen_line(&samples::nothing_found(), LOOK),
        trace(&samples::trace(), None, LOOK), explain(&samples::explain(), LOOK), members(&samples::members(), LOOK),
        neighbors(&samples::neighbors(), LOOK), status(&samples::status(), LOOK), ingest(&samples::ingest(), LOOK),
        list(&samples::list(), LOOK), tags(&samples::tags(), LOOK), run(&samples::run(), LOOK), demo(&samples::demo(), LOOK),
    ] { all += &page; all += "=========\n"; }
    panic!("{all}");
}
