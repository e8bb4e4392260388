//! Neighbors: whom a cluster paid, and who paid it, the largest amounts first.

use graph::temporal::NeighborOptions;
use ledger::{AddressId, ClusterId, Timestamp};

use crate::Error;
use crate::answers::{NeighborAnswer, NeighborsAnswer};
use crate::view::View;

/// Which way money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the cluster.
    In,
    /// From the cluster.
    Out,
}

impl Direction {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    pub(super) fn along(self) -> graph::Direction {
        match self {
            Self::In => graph::Direction::Backward,
            Self::Out => graph::Direction::Forward,
        }
    }
}

impl View {
    /// Clusters that paid the cluster of `address`, or that it paid; the `limit` largest in full.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn neighbors(
        &self,
        address: &str,
        direction: Direction,
        limit: usize,
    ) -> Result<NeighborsAnswer, Error> {
        let (_, id) = self.known_address(address)?;
        let cluster = self.cluster_of(id);
        let flow = self.derived()?.flow()?;
        self.check_in_graph(cluster, flow.graph().n_main())?;
        let options = NeighborOptions { rows_max: limit, ..NeighborOptions::default() };
        let (roots, along) = ([cluster.get().get()], direction.along());
        let found = graph::temporal::neighbors(flow.graph(), &roots, along, None, &options);
        let time = |tx: u32| Timestamp::new(self.columns.block_of(u64::from(tx)).time_s);
        let worth = |other: ClusterId| match direction {
            Direction::In => self.worth(other, cluster),
            Direction::Out => self.worth(cluster, other),
        };
        let answer = |row: &graph::temporal::Neighbor| {
            let cluster = ClusterId::new(AddressId::new(row.node));
            NeighborAnswer {
                cluster,
                address: self.cluster_text(cluster),
                entity: self.entity_of(cluster),
                amount_sat: row.weight_sum,
                n_transfers: row.n_edges,
                first_time_s: time(row.first_time),
                last_time_s: time(row.last_time),
                worth: worth(cluster),
            }
        };
        Ok(NeighborsAnswer {
            address: address.trim().to_owned(),
            cluster,
            direction: direction.name(),
            neighbors: found.rows.iter().map(answer).collect(),
            total: found.total_count as u64,
            snapshot: self.snapshot_id.clone(),
        })
    }
}
