//! Labels of walks kept current, against the same made from empty after every step.

use graph::Direction;
use graph::events::{EventGraph, Move, Parts, Role, Seeds, Steps, Value, WalkLabels, Width};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_graph as graph;

/// Members; the first three are sources and join nobody.
const N: u32 = 10;
const SOURCES: [u32; N as usize] = {
    let mut sources = [graph::NONE; N as usize];
    (sources[0], sources[1], sources[2]) = (0, 1, 2);
    sources
};
/// Two of one class: among walks of one length the source decides.
const CLASSES: [u8; 3] = [0, 0, 1];

/// Who gives what to whom.
type Event = (Vec<(u32, u64)>, Vec<(u32, u64)>);

/// New events, members that are one from now on, and by node whether it passes.
#[derive(Clone, Debug)]
struct Step {
    events: Vec<Event>,
    joined: Option<(u32, u32)>,
    passes: [bool; N as usize],
}

fn members(n_max: usize) -> impl Strategy<Value = Vec<(u32, u64)>> {
    prop::collection::btree_map(0..N, 1u64..5, 1..n_max).prop_map(|own| own.into_iter().collect())
}

fn step() -> impl Strategy<Value = Step> {
    let joined = prop::option::weighted(0.5, (3..N, 3..N));
    let passes = prop::array::uniform10(prop::bool::weighted(0.4));
    (vec((members(3), members(4)), 0..4), joined, passes)
        .prop_map(|(events, joined, passes)| Step { events, joined, passes })
}

/// Everything as of a step: the graph and the labels of one direction.
struct State<V> {
    events: EventGraph,
    labels: WalkLabels<V>,
    passes: Vec<bool>,
}

impl<V: Value> State<V> {
    fn new(direction: Direction, cost_max: u8) -> Self {
        let labels = WalkLabels::new(direction, cost_max);
        Self { events: EventGraph::default(), labels, passes: vec![false; N as usize] }
    }

    /// Takes in events, then the grouping and who passes as they are from now on; returns what the repair names.
    fn take(&mut self, events: &[Event], nodes: &[u32], passes: &[bool]) -> Vec<u32> {
        for (givers, getters) in events {
            self.events.push(givers, getters, false);
        }
        let first = self.events.n_indexed();
        // Who is told about everybody finds the same as who looks for himself.
        let everybody: Vec<u32> = (0..N).rev().chain(0..N).collect();
        let mut regrouped = if events.len() % 2 == 1 {
            self.events.regroup_changed(nodes, &everybody, |_, _| true)
        } else {
            self.events.regroup(nodes, |_, _| true)
        };
        self.events.index();
        self.events.announce_end(self.events.n_events());
        let passed = std::mem::replace(&mut self.passes, passes.to_vec());
        for change in &regrouped.moves {
            let Move::Absorbed(own) = change else { continue };
            if passed[own.from as usize] != passes[own.into as usize] {
                let rows = [Role::Giver, Role::Getter].map(|role| own.row(role));
                regrouped.events.extend(rows.concat());
            }
        }
        let turned: Vec<u32> =
            (0..N).filter(|node| passed[*node as usize] != passes[*node as usize]).collect();
        let (moves, events) = (&regrouped.moves, &regrouped.events);
        let parts = Parts { sources: &SOURCES, classes: &CLASSES, passes };
        self.labels.repair(&self.events, &parts, &Seeds { moves, events, turned: &turned, first })
    }

    fn values(&self) -> Vec<Vec<V>> {
        (0..N).map(|node| self.labels.values(node).collect()).collect()
    }
}

/// What is told of a node.
fn seen<V: Value>(values: &[V]) -> Vec<Option<V::Seen>> {
    let of = |class: &u8| V::seen(values.iter().filter(|own| own.class() == *class).copied());
    [0, 1].iter().map(of).collect()
}

fn check<V: Value>(steps: &[Step], direction: Direction, cost_max: u8) {
    let mut state = State::<V>::new(direction, cost_max);
    let (mut nodes, mut all): (Vec<u32>, Vec<Event>) = ((0..N).collect(), Vec::new());
    for step in steps {
        if let Some((a, b)) = step.joined {
            let (a, b) = (nodes[a as usize], nodes[b as usize]);
            nodes.iter_mut().filter(|node| **node == a.max(b)).for_each(|node| *node = a.min(b));
        }
        // Nobody passes who is none.
        let is_own = |node: usize| nodes[node] as usize == node && SOURCES[node] == graph::NONE;
        let passes: Vec<bool> =
            (0..step.passes.len()).map(|at| step.passes[at] && is_own(at)).collect();
        all.extend_from_slice(&step.events);
        let before = state.values();
        let named = state.take(&step.events, &nodes, &passes);
        let mut fresh = State::<V>::new(direction, cost_max);
        fresh.take(&all, &nodes, &passes);
        let after = state.values();
        assert_eq!(after, fresh.values());
        for node in 0..N {
            let at = node as usize;
            let is_another = seen(&before[at]) != seen(&after[at]);
            let is_named = named.binary_search(&node).is_ok();
            assert!(is_named >= is_another, "node {node} changed unsaid");
            assert!(is_another || !is_named || nodes[at] != node, "node {node} did not change");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_steps_equal_from_empty(steps in vec(step(), 1..8), cost_max in 1u8..4) {
        for direction in [Direction::Forward, Direction::Backward] {
            check::<Steps>(&steps, direction, cost_max);
            check::<Width>(&steps, direction, cost_max);
        }
    }
}
