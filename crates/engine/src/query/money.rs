//! Values beside amounts, by the prices that the last run knew.

use forensics::money::PriceMark;
use ledger::{ClusterId, Timestamp, Value};

use crate::answers::{ValueAnswer, WorthAnswer};
use crate::derived::MappedMoney;
use crate::view::View;

impl View {
    /// Money as the last run knew it; `None` where that was of another currency or by other rules, because no value is
    /// better than one under a wrong name.
    pub(crate) fn money(&self) -> Option<&MappedMoney> {
        self.derived.as_ref()?.money.as_ref().filter(|_| self.has_money())
    }

    /// What the last run knew of the price at a time.
    pub(super) fn mark_at(&self, time: Timestamp) -> PriceMark {
        self.money().map_or_else(PriceMark::default, |money| money.prices().mark_at(time))
    }

    pub(super) fn value_answer(&self, value: Value) -> ValueAnswer {
        ValueAnswer { micros: value.micros(), currency: self.config.money.currency.clone() }
    }

    /// What one cluster moved to another, in money.
    pub(super) fn worth(&self, source: ClusterId, target: ClusterId) -> WorthAnswer {
        let Some(edge) = self.money().and_then(|money| money.edge(source, target)) else {
            return WorthAnswer::default();
        };
        let has_value = edge.is_priced || edge.value != Value::ZERO;
        WorthAnswer {
            value: has_value.then(|| self.value_answer(edge.value)),
            value_complete: edge.is_priced,
            n_mixing: Some(edge.n_mixing),
            n_high_volatility: Some(edge.n_high_volatility),
        }
    }
}
