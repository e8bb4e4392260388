//! The rows of a cluster, and the way behind each.

use graph::events::{Role, Steps, Value, WalkStep};
use ledger::{Category, ClusterId, EntityId, FlowSide, ProximityRow, TxIndex};

use super::passing::{Passing, cluster};
use super::{ProximityState, Side};

/// Which of the ways between a cluster and a kind of entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With the fewest contracted hops, then the fewest hops.
    Nearest,
    /// With the largest bottleneck within the bound, then the fewest contracted hops.
    Widest,
}

/// One change of ownership on a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProximityHop {
    /// The transaction.
    pub tx: TxIndex,
    /// Who paid in it.
    pub from: ClusterId,
    /// Who was paid.
    pub to: ClusterId,
    /// What at most went from the one to the other, in satoshi.
    pub amount_sat: u64,
    /// Why the way does not count `to`: it only passes on. `None` if it counts or is the end of the way.
    pub contracted: Option<Passing>,
}

impl ProximityState {
    fn side(&self, side: FlowSide) -> &Side {
        match side {
            FlowSide::Received => &self.sides[0],
            FlowSide::Sent => &self.sides[1],
        }
    }

    /// The rows of a cluster as of the last update, by side and category; `share` is 0 and for the caller to fill.
    pub fn rows(&mut self, of: ClusterId) -> Vec<ProximityRow> {
        self.refresh_widths();
        self.wide_rows(of)
    }

    /// As [`ProximityState::rows`], but `bottleneck_sat` is 0 too: nothing is to be made for it. A score would take that
    /// for dust.
    pub fn nearest(&self, of: ClusterId) -> Vec<ProximityRow> {
        let mut rows = Vec::new();
        for side in FlowSide::BOTH {
            let node = of.get().get();
            let steps = &self.side(side).steps;
            let values: Vec<Steps> = steps.values(node).collect();
            for values in values.chunk_by(|a, b| a.class == b.class) {
                let class = values[0].class;
                let best = values.iter().min_by_key(|value| value.rank());
                let best = best.expect("a chunk is not empty");
                let hops = values.iter().map(|value| value.steps).min();
                let category = Category::from_number(class);
                rows.push(ProximityRow {
                    cluster: of,
                    side,
                    category: category.expect("classes are numbers of categories"),
                    entity: EntityId::new(best.source),
                    hops: hops.expect("a chunk is not empty"),
                    hops_contracted: best.cost,
                    bottleneck_sat: 0,
                    share: 0.0,
                });
            }
        }
        rows
    }

    /// Rows with bottlenecks, which are current.
    fn wide_rows(&self, of: ClusterId) -> Vec<ProximityRow> {
        let mut rows = self.nearest(of);
        for row in &mut rows {
            let best = self.side(row.side).widths.best(of.get().get(), row.category.number());
            let best = best.expect("whoever is reached is so by some amount");
            row.bottleneck_sat = best.width();
        }
        rows
    }

    /// All rows, by cluster, side and category.
    pub fn all_rows(&mut self) -> impl Iterator<Item = ProximityRow> + '_ {
        self.refresh_widths();
        let n_nodes = self.sides.iter().map(|side| side.steps.n_nodes()).max().unwrap_or(0);
        (0..).take(n_nodes).flat_map(|node| self.wide_rows(cluster(node)))
    }

    /// The way between a cluster and a kind of entity, in order of time: from the entity if the cluster received, to it
    /// if it sent. `None` if there is none within the bound.
    pub fn path(
        &mut self,
        of: ClusterId,
        side: FlowSide,
        category: Category,
        way: Way,
    ) -> Option<Vec<ProximityHop>> {
        if way == Way::Widest {
            self.refresh_widths();
        }
        let labels = self.side(side);
        let (node, class) = (of.get().get(), category.number());
        let (events, parts) = (&self.ledger.events, &self.nodes.parts());
        let steps = match way {
            Way::Nearest => labels.steps.walk(events, parts, node, class),
            Way::Widest => labels.widths.walk(events, parts, node, class),
        }?;
        let last = steps.len() - 1;
        let hop = |(at, step): (usize, &WalkStep)| ProximityHop {
            tx: TxIndex::new(u64::from(self.ledger.tx[step.event as usize])),
            from: cluster(step.from),
            to: cluster(step.to),
            amount_sat: self.amount_of(step),
            contracted: if at < last { self.passing(cluster(step.to)) } else { None },
        };
        Some(steps.iter().enumerate().map(hop).collect())
    }

    /// How a cluster only passes on, if it does: it then counts in no way.
    pub fn passing(&self, of: ClusterId) -> Option<Passing> {
        self.ledger.passing(of.get().get(), &self.options.passing)
    }

    fn amount_of(&self, step: &WalkStep) -> u64 {
        let events = &self.ledger.events;
        let amount = |node: u32, role: Role| {
            let own = events.members(step.event, role);
            let own = own.filter(|(member, _)| events.node_of(*member) == node);
            own.map(|(_, amount)| amount).sum::<u64>()
        };
        let got = amount(step.to, Role::Getter);
        if events.sole_giver(step.event).is_some() {
            return got;
        }
        got.min(amount(step.from, Role::Giver))
    }
}
