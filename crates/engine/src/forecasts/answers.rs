//! What forecasts answer, for adapters to render.

use forecast::{Bounds, Forecast};
use serde::Serialize;

use super::beside::IndicatorAhead;
use super::live::QuantilePath;

/// Where a series came from, and what was repaired.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadAnswer {
    /// The file, or the series' id within it.
    pub series: String,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Steps of the series.
    pub n: usize,
    /// Steps that are missing.
    pub n_missing: usize,
    /// Time of the first and the last value, RFC 3339; none where the file has no times.
    pub window: Option<[String; 2]>,
    /// The step in words.
    pub step: String,
    /// What was repaired, in words.
    pub repairs: Vec<String>,
    /// Names of the indicators that were used.
    pub indicators: Vec<String>,
}

/// A pair of bounds over the horizon.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoundsAnswer {
    /// In per cent.
    pub level: f64,
    /// Lower bounds.
    pub lower: Vec<f64>,
    /// Upper bounds.
    pub upper: Vec<f64>,
}

/// A member of the default forecast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberAnswer {
    /// Its name.
    pub name: String,
    /// Its weight; all sum to 1.
    pub weight: f64,
    /// Its mean absolute error at past origins.
    pub error: Option<f64>,
}

/// The method that was asked for, and why another one answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InsteadOf {
    /// The method that was asked for.
    pub method: String,
    /// Why it did not answer.
    pub reason: String,
}

/// What would come under scenarios, by the same fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioAnswer {
    /// The scenarios, as `btc=+8% in 1h`.
    pub given: Vec<String>,
    /// Expected value of each step.
    pub mean: Vec<f64>,
    /// What that is more than without the scenarios.
    pub delta: Vec<f64>,
    /// Bounds, a pair a level.
    pub bounds: Vec<BoundsAnswer>,
    /// Quantiles, in the order asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<QuantilePath>,
}

/// A forecast with the method and the window that made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForecastAnswer {
    /// The method.
    pub method: String,
    /// Version of the code.
    pub version: String,
    /// The series.
    #[serde(flatten)]
    pub read: ReadAnswer,
    /// Steps ahead.
    pub horizon: usize,
    /// Seasons that were looked for, in steps.
    pub seasons: Vec<usize>,
    /// Time of each step ahead, RFC 3339; empty where the file has no times.
    pub times: Vec<String>,
    /// Expected value of each.
    pub mean: Vec<f64>,
    /// Bounds, a pair a level.
    pub bounds: Vec<BoundsAnswer>,
    /// Quantiles, in the order asked for; those of a step never cross.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<QuantilePath>,
    /// Where the values of indicators over the horizon come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indicators_ahead: Vec<IndicatorAhead>,
    /// The same under scenarios.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioAnswer>,
    /// The method that was asked for, where the last season stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<InsteadOf>,
    /// What the default forecast is made of.
    pub members: Vec<MemberAnswer>,
    /// The last values, for a plot; `null` where missing.
    pub tail: Vec<f64>,
    /// Seconds of one core.
    pub cpu_s: f64,
}

impl ForecastAnswer {
    /// What its backtest missed by, at most: the mean absolute errors of its members by their weights. A combination misses
    /// by no more. `None` where nothing was backtested.
    pub fn error_bound(&self) -> Option<f64> {
        let errors = self.members.iter().map(|member| Some(member.weight * member.error?));
        let errors: Vec<f64> = errors.collect::<Option<_>>()?;
        (!errors.is_empty()).then(|| errors.iter().sum())
    }

    /// As the method gave it: levels are shares.
    pub(super) fn forecast(&self) -> Forecast {
        let bounds = self.bounds.iter().map(|bounds| Bounds {
            level: bounds.level / 100.0,
            lower: bounds.lower.clone(),
            upper: bounds.upper.clone(),
        });
        Forecast { mean: self.mean.clone(), bounds: bounds.collect() }
    }
}

/// A parameter of a fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterAnswer {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Standard error by second derivatives of the likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub se: Option<f64>,
    /// Standard error by outer products of the scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub se_opg: Option<f64>,
}

/// A fit with its forecast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitAnswer {
    /// The orders, as `(1,0,1)(0,1,1)24`; none where the method has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<String>,
    /// The trend: n, c, t or ct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<&'static str>,
    /// The form, such as `AAdA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Parameters in the method's order.
    pub parameters: Vec<ParameterAnswer>,
    /// Figures of the fit by name: `log_likelihood`, `aic`, …
    #[serde(flatten)]
    pub figures: std::collections::BTreeMap<&'static str, f64>,
    /// The forecast.
    #[serde(flatten)]
    pub forecast: ForecastAnswer,
    /// Bounds of 80 %.
    pub lo80: Vec<f64>,
    /// Bounds of 80 %.
    pub hi80: Vec<f64>,
    /// Bounds of 95 %.
    pub lo95: Vec<f64>,
    /// Bounds of 95 %.
    pub hi95: Vec<f64>,
}
