//! Why two nodes are in one component: the shortest chain of links between them.
//!
//! In: undirected links as two columns of ends, and the links of each node (from [`crate::Csr::from_ends`]). Out:
//! link ids in order from one node to the other.
//! Source: breadth-first search, Moore, "The shortest path through a maze", 1959.
//! Departures: among chains of equal length the one with the smallest link ids is taken, compared from the
//! smaller node's end, so the chain from `b` to `a` is the chain from `a` to `b` backwards and links added later
//! rarely replace it.
//! Cost: O(links of the component) time, O(nodes reached) memory; links of a component are mostly a tree with few
//! extra links, so meeting in the middle was not worth its second set of ties.
//! Checked against: repeated relaxation over all links (`tests/it/evidence.rs`).

use crate::NONE;
use crate::csr::CsrView;
use crate::sparse::NodeMap;

/// The fewest links that join `a` and `b`, from `a` to `b`; empty if they are the same node, `None` if they are
/// not connected. `ends_a[l]` and `ends_b[l]` are the ends of link `l`, `links` the link ids of each node.
///
/// # Panics
/// `a` or `b` is not a row of `links`, or a row holds a link that has no ends.
pub fn link_path(
    a: u32,
    b: u32,
    links: CsrView<'_>,
    ends_a: &[u32],
    ends_b: &[u32],
) -> Option<Vec<u32>> {
    let (start, goal) = (a.max(b), a.min(b));
    assert!(start < links.n_rows(), "node {start} of a graph of {} nodes", links.n_rows());
    let far_end = |link: u32, node: u32| {
        let (a, b) = (ends_a[link as usize], ends_b[link as usize]);
        if a == node { b } else { a }
    };
    let mut levels = Levels::starting_at(start);
    let mut frontier = vec![start];
    while !frontier.is_empty() && levels.get(goal).is_none() {
        let mut next = Vec::new();
        for &node in &frontier {
            for &link in links.row(node) {
                let reached = far_end(link, node);
                if levels.reach(reached, link, node) {
                    next.push(reached);
                }
            }
        }
        levels.finish();
        frontier = next;
    }
    let mut path = Vec::new();
    let mut node = goal;
    while node != start {
        let reached = levels.get(node)?;
        path.push(reached.link);
        node = reached.from;
    }
    // The way back was collected from the smaller node to the larger one.
    if a > b {
        path.reverse();
    }
    Some(path)
}

/// How a node was reached first.
#[derive(Debug, Clone, Copy)]
struct Reached {
    link: u32,
    from: u32,
}

/// What has been reached, level by level.
struct Levels {
    index: NodeMap<u32>,
    reached: Vec<Reached>,
    /// Where the level in the making starts in `reached`.
    level_start: usize,
}

impl Levels {
    fn starting_at(node: u32) -> Self {
        let mut levels = Self { index: NodeMap::new(), reached: Vec::new(), level_start: 0 };
        levels.reach(node, NONE, NONE);
        levels.finish();
        levels
    }

    fn get(&self, node: u32) -> Option<Reached> {
        self.index.get(node).map(|at| self.reached[at as usize])
    }

    /// Takes `link` as the way to `node` if the node is new, or new in this level and the link is smaller; true
    /// if the node is new.
    fn reach(&mut self, node: u32, link: u32, from: u32) -> bool {
        let Some(at) = self.index.get(node) else {
            let at =
                u32::try_from(self.reached.len()).expect("a node is reached once, and ids are u32");
            self.index.insert(node, at);
            self.reached.push(Reached { link, from });
            return true;
        };
        let at = at as usize;
        if at >= self.level_start && link < self.reached[at].link {
            self.reached[at] = Reached { link, from };
        }
        false
    }

    fn finish(&mut self) {
        self.level_start = self.reached.len();
    }
}
