//! The neighborhood of a cluster: who dealt with whom, N hops around it, the largest neighbors only at hubs.

use graph::temporal::{Member, NeighborhoodOptions, Pair};
use graph::{NodeState, temporal};
use ledger::{AddressId, ClusterId, Timestamp};

use super::Direction;
use crate::Error;
use crate::answers::{NeighborhoodAnswer, NeighborhoodNode, NeighborhoodPair, Shown, WorthAnswer};
use crate::staleness::Asked;
use crate::view::View;

/// Which neighborhood is shown, and how much work it may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighborhoodRequest {
    /// Only along payments, or only against them; both if there is none.
    pub direction: Option<Direction>,
    /// How far.
    pub hops_max: u32,
    /// At each cluster and in each direction only so many neighbors, those with the largest amounts.
    pub neighbors_max: usize,
    /// At most so many clusters.
    pub clusters_max: usize,
    /// Most edges that are visited.
    pub edges_visited_max: u64,
    /// Categories whose clusters are reached but not walked through.
    pub not_through: Vec<String>,
    /// Only transactions from then on.
    pub from_time: Option<Timestamp>,
    /// Only transactions until then.
    pub to_time: Option<Timestamp>,
    /// Only transfers of at least this amount.
    pub amount_min_sat: u64,
}

impl View {
    /// Two hops both ways, ten neighbors a cluster, a thousand clusters, within the work that a trace may cost.
    pub fn neighborhood_request(&self) -> NeighborhoodRequest {
        NeighborhoodRequest {
            direction: None,
            hops_max: 2,
            neighbors_max: 10,
            clusters_max: 1_000,
            edges_visited_max: self.config.trace.edges_visited_max,
            not_through: Vec::new(),
            from_time: None,
            to_time: None,
            amount_min_sat: 0,
        }
    }

    /// Clusters within some hops of the cluster of `address`, and what they paid each other.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, a category is unknown, or no run has been made.
    pub fn neighborhood(
        &self,
        address: &str,
        request: &NeighborhoodRequest,
    ) -> Result<NeighborhoodAnswer, Error> {
        let (_, id) = self.known_address(address)?;
        let cluster = self.cluster_of(id);
        let not_passed = self.not_passed(&request.not_through)?;
        let flow = self.derived()?.flow()?;
        self.check_in_graph(cluster, flow.graph().n_main())?;
        let blocked = |node: u32| not_passed.binary_search(&id_of(node)).is_ok();
        let options = NeighborhoodOptions {
            direction: request.direction.map(Direction::along),
            hops_max: request.hops_max,
            time_range: self.tx_range(request.from_time, request.to_time),
            weight_min: request.amount_min_sat,
            blocked: Some(&blocked),
            neighbors_max: request.neighbors_max,
            edges_visited_max: request.edges_visited_max,
            nodes_max: request.clusters_max,
            cancelled: None,
        };
        let found = temporal::neighborhood(flow.graph(), &[cluster.get().get()], &options);
        // The sums of cluster edges are over all transfers.
        let is_whole =
            request.amount_min_sat == 0 && (request.from_time, request.to_time) == (None, None);
        let pairs = found.pairs.iter().map(|pair| self.neighborhood_pair(pair, is_whole));
        Ok(NeighborhoodAnswer {
            address: address.trim().to_owned(),
            cluster,
            direction: request.direction.map_or("both", Direction::name),
            hops_max: request.hops_max,
            neighbors_max: request.neighbors_max as u64,
            pairs: pairs.collect(),
            nodes: found.nodes.iter().map(|member| self.neighborhood_node(member)).collect(),
            edges_visited: found.edges_visited,
            truncated_by: found.truncated_by.map(|cut| cut.limit.option().to_owned()),
            complete_hops: found.truncated_by.map_or(request.hops_max, |cut| cut.hops),
            not_through: request.not_through.clone(),
            clusters_not_passed: not_passed.len() as u64,
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    fn neighborhood_node(&self, member: &Member) -> NeighborhoodNode {
        let cluster = id_of(member.node);
        let shown =
            |rows: temporal::Rows| Shown { total: rows.total as u64, shown: rows.taken as u64 };
        NeighborhoodNode {
            cluster,
            address: self.cluster_text(cluster),
            entity: self.entity_of(cluster),
            listed: self.listed_clusters.members_of(cluster).next().is_some(),
            hops: member.hops,
            paid: shown(member.out),
            paid_by: shown(member.in_),
            state: match member.state {
                NodeState::Walked => "walked",
                NodeState::LastHop => "last_hop",
                NodeState::Blocked => "not_through",
                NodeState::Unread => "cut",
            },
        }
    }

    fn neighborhood_pair(&self, pair: &Pair, is_whole: bool) -> NeighborhoodPair {
        let time = |tx: u32| Timestamp::new(self.columns.block_of(u64::from(tx)).time_s);
        NeighborhoodPair {
            from: id_of(pair.from),
            to: id_of(pair.to),
            amount_sat: pair.weight_sum,
            n_transfers: pair.n_edges,
            first_time_s: time(pair.first_time),
            last_time_s: time(pair.last_time),
            worth: match is_whole {
                true => self.worth(id_of(pair.from), id_of(pair.to)),
                false => WorthAnswer::default(),
            },
        }
    }
}

fn id_of(node: u32) -> ClusterId {
    ClusterId::new(AddressId::new(node))
}
