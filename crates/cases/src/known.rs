//! Facts of a cluster, and of a payment, out of the rows of the ledger's tables.
//!
//! In: rows of one cluster as slices; `None` for what was not computed. Out: [`Facts`]. Cost: a scan of the rows of this
//! one cluster a fact, no allocation outside of the basis.

use ledger::{
    Category, Entity, EntityId, Exposure, FlowSide, PatternMatch, ProximityRow, Score, ScoreTerm,
    Timestamp, Value,
};

use crate::expression::{Claim, FactRef, Facts, Measure, Of, Range, Truth, Via};

/// An entry of a list that names an address of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAs {
    /// The list: `ofac-sdn`.
    pub list: String,
    /// The entry of the list.
    pub entity_id: String,
    /// Whom it names.
    pub entity_name: String,
    /// The address.
    pub address: String,
}

/// A tag on an address of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedAs {
    /// Its label.
    pub label: String,
    /// Its actor; may be empty.
    pub actor: String,
    /// What kind of party it says.
    pub category: Category,
    /// The pack that says so.
    pub pack: String,
}

/// What is known of one cluster. What was not computed is `None`, and every rule that needs it answers `unknown`.
#[derive(Clone, Copy, Debug)]
pub struct ClusterFacts<'a> {
    /// The text of its first address, for references to rows.
    pub address: &'a str,
    /// The moment as of which it is judged: block time of the last block.
    pub now: Timestamp,
    /// Block time of its first appearance.
    pub first_seen: Option<Timestamp>,
    /// How many addresses it has.
    pub n_addresses: Option<u64>,
    /// Entries of lists that name its addresses.
    pub listed: Option<&'a [ListedAs]>,
    /// Tags of its addresses.
    pub tags: Option<&'a [TaggedAs]>,
    /// Categories of the entities that it is known as.
    pub categories: Option<&'a [Category]>,
    /// Whether one of its addresses is monitored.
    pub monitored: Option<bool>,
    /// Its rows of `exposures`.
    pub exposures: Option<&'a [Exposure]>,
    /// Whether values of those rows are in the currency, and by the rules, that the store has now.
    pub has_money: bool,
    /// Its rows of `proximities`.
    pub proximities: Option<&'a [ProximityRow]>,
    /// How far proximity was computed; beyond it nothing is known.
    pub hops_max: u8,
    /// Its rows of `patterns`.
    pub patterns: Option<&'a [PatternMatch]>,
    /// Its row of `scores`.
    pub score: Option<&'a Score>,
    /// Its rows of `score_terms` that say what a model adds, with its reasons.
    pub model_terms: &'a [ScoreTerm],
    /// The table `entities`, for names.
    pub entities: &'a [Entity],
}

/// What is known of a payment: facts of clusters are those of its payer.
#[derive(Clone, Copy, Debug)]
pub struct PaymentFacts<'a> {
    /// The payer.
    pub payer: ClusterFacts<'a>,
    /// What it brings, in satoshi.
    pub amount_sat: Option<u64>,
    /// Its value; `None` without a price.
    pub value: Option<Value>,
    /// Whether the transaction is possibly collaborative.
    pub mixing: Option<bool>,
    /// Whether the address that is paid is monitored.
    pub monitored: Option<bool>,
    /// The score of the payment, in thousandths of a point.
    pub score: Option<i64>,
    /// The transaction's id in hexadecimal digits, for references to rows.
    pub tx: &'a str,
}

fn truth(known: Option<bool>) -> Truth {
    known.map_or(Truth::Unknown, Truth::from)
}

fn amount(units: u128) -> Option<i128> {
    i128::try_from(units).ok()
}

impl ClusterFacts<'_> {
    fn hops(&self, side: FlowSide, category: Category, contracted: bool) -> Range {
        if !category.is_party() {
            return Range::UNKNOWN;
        }
        let Some(rows) = self.proximities else { return Range::UNKNOWN };
        let mut rows = rows.iter().filter(|row| row.side == side && row.category == category);
        let hops = |row: &ProximityRow| if contracted { row.hops_contracted } else { row.hops };
        match rows.next() {
            Some(row) => Range::whole(rows.map(hops).fold(hops(row), u8::min).into()),
            // Farther away than was looked, or not at all.
            None => Range {
                lo: (i128::from(self.hops_max) + 1) * crate::Unit::Hops.scale(),
                hi: i128::MAX,
            },
        }
    }

    fn matching(
        &self,
        side: FlowSide,
        category: Option<Category>,
        via: Via,
    ) -> Option<impl Iterator<Item = &Exposure>> {
        let is_of = move |row: &&Exposure| {
            let right_way = match via {
                Via::Any => true,
                Via::Direct => row.direct,
                Via::Indirect => !row.direct,
            };
            row.side == side
                && right_way
                && category.is_none_or(|category| row.category == category)
        };
        Some(self.exposures?.iter().filter(is_of))
    }

    fn sum(&self, side: FlowSide, category: Option<Category>, via: Via) -> Option<i128> {
        let mut sum = 0_i128;
        for row in self.matching(side, category, via)? {
            sum = sum.checked_add(amount(row.amount.units())?)?;
        }
        Some(sum)
    }

    fn value(&self, side: FlowSide, category: Option<Category>, via: Via) -> Option<Range> {
        if !self.has_money {
            return None;
        }
        let (mut sum, mut whole) = (Value::ZERO, true);
        for row in self.matching(side, category, via)? {
            sum += row.value;
            whole &= row.amount_unpriced.units() == 0;
        }
        Some(if whole { Range::exactly(sum.micros()) } else { Range::at_least(sum.micros()) })
    }

    fn mixed(&self, side: FlowSide) -> Option<Range> {
        let (mut mixed, mut all) = (0_i128, 0_i128);
        for row in self.matching(side, None, Via::Any)? {
            let part = amount(row.amount.units())?;
            all = all.checked_add(part)?;
            if row.mixed {
                mixed += part;
            }
        }
        Some(Range::share(mixed, all))
    }

    fn exposure(&self, side: FlowSide, category: Category, via: Via, of: Of) -> Option<Range> {
        Some(match of {
            Of::Amount => Range::exactly(self.sum(side, Some(category), via)?),
            Of::Value => self.value(side, Some(category), via)?,
            Of::Share => {
                let part = self.sum(side, Some(category), via)?;
                Range::share(part, self.sum(side, None, Via::Any)?)
            }
        })
    }

    fn found(
        &self,
        number: u8,
        within_s: Option<u32>,
    ) -> Option<impl Iterator<Item = &PatternMatch>> {
        let since = within_s.map_or(i64::MIN, |s| self.now.get().saturating_sub(i64::from(s)));
        let is_of =
            move |row: &&PatternMatch| row.pattern == number && row.last_time.get() >= since;
        Some(self.patterns?.iter().filter(is_of))
    }

    fn entity_name(&self, id: EntityId) -> &str {
        let at = usize::try_from(id.get()).unwrap_or(usize::MAX);
        let row = id.known().and_then(|_| self.entities.get(at));
        row.map_or("", |entity| entity.name.as_str())
    }

    fn exposure_rows(&self, side: FlowSide, category: Option<Category>, via: Via) -> Vec<String> {
        let mut rows: Vec<&Exposure> =
            self.matching(side, category, via).into_iter().flatten().collect();
        // The largest first: the bound on rows cuts the small ones.
        rows.sort_by_key(|row| std::cmp::Reverse(row.amount));
        let text = |row: &&Exposure| {
            let way = if row.direct { "direct" } else { "indirect" };
            let mixed = if row.mixed { " mixed" } else { "" };
            let (side, category) = (row.side.name(), row.category);
            let party = match self.entity_name(row.entity) {
                "" => String::new(),
                name => format!(" entity={name}"),
            };
            let of = self.address;
            format!("exposures cluster={of} side={side} category={category} {way}{mixed}{party}")
        };
        rows.iter().map(text).collect()
    }

    fn measure_rows(&self, measure: &Measure) -> Vec<String> {
        let of = self.address;
        match *measure {
            Measure::Hops { side, category, .. } => {
                let rows = self.proximities.unwrap_or_default().iter();
                let rows = rows.filter(|row| row.side == side && row.category == category);
                rows.map(|row| {
                    let party = self.entity_name(row.entity);
                    let side = side.name();
                    format!(
                        "proximities cluster={of} side={side} category={category} entity={party}"
                    )
                })
                .collect()
            }
            Measure::Exposure { side, category, via, .. } => {
                self.exposure_rows(side, Some(category), via)
            }
            Measure::Total { side, .. } | Measure::Mixed { side } => {
                self.exposure_rows(side, None, Via::Any)
            }
            Measure::Pattern { number, name, within_s } => {
                let found = self.found(number, within_s).into_iter().flatten();
                let text = |row: &PatternMatch| {
                    format!(
                        "patterns cluster={of} pattern={name} height={}: {}",
                        row.height.get(),
                        row.about
                    )
                };
                found.map(text).collect()
            }
            Measure::Score => {
                let score =
                    self.score.map(|row| format!("scores cluster={of} profile={}", row.profile));
                let term = |row: &ScoreTerm| {
                    format!("score_terms cluster={of} kind={}: {}", row.kind, row.basis)
                };
                score.into_iter().chain(self.model_terms.iter().map(term)).collect()
            }
            Measure::Size => vec![format!("clusters cluster={of}")],
            _ => Vec::new(),
        }
    }
}

impl Facts for ClusterFacts<'_> {
    fn measure(&self, measure: &Measure) -> Range {
        let known = match *measure {
            Measure::Hops { side, category, contracted } => {
                return self.hops(side, category, contracted);
            }
            Measure::Exposure { side, category, via, of } => self.exposure(side, category, via, of),
            Measure::Total { side, value: false } => {
                self.sum(side, None, Via::Any).map(Range::exactly)
            }
            Measure::Total { side, value: true } => self.value(side, None, Via::Any),
            Measure::Mixed { side } => self.mixed(side),
            Measure::Pattern { number, within_s, .. } => {
                self.found(number, within_s).map(|found| Range::whole(found.count() as u64))
            }
            Measure::Score => self.score.map(|row| Range::thousandths(row.points)),
            Measure::Size => self.n_addresses.map(Range::whole),
            Measure::Age => self
                .first_seen
                .map(|first| Range::exactly(i128::from(self.now.get()) - i128::from(first.get()))),
            Measure::PaymentScore | Measure::Amount | Measure::AmountValue => None,
        };
        known.unwrap_or(Range::UNKNOWN)
    }

    fn claim(&self, claim: &Claim) -> Truth {
        truth(match claim {
            Claim::Listed => self.listed.map(|listed| !listed.is_empty()),
            Claim::List(names) => {
                self.listed.map(|listed| listed.iter().any(|entry| names.contains(&entry.list)))
            }
            Claim::Tag(texts) => self.tags.map(|tags| tags.iter().any(|tag| is_tagged(tag, texts))),
            Claim::Category(wanted) => self
                .categories
                .map(|categories| categories.iter().any(|category| wanted.contains(category))),
            Claim::Monitored => self.monitored,
            Claim::Mixing => None,
        })
    }

    fn words(&self, claim: &Claim) -> Vec<String> {
        let listed = |is_of: &dyn Fn(&ListedAs) -> bool| {
            let listed = self.listed.unwrap_or_default().iter().filter(|entry| is_of(entry));
            listed.map(named).collect()
        };
        match claim {
            Claim::Listed => listed(&|_| true),
            Claim::List(names) => listed(&|entry| names.contains(&entry.list)),
            Claim::Tag(texts) => {
                let tags = self.tags.unwrap_or_default().iter();
                let tags = tags.filter(|tag| is_tagged(tag, texts));
                tags.map(|tag| format!("{} ({})", tag.label, tag.pack)).collect()
            }
            Claim::Category(wanted) => {
                let known = self.categories.unwrap_or_default().iter();
                known.filter(|one| wanted.contains(one)).map(|one| one.name().to_owned()).collect()
            }
            Claim::Monitored | Claim::Mixing => Vec::new(),
        }
    }

    fn rows(&self, fact: FactRef<'_>) -> Vec<String> {
        match fact {
            FactRef::Measure(measure) => self.measure_rows(measure),
            FactRef::Claim(claim @ (Claim::Listed | Claim::List(_))) => {
                let is_of = |entry: &&ListedAs| match claim {
                    Claim::List(names) => names.contains(&entry.list),
                    _ => true,
                };
                let listed = self.listed.unwrap_or_default().iter().filter(is_of);
                let text = |entry: &ListedAs| {
                    let ListedAs { list, entity_id, address, .. } = entry;
                    match entity_id.is_empty() {
                        true => format!("listings list={list} address={address}"),
                        false => {
                            format!("listings list={list} entity_id={entity_id} address={address}")
                        }
                    }
                };
                listed.map(text).collect()
            }
            FactRef::Claim(Claim::Tag(texts)) => {
                let tags = self.tags.unwrap_or_default().iter();
                let tags = tags.filter(|tag| is_tagged(tag, texts));
                tags.map(|tag| format!("tags pack={} label={}", tag.pack, tag.label)).collect()
            }
            FactRef::Claim(_) => Vec::new(),
        }
    }
}

/// An entry for people: `YAN, Xiaobing (ofac-sdn 26748)`. A plain list gives neither name nor id: `address (house)`.
fn named(entry: &ListedAs) -> String {
    let name = if entry.entity_name.is_empty() { &entry.address } else { &entry.entity_name };
    match entry.entity_id.is_empty() {
        true => format!("{name} ({})", entry.list),
        false => format!("{name} ({} {})", entry.list, entry.entity_id),
    }
}

fn is_tagged(tag: &TaggedAs, texts: &[String]) -> bool {
    let is = |text: &String| {
        let text = text.to_lowercase();
        tag.label.to_lowercase() == text || tag.actor.to_lowercase() == text
    };
    texts.iter().any(is)
}

impl Facts for PaymentFacts<'_> {
    fn measure(&self, measure: &Measure) -> Range {
        let known = match measure {
            Measure::Amount => self.amount_sat.map(|sat| Range::exactly(sat.into())),
            Measure::AmountValue => self.value.map(|value| Range::exactly(value.micros())),
            Measure::PaymentScore => self.score.map(Range::thousandths),
            of_payer => return self.payer.measure(of_payer),
        };
        known.unwrap_or(Range::UNKNOWN)
    }

    fn claim(&self, claim: &Claim) -> Truth {
        match claim {
            Claim::Monitored => truth(self.monitored),
            Claim::Mixing => truth(self.mixing),
            of_payer => self.payer.claim(of_payer),
        }
    }

    fn words(&self, claim: &Claim) -> Vec<String> {
        self.payer.words(claim)
    }

    fn rows(&self, fact: FactRef<'_>) -> Vec<String> {
        match fact {
            FactRef::Measure(Measure::Amount | Measure::AmountValue | Measure::PaymentScore)
            | FactRef::Claim(Claim::Mixing | Claim::Monitored) => {
                vec![format!("transactions tx_id={}", self.tx)]
            }
            of_payer => self.payer.rows(of_payer),
        }
    }
}
