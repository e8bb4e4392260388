//! The orders that a search looks at: where it starts, and what is one step away.

use crate::{Orders, Trend};

/// Largest orders of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderLimits {
    /// Autoregressive lags.
    pub ar: usize,
    /// Moving-average lags.
    pub ma: usize,
    /// Seasonal autoregressive lags.
    pub seasonal_ar: usize,
    /// Seasonal moving-average lags.
    pub seasonal_ma: usize,
    /// Differences.
    pub differences: usize,
}

impl Default for OrderLimits {
    /// Those of R's `auto.arima`.
    fn default() -> Self {
        Self { ar: 5, ma: 5, seasonal_ar: 2, seasonal_ma: 2, differences: 2 }
    }
}

/// Orders and trend of one model.
pub(super) type Candidate = (Orders, Trend);

/// What may be proposed.
pub(super) struct Space {
    /// Differences and season as the tests have set them.
    pub(super) base: Orders,
    pub(super) limits: OrderLimits,
    /// Whether a constant is allowed: a trend of second degree is not.
    pub(super) constant: bool,
}

impl Space {
    fn seasonal(&self) -> bool {
        self.base.season > 1
    }

    fn candidate(
        &self,
        ar: usize,
        ma: usize,
        seasonal: (usize, usize),
        constant: bool,
    ) -> Candidate {
        let seasonal = if self.seasonal() { seasonal } else { (0, 0) };
        let orders = Orders {
            ar: ar.min(self.limits.ar),
            ma: ma.min(self.limits.ma),
            seasonal_ar: seasonal.0.min(self.limits.seasonal_ar),
            seasonal_ma: seasonal.1.min(self.limits.seasonal_ma),
            ..self.base
        };
        let constant = constant && self.constant;
        (orders, if constant { Trend::Constant } else { Trend::None })
    }

    /// The five of Hyndman and Khandakar, and the airline model.
    pub(super) fn starts(&self) -> Vec<Candidate> {
        let mut starts = vec![
            self.candidate(2, 2, (1, 1), true),
            self.candidate(0, 0, (0, 0), true),
            self.candidate(1, 0, (1, 0), true),
            self.candidate(0, 1, (0, 1), true),
            self.candidate(0, 0, (0, 0), false),
            self.candidate(0, 1, (0, 1), false),
            self.candidate(2, 0, (1, 0), false),
        ];
        let mut at = 0;
        while at < starts.len() {
            let seen = starts[..at].contains(&starts[at]);
            if seen {
                starts.remove(at);
            } else {
                at += 1;
            }
        }
        starts
    }

    /// One step away: an order more or less, or two of them together; with the constant or without.
    pub(super) fn neighbors(&self, (orders, trend): Candidate) -> Vec<Candidate> {
        const STEPS: [(isize, isize); 8] =
            [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)];
        let mut found = Vec::new();
        let moved = |order: usize, step: isize, limit: usize| {
            order.checked_add_signed(step).filter(|order| *order <= limit)
        };
        if self.seasonal() {
            for (p, q) in STEPS {
                let seasonal_ar = moved(orders.seasonal_ar, p, self.limits.seasonal_ar);
                let seasonal_ma = moved(orders.seasonal_ma, q, self.limits.seasonal_ma);
                if let (Some(seasonal_ar), Some(seasonal_ma)) = (seasonal_ar, seasonal_ma) {
                    found.push((Orders { seasonal_ar, seasonal_ma, ..orders }, trend));
                }
            }
        }
        for (p, q) in STEPS {
            let ar = moved(orders.ar, p, self.limits.ar);
            let ma = moved(orders.ma, q, self.limits.ma);
            if let (Some(ar), Some(ma)) = (ar, ma) {
                found.push((Orders { ar, ma, ..orders }, trend));
            }
        }
        if self.constant {
            let other = if trend == Trend::None { Trend::Constant } else { Trend::None };
            found.push((orders, other));
        }
        found
    }
}
