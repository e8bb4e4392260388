//! The page of a backtest: its figures by hand, and names that try to be markup.

use forecast::report::{Case, html};
use forecast::{Bounds, Forecast};
use tracehound_forecast as forecast;

fn case(id: &str, method: &str, origin: usize, mean: [f64; 2], volatile: bool) -> Case {
    let bounds = vec![Bounds { level: 0.8, lower: vec![0.0, 0.0], upper: vec![4.0, 4.0] }];
    Case {
        id: id.to_owned(),
        origin,
        method: method.to_owned(),
        scale: 2.0,
        volatile,
        before: vec![1.0, f64::NAN, 3.0],
        actual: vec![2.0, 6.0],
        forecast: Ok(Forecast { mean: mean.to_vec(), bounds }),
    }
}

#[test]
fn figures_are_those_by_hand() {
    let failed =
        Case { forecast: Err("too short".to_owned()), ..case("b", "auto", 5, [0.0; 2], true) };
    let cases = [
        case("a", "seasonal-naive", 3, [2.0, 2.0], false),
        case("a", "auto", 3, [3.0, 7.0], false),
        case("a", "auto", 4, [2.0, 3.0], true),
        failed,
    ];
    let page = html("load", &cases, &["a: one step is missing".to_owned()]);
    // auto: (0.5 + 0.5) / 2 and (0 + 1.5) / 2 in units of 2; one of two values lies within; width 4 in units of 2; the
    // interval score adds 10 times the miss of 2 at one of two steps.
    let row = "<td>auto</td><td class=\"n\">2</td><td class=\"n\">1</td><td class=\"n\">0.625</td>\
               <td class=\"n\">0.625</td><td class=\"n\">50.0 %</td><td class=\"n\">2.000</td><td class=\"n\">7.000</td>";
    assert!(page.contains(row), "{page}");
    assert!(page.contains("<td>auto, calm</td><td class=\"n\">1</td><td class=\"n\">0.500</td>"));
    assert!(page.contains("b at 5 by auto: too short") && page.contains("a: one step is missing"));
    // Drawn once: the last forecast of `a`, by the method that is not the naive one.
    assert_eq!(page.matches("After 4 values").count(), 1);
    assert!(!page.contains("After 3 values") && !page.contains("NaN"), "{page}");
    assert_eq!(page, html("load", &cases, &["a: one step is missing".to_owned()]));
}

#[test]
fn names_are_no_markup() {
    let name = "<script>alert(1)</script>&\"'\u{7}";
    let page = html(name, &[case(name, name, 3, [1.0, 1.0], false)], &[name.to_owned()]);
    assert!(!page.contains("<script") && !page.contains('\u{7}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"));
    assert!(html("nothing", &[], &[]).ends_with("</main></body></html>\n"));
}
