//! What rules are told of a subject: facts of a cluster from the risk tables, and of a payment to a monitored address.
//!
//! A fact that the last run did not compute is unknown, never false: beyond the bound of hops it is "more than the
//! bound", and a value with coins that had no price is "at least so much".

use cases::{Claim, FactRef, Facts, Measure, Of, Range, Truth, Via};
use ledger::{
    AddressId, Category, ClusterId, Entity, Exposure, FlowSide, PatternMatch,
    ProximityRow, Score, Timestamp, TxIndex, Value,
};

use crate::risk_files::FactRows;
use crate::stages::risk::of_cluster;
use crate::view::View;

/// Rows of one fact that a basis names; the count of the others stands beside them.
const ROWS_MAX: usize = 8;

/// A payment that arrived at a monitored address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment {
    pub(crate) tx: TxIndex,
    pub(crate) address: AddressId,
    pub(crate) amount_sat: u64,
    pub(crate) value: Option<Value>,
    pub(crate) mixing: bool,
    /// The payer with the most points; `None` if nobody is known to have paid.
    pub(crate) payer: Option<ClusterId>,
    /// Thousandths of a point.
    pub(crate) points: i64,
}

/// The facts of one cluster; of a payment those of the cluster that paid.
pub(crate) struct SubjectFacts<'a> {
    view: &'a View,
    cluster: ClusterId,
    entity: Option<&'a Entity>,
    exposures: &'a [Exposure],
    proximities: &'a [ProximityRow],
    patterns: &'a [PatternMatch],
    score: Option<&'a Score>,
    monitored: &'a [AddressId],
    /// Block time of the last block.
    now: Timestamp,
    payment: Option<Payment>,
}

impl<'a> SubjectFacts<'a> {
    /// Of a cluster among those of `rows`. `monitored` are the monitored addresses, ascending.
    pub(crate) fn new(
        view: &'a View,
        rows: &'a FactRows,
        cluster: ClusterId,
        monitored: &'a [AddressId],
        now: Timestamp,
    ) -> Self {
        let held = of_cluster(&rows.entities, cluster, |row| row.0).first();
        let files = view.risk.as_ref();
        Self {
            view,
            cluster,
            entity: held.and_then(|row| files?.entity(row.1)),
            exposures: of_cluster(&rows.exposures, cluster, |row| row.cluster),
            proximities: of_cluster(&rows.proximities, cluster, |row| row.cluster),
            patterns: of_cluster(&rows.patterns, cluster, |row| row.cluster),
            score: of_cluster(&rows.scores, cluster, |row| row.cluster).first(),
            monitored,
            now,
            payment: None,
        }
    }

    pub(crate) fn of_payment(mut self, payment: Payment) -> Self {
        self.payment = Some(payment);
        self
    }

    /// The known party that holds the cluster.
    pub(crate) fn entity_name(&self) -> Option<String> {
        self.entity.map(|entity| entity.name.clone())
    }

    fn hops(&self, side: FlowSide, category: Category, contracted: bool) -> Range {
        if self.entity.is_some_and(|entity| entity.category == category) {
            return Range::ZERO;
        }
        let own = |row: &&ProximityRow| row.side == side && row.category == category;
        match self.proximities.iter().find(own) {
            Some(row) if contracted => Range::whole(u64::from(row.hops_contracted)),
            Some(row) => Range::whole(u64::from(row.hops)),
            None => {
                let beyond = u64::from(self.view.config.risk.hops_max) + 1;
                Range::whole(beyond).known().map_or(Range::UNKNOWN, Range::at_least)
            }
        }
    }

    fn exposed(&self, side: FlowSide, category: Option<Category>, via: Via) -> Vec<&'a Exposure> {
        let wanted = |row: &&Exposure| {
            row.side == side
                && category.is_none_or(|category| row.category == category)
                && match via {
                    Via::Any => true,
                    Via::Direct => row.direct,
                    Via::Indirect => !row.direct,
                }
        };
        self.exposures.iter().filter(wanted).collect()
    }

    fn words_of_listings(&self, lists: Option<&[String]>) -> Vec<String> {
        let mut words = Vec::new();
        for member in self.view.listed_clusters.members_of(self.cluster) {
            let Some(address) = self.view.address_of(member) else { continue };
            for row in self.view.lists.find(&address) {
                if lists.is_none_or(|lists| lists.contains(&row.list)) {
                    let name = if row.entity_name.is_empty() { &row.address_text } else { &row.entity_name };
                    words.push(format!("{name} ({} {})", row.list, row.entity_id).replace(" )", ")"));
                }
            }
        }
        words.sort();
        words.dedup();
        words
    }

    fn words_of_tags(&self, wanted: &[String]) -> Vec<String> {
        let Some((file, rows)) = self.view.cluster_tags(self.cluster) else { return Vec::new() };
        let is_wanted = |text: &str| wanted.iter().any(|word| word.eq_ignore_ascii_case(text));
        let tags = rows.filter_map(|row| file.tag(row).ok());
        let found = tags.filter(|tag| is_wanted(&tag.label) || is_wanted(&tag.actor));
        let mut words: Vec<String> =
            found.map(|tag| format!("{} ({})", tag.label, tag.pack)).collect();
        words.sort();
        words.dedup();
        words
    }

    fn is_monitored(&self) -> bool {
        match self.payment {
            Some(payment) => self.monitored.binary_search(&payment.address).is_ok(),
            None => {
                let own = |address: &AddressId| self.view.cluster_of(*address) == self.cluster;
                self.monitored.iter().any(own)
            }
        }
    }
}

/// What all of these rows are worth: at least their value, where some had no price.
fn worth(rows: &[&Exposure]) -> Range {
    let value: Value = rows.iter().map(|row| row.value).sum();
    match rows.iter().all(|row| row.amount_unpriced == ledger::Amount::ZERO) {
        true => Range::exactly(value.micros()),
        false => Range::at_least(value.micros()),
    }
}

fn satoshi(rows: &[&Exposure]) -> i128 {
    let units: u128 = rows.iter().map(|row| row.amount.units()).sum();
    i128::try_from(units).unwrap_or(i128::MAX)
}

impl Facts for SubjectFacts<'_> {
    fn measure(&self, measure: &Measure) -> Range {
        match *measure {
            Measure::Hops { side, category, contracted } => self.hops(side, category, contracted),
            Measure::Exposure { side, category, via, of } => {
                let rows = self.exposed(side, Some(category), via);
                match of {
                    Of::Amount => Range::exactly(satoshi(&rows)),
                    Of::Value => worth(&rows),
                    Of::Share => {
                        Range::share(satoshi(&rows), satoshi(&self.exposed(side, None, Via::Any)))
                    }
                }
            }
            Measure::Total { side, value } => {
                let rows = self.exposed(side, None, Via::Any);
                if value { worth(&rows) } else { Range::exactly(satoshi(&rows)) }
            }
            Measure::Mixed { side } => {
                let rows = self.exposed(side, None, Via::Any);
                let mixed: Vec<&Exposure> = rows.iter().copied().filter(|row| row.mixed).collect();
                Range::share(satoshi(&mixed), satoshi(&rows))
            }
            Measure::Pattern { number, within_s, .. } => {
                let since = within_s.map(|seconds| self.now.get() - i64::from(seconds));
                let own = self.patterns.iter().filter(|row| {
                    row.pattern == number && since.is_none_or(|since| row.last_time.get() >= since)
                });
                Range::whole(own.count() as u64)
            }
            Measure::Score => Range::thousandths(self.score.map_or(0, |score| score.points)),
            Measure::Size => Range::whole(self.view.cluster_size(self.cluster)),
            Measure::Age => match self.exposures.iter().map(|row| row.first_time).min() {
                Some(first) => Range::exactly(i128::from(self.now.get() - first.get())),
                None => Range::UNKNOWN,
            },
            Measure::PaymentScore => {
                self.payment.map_or(Range::UNKNOWN, |payment| Range::thousandths(payment.points))
            }
            Measure::Amount => {
                let amount = self.payment.map(|payment| i128::from(payment.amount_sat));
                amount.map_or(Range::UNKNOWN, Range::exactly)
            }
            Measure::AmountValue => {
                let value = self.payment.and_then(|payment| payment.value);
                value.map_or(Range::UNKNOWN, |value| Range::exactly(value.micros()))
            }
        }
    }

    fn claim(&self, claim: &Claim) -> Truth {
        let holds = match claim {
            Claim::Listed => self.view.listed_clusters.members_of(self.cluster).len() > 0,
            Claim::List(lists) => !self.words_of_listings(Some(lists)).is_empty(),
            Claim::Tag(labels) => !self.words_of_tags(labels).is_empty(),
            Claim::Category(categories) => {
                self.entity.is_some_and(|entity| categories.contains(&entity.category))
            }
            Claim::Monitored => self.is_monitored(),
            Claim::Mixing => match self.payment {
                Some(payment) => payment.mixing,
                None => return Truth::Unknown,
            },
        };
        Truth::from(holds)
    }

    fn words(&self, claim: &Claim) -> Vec<String> {
        match claim {
            Claim::Listed => self.words_of_listings(None),
            Claim::List(lists) => self.words_of_listings(Some(lists)),
            Claim::Tag(labels) => self.words_of_tags(labels),
            Claim::Category(_) => {
                let of = |entity: &Entity| {
                    format!("{} ({}), by {}", entity.name, entity.category, entity.source)
                };
                self.entity.map(of).into_iter().collect()
            }
            Claim::Monitored => {
                let id = self.payment.map(|payment| payment.address);
                let id = id.or_else(|| {
                    let own = |id: &&AddressId| self.view.cluster_of(**id) == self.cluster;
                    self.monitored.iter().find(own).copied()
                });
                id.map(|id| self.view.address_text(id)).into_iter().collect()
            }
            Claim::Mixing => vec!["the transaction may be of several owners".to_owned()],
        }
    }

    fn rows(&self, fact: FactRef<'_>) -> Vec<String> {
        let FactRef::Measure(measure) = fact else { return Vec::new() };
        let name = self.view.cluster_text(self.cluster);
        let exposures = |rows: Vec<&Exposure>| -> Vec<String> {
            let row = |row: &&Exposure| {
                let way = if row.direct { "direct" } else { "indirect" };
                let entity = self.view.risk.as_ref().map(|files| files.name_of(row.entity));
                let entity = entity.unwrap_or_default();
                format!("exposures {name} {} {way} {} {entity}", row.side.name(), row.category)
                    .trim_end()
                    .to_owned()
            };
            rows.iter().take(ROWS_MAX).map(row).collect()
        };
        match *measure {
            Measure::Exposure { side, category, via, .. } => {
                exposures(self.exposed(side, Some(category), via))
            }
            Measure::Hops { side, category, .. } => {
                vec![format!("proximities {name} {} {category}", side.name())]
            }
            Measure::Pattern { number, .. } => {
                let own = self.patterns.iter().filter(|row| row.pattern == number);
                let transactions = own.flat_map(|row| &row.evidence).take(ROWS_MAX);
                transactions.map(|tx| format!("transactions {}", self.view.tx_id(*tx))).collect()
            }
            Measure::Score => vec![format!("score_terms {name}")],
            Measure::Amount | Measure::AmountValue | Measure::PaymentScore => {
                let tx = self.payment.map(|payment| self.view.tx_id(payment.tx));
                tx.map(|tx| format!("transactions {tx}")).into_iter().collect()
            }
            Measure::Total { .. } | Measure::Mixed { .. } | Measure::Size | Measure::Age => {
                Vec::new()
            }
        }
    }
}
