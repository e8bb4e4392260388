//! Chains of links against distances relaxed over all links.

use proptest::prelude::*;
use tracehound_graph::{Csr, link_path};

/// Fewest links from `start` to every node, by relaxation until nothing changes.
fn distances(n_nodes: u32, start: u32, links: &[(u32, u32)]) -> Vec<usize> {
    let mut distance = vec![usize::MAX; n_nodes as usize];
    distance[start as usize] = 0;
    for _round in 0..n_nodes {
        for &(a, b) in links {
            let (at_a, at_b) = (distance[a as usize], distance[b as usize]);
            distance[a as usize] = at_a.min(at_b.saturating_add(1));
            distance[b as usize] = at_b.min(at_a.saturating_add(1));
        }
    }
    distance
}

/// From the smaller end on, always the smallest link that leads nearer to the larger end.
fn expected(a: u32, b: u32, links: &[(u32, u32)]) -> Option<Vec<u32>> {
    let distance = distances(12, a.max(b), links);
    let mut node = a.min(b);
    let mut left = Some(distance[node as usize]).filter(|&left| left < usize::MAX)?;
    let mut path = Vec::new();
    while left > 0 {
        left -= 1;
        let other =
            |&(x, y): &(u32, u32)| if x == node { Some(y) } else { (y == node).then_some(x) };
        let leads = |link| other(link).is_some_and(|other| distance[other as usize] == left);
        let link = links.iter().position(leads).unwrap();
        node = other(&links[link]).unwrap();
        path.push(u32::try_from(link).unwrap());
    }
    if a > b {
        path.reverse();
    }
    Some(path)
}

fn found(a: u32, b: u32, links: &[(u32, u32)]) -> Option<Vec<u32>> {
    let (ends_a, ends_b): (Vec<u32>, Vec<u32>) = links.iter().copied().unzip();
    let rows = Csr::from_ends(12, &ends_a, &ends_b).unwrap();
    link_path(a, b, rows.view(), &ends_a, &ends_b)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agree_with_relaxed_distances(
        a in 0u32..12,
        b in 0u32..12,
        links in prop::collection::vec((0u32..12, 0u32..12), 0..24),
    ) {
        prop_assert_eq!(found(a, b, &links), expected(a, b, &links));
    }
}

#[test]
fn the_fewest_links_then_the_oldest() {
    let links = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (2, 0)];
    assert_eq!(found(0, 2, &links), Some(vec![4]));
    assert_eq!(found(1, 3, &links), Some(vec![0, 3]));
    assert_eq!(found(3, 1, &links), Some(vec![3, 0]));
    assert_eq!(found(5, 5, &links), Some(vec![]));
    assert_eq!(found(0, 5, &links), None);
}
