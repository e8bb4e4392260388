//! Heights applied and unwound, against components that never saw them.

use proptest::prelude::*;
use tracehound_graph::{GraphError, Link, ReversibleComponents, TrackedComponents};

use crate::components::links;
use crate::components_tracked::{N_NODES, check, numbered};

fn n_nodes(links: &[(u32, u32)]) -> u32 {
    links.iter().map(|&(a, b)| a.max(b) + 1).max().unwrap_or(0)
}

/// Applies `links[done..to]` at `height`, with as many nodes as they need.
fn apply(components: &mut ReversibleComponents, height: u64, links: &[(u32, u32)], to: usize) {
    let done = components.components().link_next();
    let (a, b): (Vec<u32>, Vec<u32>) = links[done as usize..to].iter().copied().unzip();
    components.apply(height, n_nodes(&links[..to]), done, &a, &b).unwrap();
}

fn check_first(components: &ReversibleComponents, links: &[(u32, u32)], count: usize) {
    let links = &links[..count];
    check(components.components(), n_nodes(links), &numbered(links, u64::MAX));
    assert_eq!(components.components().link_next() as usize, count);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Heights 0, 2, 4, ... end at the places `ends`; unwound to some, and applied again with another ending.
    #[test]
    fn unwinding_is_as_if_the_heights_had_not_been(
        links in links(),
        other in links(),
        mut ends in prop::collection::vec(0usize..50, 1..6),
        to in 0usize..6,
        in_one in any::<bool>(),
    ) {
        ends.iter_mut().for_each(|end| *end = (*end).min(links.len()));
        ends.sort_unstable();
        let mut components = ReversibleComponents::default();
        for (height, &end) in (0u64..).step_by(2).zip(&ends) {
            if in_one {
                apply(&mut components, height, &links, end);
            } else {
                // A height link by link, the paths compressed in between.
                for to in components.components().link_next() as usize..=end {
                    apply(&mut components, height, &links, to);
                }
            }
        }
        let to = to.min(ends.len() - 1);
        // An odd height is one that nothing was applied at.
        components.unwind((to as u64 * 2).saturating_sub(u64::from(in_one))).unwrap();
        let kept = if to == 0 { 0 } else { ends[to - 1] };
        check_first(&components, &links, kept);
        let links = [&links[..kept], &other].concat();
        apply(&mut components, 99, &links, links.len());
        check_first(&components, &links, links.len());
        components.unwind(99).unwrap();
        check_first(&components, &links, kept);
        components.unwind(0).unwrap();
        check_first(&components, &links, 0);
    }

    #[test]
    fn forgetting_keeps_what_is_above(links in links(), cut in 0usize..50) {
        let cut = cut.min(links.len());
        let mut components = ReversibleComponents::default();
        apply(&mut components, 1, &links, cut);
        apply(&mut components, 2, &links, links.len());
        components.forget_before(2);
        prop_assert_eq!(components.unwind(1), Err(GraphError::HeightOrder { expected: 2, found: 1 }));
        check_first(&components, &links, links.len());
        components.unwind(2).unwrap();
        check_first(&components, &links, cut);
        prop_assert_eq!(components.height(), None);
    }
}

/// Enough links that batches are sifted; halving, removal and unwinding go on around the largest component.
#[test]
fn a_large_component_gives_back_what_it_took() {
    let n_nodes = 30_000u32;
    let node = |at: u32, salt: u32| {
        (at ^ salt).wrapping_mul(0x9E37_79B9).rotate_left(13).wrapping_mul(0x85EB_CA6B) % n_nodes
    };
    let mut components = ReversibleComponents::new(TrackedComponents::default(), 7);
    let mut states = Vec::new();
    for height in 7..27u32 {
        states.push(labels_sizes_forest(components.components()));
        let first = components.components().link_next();
        let (a, b): (Vec<u32>, Vec<u32>) =
            (first..first + 4000).map(|at| (node(at, height), node(at, 1 << 20))).unzip();
        components.apply(u64::from(height), n_nodes, first, &a, &b).unwrap();
    }
    let size = components.components().size(0);
    assert!(size > n_nodes / 2, "{size} is no large component");
    for height in [26usize, 20, 19, 12, 7] {
        components.unwind(height as u64).unwrap();
        let expected = &states[height - 7];
        assert_eq!(&labels_sizes_forest(components.components()), expected);
        // And again, so that what the sieve knows after an unwind is put to the test.
        let (ups, downs): (Vec<u32>, Vec<u32>) = (1..n_nodes).map(|node| (node, node - 1)).unzip();
        let first = components.components().link_next();
        components.apply(u64::MAX, n_nodes, first, &ups, &downs).unwrap();
        assert_eq!(components.components().size(9), n_nodes);
        components.unwind(u64::MAX).unwrap();
        assert_eq!(&labels_sizes_forest(components.components()), expected);
    }
}

fn labels_sizes_forest(components: &TrackedComponents) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let sizes = (0..components.n_nodes()).map(|node| components.size(node)).collect();
    (components.labels(), sizes, components.forest())
}

#[test]
fn heights_only_rise_and_removal_ends_the_way_back() {
    let mut components = ReversibleComponents::new(TrackedComponents::new(N_NODES), 5);
    let order = |expected, found| GraphError::HeightOrder { expected, found };
    assert_eq!(components.apply(4, N_NODES, 0, &[], &[]), Err(order(5, 4)));
    assert_eq!(components.apply(6, N_NODES, 0, &[0, 1, 2], &[1, 2, 0]), Ok(2));
    assert_eq!(components.apply(5, N_NODES, 3, &[], &[]), Err(order(6, 5)));
    // Refused whole: the nodes of the batch are not there afterwards, and the height has not begun.
    assert!(components.apply(8, 90, 3, &[89], &[90]).is_err());
    assert_eq!((components.components().n_nodes(), components.height()), (N_NODES, Some(6)));
    let [joined, first] = [Link { id: 2, a: 2, b: 0 }, Link { id: 0, a: 0, b: 1 }];
    let links_of = |_node: u32, out: &mut Vec<Link>| out.push(Link { id: 1, a: 1, b: 2 });
    assert_eq!(components.remove_links(&[joined], links_of), Ok(vec![]), "it joined nothing");
    assert_eq!(components.height_min(), 5);
    assert_eq!(components.remove_links(&[first], links_of), Ok(vec![0]));
    assert_eq!(components.unwind(6), Err(order(7, 6)));
    check(components.components(), N_NODES, &[Link { id: 1, a: 1, b: 2 }]);
}
