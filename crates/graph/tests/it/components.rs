//! Components against repeated minimum over the links, in any order, in any cut.

use proptest::prelude::*;
use tracehound_graph::{Components, GraphError, components};

/// The smallest member of each node's component, by taking minima until nothing changes.
pub(crate) fn smallest_members(n_nodes: u32, links: &[(u32, u32)]) -> Vec<u32> {
    let mut label: Vec<u32> = (0..n_nodes).collect();
    loop {
        let before = label.clone();
        for &(a, b) in links {
            let smallest = label[a as usize].min(label[b as usize]);
            (label[a as usize], label[b as usize]) = (smallest, smallest);
        }
        if label == before {
            return label;
        }
    }
}

fn linked(n_nodes: u32, links: &[(u32, u32)]) -> Components {
    let mut components = Components::new(n_nodes);
    for &(a, b) in links {
        components.link(a, b);
    }
    components
}

pub(crate) fn links() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0u32..40, 0u32..40), 0..50)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agree_with_repeated_minima_in_any_order(in_order in links(), shuffled in links().prop_shuffle()) {
        for links in [in_order, shuffled] {
            let expected = smallest_members(40, &links);
            let mut components = linked(40, &links);
            prop_assert_eq!(&components.labels(), &expected);
            let found: Vec<u32> = (0..40).map(|node| components.find(node)).collect();
            prop_assert_eq!(&found, &expected);
            let mut backwards = links.clone();
            backwards.reverse();
            prop_assert_eq!(&linked(40, &backwards).labels(), &expected);
        }
    }

    #[test]
    fn link_is_true_as_often_as_components_get_fewer(links in links()) {
        let mut components = Components::new(40);
        let joined = links.iter().filter(|&&(a, b)| components.link(a, b)).count();
        prop_assert_eq!(components.n_components(), 40 - joined);
    }

    #[test]
    fn any_cut_gives_the_same_labels(links in links(), cut in 0usize..50) {
        let (first, second) = links.split_at(cut.min(links.len()));
        // As few nodes as the first piece needs, stored as labels, taken up again, grown, continued.
        let n_first = first.iter().map(|&(a, b)| a.max(b) + 1).max().unwrap_or(0);
        let mut components = Components::from_labels(&linked(n_first, first).labels()).unwrap();
        components.ensure_nodes(40);
        for &(a, b) in second {
            components.link(a, b);
        }
        prop_assert_eq!(components.labels(), linked(40, &links).labels());
    }

    #[test]
    fn members_and_sizes_are_the_labels_turned_round(links in links()) {
        let components = linked(40, &links);
        let (labels, members, sizes) = (components.labels(), components.members(), components.sizes());
        for root in 0..40 {
            let expected: Vec<u32> = (0..40).filter(|&node| labels[node as usize] == root).collect();
            prop_assert_eq!(members.view().unwrap().row(root), &expected[..]);
            prop_assert_eq!(sizes[root as usize] as usize, expected.len());
        }
    }

    #[test]
    fn taking_links_away_is_as_if_they_had_never_been(links in links(), keep in any::<u64>()) {
        let kept = |at: usize| keep >> (at % 64) & 1 == 1;
        let (mut remaining, mut removed) = (Vec::new(), Vec::new());
        for (at, &link) in links.iter().enumerate() {
            if kept(at) { remaining.push(link) } else { removed.push(link) }
        }
        let mut components = linked(40, &links);
        let before = components.labels();
        let roots = components.rebuild_without(removed.iter().copied(), remaining.iter().copied());
        prop_assert_eq!(components.labels(), smallest_members(40, &remaining));
        let mut expected: Vec<u32> = removed.iter().map(|link| before[link.0 as usize]).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(roots, expected);
    }

    #[test]
    fn a_rebuild_of_some_nodes_is_the_whole_without_the_others(links in links(), mask in any::<u64>()) {
        let nodes: Vec<u32> = (0..40).filter(|node| mask >> node & 1 == 1).collect();
        let is_in = |node: &u32| nodes.contains(node);
        let inner: Vec<_> = links.iter().copied().filter(|(a, b)| is_in(a) && is_in(b)).collect();
        let whole = smallest_members(40, &inner);
        let expected: Vec<u32> = nodes.iter().map(|&node| whole[node as usize]).collect();
        prop_assert_eq!(components(&nodes, links), expected);
    }
}

#[test]
fn labels_that_are_not_smallest_members_are_refused() {
    let refused = |labels: &[u32]| Components::from_labels(labels).unwrap_err();
    assert_eq!(refused(&[1, 1]), GraphError::Label { node: 0, label: 1 });
    assert_eq!(refused(&[0, 0, 1]), GraphError::Label { node: 2, label: 1 });
    assert_eq!(refused(&[0, 9]), GraphError::Label { node: 1, label: 9 });
    assert_eq!(Components::from_labels(&[0, 0, 2, 0]).unwrap().n_components(), 2);
}
