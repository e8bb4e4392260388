//! A score made the long way: the profile as TOML, rational numbers, one group after the other.

use ledger::{Category, EntityId, FlowSide};
use tracehound_forensics::score::{DEFAULT_PROFILE, PATTERNS};

use crate::score_worlds::Owned;

/// The default profile, read by another reader.
pub struct Oracle {
    profile: toml::Table,
}

/// A number of the text in units of `10^-decimals`.
#[expect(clippy::cast_possible_truncation, reason = "numbers of a profile are small")]
fn scaled(value: &toml::Value, decimals: u32) -> i128 {
    let number = value.as_float().or(value.as_integer().map(|n| n as f64)).unwrap();
    (number * 10_f64.powi(i32::try_from(decimals).unwrap())).round() as i128
}

/// The percentage, in ppm, of `[x, percent]` at `x = numerator / denominator`, rounded down.
fn curve(points: &toml::Value, decimals: u32, x: i128) -> i128 {
    let points: Vec<(i128, i128)> = points
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            let pair = pair.as_array().unwrap();
            (scaled(&pair[0], decimals), scaled(&pair[1], 4))
        })
        .collect();
    let mut found = 0;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x >= x1 {
            found = y1;
        } else if x >= x0 {
            found = y0 + (y1 - y0) * (x - x0) / (x1 - x0);
        }
    }
    found
}

impl Oracle {
    pub fn new() -> Self {
        Self { profile: DEFAULT_PROFILE.parse().unwrap() }
    }

    fn get(&self, section: &str, key: &str) -> &toml::Value {
        &self.profile[section][key]
    }

    fn weight(&self, category: Category, key: &str) -> i128 {
        scaled(&self.profile["categories"][category.name()][key], 3)
    }

    /// Thousandths of a point.
    pub fn points(&self, facts: &Owned) -> i128 {
        if !facts.listed.is_empty() {
            return 100_000;
        }
        let sum =
            self.held(facts) + self.exposures(facts) + self.near(facts) + self.patterns(facts);
        sum.clamp(0, 100_000)
    }

    fn is_sure(&self, facts: &Owned, id: EntityId) -> bool {
        let least = self.get("tags", "confidence_min").as_integer().unwrap();
        id == EntityId::NONE || i64::from(facts.entities[id.get() as usize].confidence) >= least
    }

    fn held(&self, facts: &Owned) -> i128 {
        let held = facts.held_by.filter(|id| self.is_sure(facts, *id));
        held.map_or(0, |id| self.weight(facts.entities[id.get() as usize].category, "held"))
    }

    /// Whether something went directly to sure parties of the category.
    fn paid(&self, facts: &Owned, category: Category) -> bool {
        facts.exposures.iter().any(|row| {
            row.side == FlowSide::Sent
                && row.direct
                && row.amount.units() > 0
                && row.category == category
                && self.is_sure(facts, row.entity)
        })
    }

    fn exposures(&self, facts: &Owned) -> i128 {
        let mut sum = 0;
        let dust_value = scaled(self.get("dust", "value_min"), 6);
        let dust_sat = scaled(self.get("dust", "amount_sat_min"), 0);
        for side in FlowSide::BOTH {
            let of_side = || facts.exposures.iter().filter(move |row| row.side == side);
            let total: i128 = of_side().map(|row| row.amount.units() as i128).sum();
            for category in Category::all().skip(1) {
                let rows = || {
                    let own = of_side().filter(move |row| row.category == category);
                    own.filter(|row| self.is_sure(facts, row.entity))
                };
                let factor = |direct: bool, mixed: bool| {
                    let way =
                        scaled(self.get("factors", if direct { "direct" } else { "indirect" }), 4);
                    let mix =
                        if mixed { scaled(self.get("factors", "mixed"), 4) } else { 1_000_000 };
                    way * mix / 1_000_000
                };
                let counted: i128 = rows()
                    .map(|row| row.amount.units() as i128 * factor(row.direct, row.mixed))
                    .sum();
                let worth: i128 = rows()
                    .map(|row| row.value.micros() * factor(row.direct, row.mixed) / 1_000_000)
                    .sum();
                let value: i128 = rows().map(|row| row.value.micros()).sum();
                let unpriced: i128 = rows().map(|row| row.amount_unpriced.units() as i128).sum();
                let dust = side == FlowSide::Received
                    && value < dust_value
                    && unpriced < dust_sat
                    && !self.paid(facts, category);
                if counted == 0 || dust {
                    continue;
                }
                let by_share = curve(self.get("curves", "share"), 4, counted / total);
                let by_value = curve(self.get("curves", "value"), 6, worth);
                sum += self.weight(category, side.name()) * by_share.max(by_value) / 1_000_000;
            }
        }
        sum
    }

    /// Millionths of nearness (or of patterns) that count: fewer where a service holds the cluster.
    fn of_service(&self, facts: &Owned, key: &str) -> i128 {
        let services = self.get("services", "categories").as_array().unwrap();
        let is_service = facts.held_by.filter(|id| self.is_sure(facts, *id)).is_some_and(|id| {
            let held = facts.entities[id.get() as usize].category.name();
            services.iter().any(|name| name.as_str() == Some(held))
        });
        if is_service { scaled(self.get("services", key), 4) } else { 1_000_000 }
    }

    fn near(&self, facts: &Owned) -> i128 {
        let hops = self.get("curves", "hops").as_array().unwrap();
        let dust_sat = scaled(self.get("dust", "amount_sat_min"), 0);
        let mut sum = 0;
        for row in facts.proximities.iter().filter(|row| self.is_sure(facts, row.entity)) {
            let received = row.side == FlowSide::Received;
            let is_dust = i128::from(row.bottleneck_sat) < dust_sat;
            if received && is_dust && !self.paid(facts, row.category) {
                continue;
            }
            let percent =
                hops.get(usize::from(row.hops_contracted) - 1).map_or(0, |p| scaled(p, 4));
            let near = self.weight(row.category, &format!("near_{}", row.side.name()));
            sum += near * percent / 1_000_000 * self.of_service(facts, "nearness") / 1_000_000;
        }
        sum
    }

    fn patterns(&self, facts: &Owned) -> i128 {
        let mut sum = 0;
        for (number, name) in PATTERNS {
            let n = facts.patterns.iter().filter(|row| row.pattern == *number).filter(|row| {
                let least = scaled(self.get("dust", "value_min"), 6);
                let sat = scaled(self.get("dust", "amount_sat_min"), 0);
                row.value.map_or(row.amount.units() as i128 >= sat, |value| value.micros() >= least)
            });
            let n = n.count() as i128;
            let earned = curve(self.get("curves", "matches"), 0, n);
            let points = scaled(self.get("patterns", name), 3) * earned / 1_000_000;
            sum += points * self.of_service(facts, "patterns") / 1_000_000;
        }
        sum
    }
}
