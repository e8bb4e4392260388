//! Sizes, members and evidence against repeated minimum, and against Kruskal's forest made with it.

use proptest::prelude::*;
use tracehound_graph::{GraphError, TrackedComponents};

use crate::components::{links, smallest_members};

pub(crate) const N_NODES: u32 = 40;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) id: u32,
    pub(crate) a: u32,
    pub(crate) b: u32,
}

/// The links with their places as ids, those only whose bit in `keep` is set.
pub(crate) fn numbered(links: &[(u32, u32)], keep: u64) -> Vec<Link> {
    let ids = (0u32..).zip(links).filter(|(id, _)| keep >> (id % 64) & 1 == 1);
    ids.map(|(id, &(a, b))| Link { id, a, b }).collect()
}

fn ends(links: &[Link]) -> Vec<(u32, u32)> {
    links.iter().map(|link| (link.a, link.b)).collect()
}

/// Everything the components say of `links`, and nothing else.
pub(crate) fn check(components: &TrackedComponents, n_nodes: u32, links: &[Link]) {
    let labels = smallest_members(n_nodes, &ends(links));
    assert_eq!(components.labels(), labels);
    assert_eq!(components.n_nodes(), n_nodes);
    for node in 0..n_nodes {
        let label = labels[node as usize];
        let members: Vec<u32> =
            (0..n_nodes).filter(|&other| labels[other as usize] == label).collect();
        assert_eq!(components.label(node), label);
        assert_eq!(components.size(node) as usize, members.len());
        assert_eq!(components.members(node), members);
    }
    // Kruskal: a link is in the forest if the links before it do not join its ends. The larger label loses.
    let mut forest = Vec::new();
    let mut joined_by = vec![None; n_nodes as usize];
    for (at, link) in links.iter().enumerate() {
        let before = smallest_members(n_nodes, &ends(&links[..at]));
        let (a, b) = (before[link.a as usize], before[link.b as usize]);
        if a != b {
            forest.push(*link);
            joined_by[a.max(b) as usize] = Some(link.id);
        }
    }
    let ids: Vec<u32> = forest.iter().map(|link| link.id).collect();
    assert_eq!(components.forest(), ids);
    let found: Vec<Option<u32>> = (0..n_nodes).map(|node| components.joined_by(node)).collect();
    assert_eq!(found, joined_by);
    check_paths(components, n_nodes, &labels, &forest);
}

/// A chain must lead from one node to the other over links of the forest, none twice: then it is the only one.
fn check_paths(components: &TrackedComponents, n_nodes: u32, labels: &[u32], forest: &[Link]) {
    let ends_of = |id: u32| {
        let link = forest[forest.binary_search_by_key(&id, |link| link.id).unwrap()];
        (link.a, link.b)
    };
    for (a, b) in (0..n_nodes).zip((0..n_nodes).map(|node| node * 7 % n_nodes)) {
        let path = components.join_path(a, b, ends_of).unwrap();
        assert_eq!(path.is_some(), labels[a as usize] == labels[b as usize]);
        let path = path.unwrap_or_default();
        let mut at = a;
        for &id in &path {
            let (x, y) = ends_of(id);
            assert!(at == x || at == y, "links follow each other");
            at = if at == x { y } else { x };
        }
        assert!(path.is_empty() || at == b);
        let mut once = path.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), path.len());
        let mut back = components.join_path(b, a, ends_of).unwrap().unwrap_or_default();
        back.reverse();
        assert_eq!(path, back);
    }
}

fn apply(components: &mut TrackedComponents, links: &[Link]) {
    for link in links {
        components.link(link.id, link.a, link.b).unwrap();
    }
}

fn of(links: &[Link]) -> TrackedComponents {
    let mut components = TrackedComponents::new(N_NODES);
    apply(&mut components, links);
    components
}

fn ids(links: &[Link]) -> Vec<u32> {
    links.iter().map(|link| link.id).collect()
}

fn ends_in(links: &[Link]) -> impl Fn(u32) -> (u32, u32) {
    move |id| links.iter().find(|link| link.id == id).map(|link| (link.a, link.b)).unwrap()
}

fn links_of(links: &[Link]) -> impl FnMut(u32, &mut Vec<u32>) {
    move |node, out| {
        out.extend(
            links.iter().filter(|link| link.a == node || link.b == node).map(|link| link.id),
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn sizes_members_and_evidence_are_those_of_the_links(links in links(), keep in any::<u64>()) {
        let links = numbered(&links, keep);
        check(&of(&links), N_NODES, &links);
    }

    #[test]
    fn any_cut_into_batches_and_any_growth_is_the_same(links in links(), cut in 0usize..50) {
        let (a, b): (Vec<u32>, Vec<u32>) = links.iter().copied().unzip();
        let cut = cut.min(links.len());
        let mut components = TrackedComponents::default();
        components.ensure_nodes(a[..cut].iter().chain(&b[..cut]).max().map_or(0, |largest| largest + 1));
        let first = components.link_batch(0, &a[..cut], &b[..cut]).unwrap();
        components.ensure_nodes(N_NODES);
        let second = components.link_batch(components.link_next(), &a[cut..], &b[cut..]).unwrap();
        prop_assert_eq!(components.n_components() + first + second, N_NODES as usize);
        check(&components, N_NODES, &numbered(&links, u64::MAX));
    }

    #[test]
    fn the_forest_alone_gives_the_same(links in links(), later in links()) {
        let mut links = numbered(&links, u64::MAX);
        let forest = of(&links).forest();
        let kept: Vec<Link> = links.iter().copied().filter(|link| forest.contains(&link.id)).collect();
        let mut components = of(&kept);
        let more = (100u32..).zip(later).map(|(id, (a, b))| Link { id, a, b });
        for link in more {
            components.link(link.id, link.a, link.b).unwrap();
            links.push(link);
        }
        check(&components, N_NODES, &links);
    }

    #[test]
    fn removal_is_as_if_the_links_had_never_been(
        links in links(),
        keep in any::<u64>(),
        later in links(),
        all_given in any::<bool>(),
    ) {
        let (all, mut remaining) = (numbered(&links, u64::MAX), numbered(&links, keep));
        let removed = numbered(&links, !keep);
        let mut components = of(&all);
        let labels = components.labels();
        let forest = components.forest();
        let given = if all_given { &all } else { &remaining };
        let ids = ids(&removed);
        let roots = components.remove_links(&ids, ends_in(&all), links_of(given)).unwrap();
        let held = removed.iter().filter(|link| forest.contains(&link.id));
        let mut expected: Vec<u32> = held.map(|link| labels[link.a as usize]).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(roots, expected);
        check(&components, N_NODES, &remaining);
        let more = (100u32..).zip(later).map(|(id, (a, b))| Link { id, a, b });
        for link in more {
            components.link(link.id, link.a, link.b).unwrap();
            remaining.push(link);
        }
        check(&components, N_NODES, &remaining);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let links = numbered(&[(0, 1), (1, 2), (5, 6)], u64::MAX);
    let mut components = of(&links);
    let refused = |components: &mut TrackedComponents, first, a: &[u32], b: &[u32]| {
        components.link_batch(first, a, b).unwrap_err()
    };
    let error = refused(&mut components, 2, &[7], &[8]);
    assert_eq!(error, GraphError::BatchOrder { expected: 3, found: 2 });
    let error = refused(&mut components, 3, &[7, 40], &[8, 8]);
    assert_eq!(error, GraphError::OutOfRange { what: "ends", index: 1, found: 40, limit: 40 });
    let error = refused(&mut components, u32::MAX, &[7], &[8]);
    assert_eq!(error, GraphError::TooMany { what: "links", found: 1 << 32 });
    let error = refused(&mut components, 3, &[7], &[]);
    assert_eq!(error, GraphError::Length { what: "ends", expected: 1, found: 0 });
    // The link 1 is taken away, and a link of node 2 is said to be: never applied, from elsewhere, of no node.
    for (id, a, b) in [(3, 1, 2), (2, 0, 5), (2, 2, 40)] {
        let ends_of = |link| if link == id { (a, b) } else { ends_in(&links)(link) };
        let given = |_node: u32, out: &mut Vec<u32>| out.push(id);
        let error = components.remove_links(&[1], ends_of, given).unwrap_err();
        assert_eq!(error, GraphError::LinkEnds { link: id, a, b });
        check(&components, N_NODES, &links);
    }
    for (removed, a, b) in [(0, 0, 5), (0, 40, 1), (9, 0, 1)] {
        let error = components.remove_links(&[removed], |_link| (a, b), |_, _| {}).unwrap_err();
        assert_eq!(error, GraphError::LinkEnds { link: removed, a, b });
    }
    // Wrong ends for a chain: an error, or an answer, but always an end.
    for wrong in [(5, 6), (2, 0), (40, 0), (2, 2), (0, 2)] {
        let _ = components.join_path(0, 2, |_link| wrong);
    }
    assert!(components.join_path(0, 2, |_link| (40, 0)).is_err());
    check(&components, N_NODES, &links);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn unions_that_are_refused_join_nothing(links in links(), most in 1..6u32) {
        let (a, b): (Vec<u32>, Vec<u32>) = links.iter().copied().unzip();
        let mut components = TrackedComponents::new(N_NODES);
        let nodes: Vec<u32> = (0..N_NODES).collect();
        let members = components.relink_where(&nodes, &a, &b, |proposed| {
            for side in [0, 1] {
                let members: Vec<u32> = proposed.members_unsorted(side).collect();
                assert_eq!(members.len(), proposed.sizes[side] as usize);
                assert_eq!(members.iter().min(), Some(&proposed.roots[side]));
                let end = [&a, &b][side][proposed.place];
                assert!(members.contains(&end));
            }
            proposed.sizes[0] + proposed.sizes[1] <= most
        }).unwrap();
        prop_assert_eq!(members, nodes);
        // One after the other, by repeated minimum over those that were let in.
        let mut let_in: Vec<(u32, u32)> = Vec::new();
        for &link in &links {
            let labels = smallest_members(N_NODES, &let_in);
            let size = |node: u32| labels.iter().filter(|l| **l == labels[node as usize]).count();
            let joins = labels[link.0 as usize] != labels[link.1 as usize];
            if joins && size(link.0) + size(link.1) <= most as usize {
                let_in.push(link);
            }
        }
        prop_assert_eq!(components.labels(), smallest_members(N_NODES, &let_in));
    }

    #[test]
    fn what_is_linked_anew_forgets_its_links(links in links(), at in 0..N_NODES, keep in any::<u64>()) {
        let (a, b): (Vec<u32>, Vec<u32>) = links.iter().copied().unzip();
        let mut components = TrackedComponents::new(N_NODES);
        components.link_batch(0, &a, &b).unwrap();
        let labels = components.labels();
        let touched = |link: &(u32, u32)| labels[link.0 as usize] == labels[at as usize];
        let kept = numbered(&links, keep);
        let kept: Vec<(u32, u32)> = ends(&kept).into_iter().filter(touched).collect();
        let (a, b): (Vec<u32>, Vec<u32>) = kept.iter().copied().unzip();
        components.relink_where(&[at], &a, &b, |_proposed| true).unwrap();
        let others = links.iter().copied().filter(|link| !touched(link));
        let left: Vec<(u32, u32)> = others.chain(kept).collect();
        prop_assert_eq!(components.labels(), smallest_members(N_NODES, &left));
        let n_joined = left.iter().map(|link| link.0.max(link.1) + 1).max().unwrap_or(0);
        components.ensure_nodes(N_NODES + 3);
        components.truncate_nodes(n_joined).unwrap();
        prop_assert_eq!(components.n_nodes(), n_joined);
        let outside = components.relink_where(&[], &[0], &[0], |_proposed| true);
        prop_assert!(outside.is_err() || n_joined == 0);
        prop_assert!(n_joined == 0 || left.iter().all(|link| link.0 == link.1) || components.truncate_nodes(1).is_err());
    }
}
