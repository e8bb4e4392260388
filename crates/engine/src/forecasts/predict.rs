//! One forecast of one series, and a fit with its parameters.

use std::collections::BTreeMap;

use forecast::sarimax::Information;
use forecast::{
    AutoArima, AutoFit, Ets, Fitted, Indicators, Orders, Prophet, ProphetFit, Sarimax, SarimaxFit,
    SeasonKind, Series, Theta, Trend, reading,
};

use super::answers::{
    BoundsAnswer, FitAnswer, ForecastAnswer, MemberAnswer, ParameterAnswer, ScenarioAnswer,
};
use super::backtest::{LEVELS, cpu_s};
use super::beside::WhatIf;
use super::live::QuantilePath;
use super::methods::{MethodName, Setting};
use super::series::LoadedSeries;
use crate::Error;

/// Values before a forecast that a plot shows.
const TAIL: usize = 240;

/// What is fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// The method.
    pub method: MethodName,
    /// Orders of SARIMAX; if not given, those of the file, else they are found.
    pub orders: Option<(Orders, Trend)>,
    /// Steps ahead; if not given, those of the file, else two seasons.
    pub horizon: Option<usize>,
}

/// What a method told of itself.
#[derive(Default)]
pub(super) struct Told {
    orders: Option<(Orders, Trend)>,
    form: Option<String>,
    parameters: Vec<ParameterAnswer>,
    figures: BTreeMap<&'static str, f64>,
    members: Vec<MemberAnswer>,
    /// Members that failed, in words.
    left_out: Vec<String>,
}

type Made = (Box<dyn Fitted>, Told);

/// A forecast of the next steps. `levels` are shares, `0.0..1.0`.
///
/// # Errors
/// A series that the method cannot forecast, a level out of range.
pub fn predict_series(
    series: &LoadedSeries,
    options: &FitOptions,
    levels: &[f64],
) -> Result<ForecastAnswer, Error> {
    Ok(answered(series, options, (levels, &[]), None)?.0)
}

/// A fit with its parameters and a forecast.
///
/// # Errors
/// As [`predict_series`].
pub fn fit_series(series: &LoadedSeries, options: &FitOptions) -> Result<FitAnswer, Error> {
    let (forecast, told) = answered(series, options, (&LEVELS, &[]), None)?;
    let side = |at: usize, upper: bool| {
        let bounds: Option<&BoundsAnswer> = forecast.bounds.get(at);
        let side = bounds.map(|bounds| if upper { &bounds.upper } else { &bounds.lower });
        side.cloned().unwrap_or_default()
    };
    Ok(FitAnswer {
        orders: told.orders.map(|(orders, _)| orders.to_string()),
        trend: told.orders.map(|(_, trend)| letters(trend)),
        form: told.form,
        parameters: told.parameters,
        figures: told.figures,
        lo80: side(0, false),
        hi80: side(0, true),
        lo95: side(1, false),
        hi95: side(1, true),
        forecast,
    })
}

fn letters(trend: Trend) -> &'static str {
    match trend {
        Trend::None => "n",
        Trend::Constant => "c",
        Trend::Linear => "t",
        Trend::ConstantLinear => "ct",
    }
}

/// The forecast and what its method told of itself. Levels and quantiles are shares, `0.0..1.0`.
pub(super) fn answered(
    series: &LoadedSeries,
    options: &FitOptions,
    (levels, quantiles): (&[f64], &[f64]),
    what_if: Option<&WhatIf>,
) -> Result<(ForecastAnswer, Told), Error> {
    let method = options.method;
    if method == MethodName::Prophet && !series.has_times {
        return Err(Error::Question {
            what: format!("{}: prophet needs times", series.id),
            hint: Some("give \"start\" and \"freq\" beside \"y\", or another method".to_owned()),
        });
    }
    let horizon = options.horizon.unwrap_or_else(|| series.horizon_default());
    let orders = options.orders.or(series.orders);
    let setting = Setting { seasons: series.seasons.clone(), horizon, orders };
    let none = Indicators::default();
    let uses = method.uses_indicators();
    let (past, future) = if uses { (&series.indicators, &series.future) } else { (&none, &none) };
    let begin = cpu_s();
    let (fitted, mut told) = fit(method, &setting, &series.series, past)?;
    let ahead = |future: &Indicators| ahead(&*fitted, horizon, future, levels, quantiles);
    let base = ahead(future)?;
    let scenario = match what_if.filter(|_| uses) {
        None => None,
        Some(what_if) => {
            let Ahead { mean, bounds, quantiles } = ahead(&what_if.future)?;
            let delta = mean.iter().zip(&base.mean).map(|(then, base)| then - base).collect();
            Some(ScenarioAnswer { given: what_if.given.clone(), mean, delta, bounds, quantiles })
        }
    };
    let cpu_s = cpu_s() - begin;
    let values = &series.series.values;
    let n = values.len();
    let time = |step: usize| {
        reading::time_of(&series.series, n + step).map(reading::time_text).unwrap_or_default()
    };
    let mut read = series.answer(uses);
    read.repairs.append(&mut told.left_out);
    let answer = ForecastAnswer {
        method: method.name().to_owned(),
        version: crate::CODE_VERSION.to_owned(),
        read,
        horizon,
        seasons: series.seasons.clone(),
        times: if series.has_times { (0..horizon).map(time).collect() } else { Vec::new() },
        mean: base.mean,
        bounds: base.bounds,
        quantiles: base.quantiles,
        indicators_ahead: Vec::new(),
        scenario,
        instead_of: None,
        members: std::mem::take(&mut told.members),
        tail: values[n.saturating_sub(TAIL)..].to_vec(),
        cpu_s,
    };
    Ok((answer, told))
}

/// What a fit says of the steps ahead.
struct Ahead {
    mean: Vec<f64>,
    bounds: Vec<BoundsAnswer>,
    quantiles: Vec<QuantilePath>,
}

fn ahead(
    fitted: &dyn Fitted,
    horizon: usize,
    future: &Indicators,
    levels: &[f64],
    quantiles: &[f64],
) -> Result<Ahead, Error> {
    let future = first_rows(future, horizon);
    let forecast = fitted.forecast(horizon, &future, levels)?;
    let paths = match quantiles {
        [] => Vec::new(),
        _ => fitted.quantiles(horizon, &future, quantiles)?,
    };
    let bounds = forecast.bounds.into_iter().map(|bounds| BoundsAnswer {
        level: (bounds.level * 1e8).round() / 1e6,
        lower: bounds.lower,
        upper: bounds.upper,
    });
    let path = |(quantile, values): (&f64, Vec<f64>)| QuantilePath { quantile: *quantile, values };
    Ok(Ahead {
        mean: forecast.mean,
        bounds: bounds.collect(),
        quantiles: quantiles.iter().zip(paths).map(path).collect(),
    })
}

/// The indicators of the first steps: a file may know more of the future than is asked for.
pub(super) fn first_rows(future: &Indicators, horizon: usize) -> Indicators {
    let cut = |column: &Vec<f64>| column[..column.len().min(horizon)].to_vec();
    Indicators { names: future.names.clone(), columns: future.columns.iter().map(cut).collect() }
}

/// Fits, and asks the methods that can be inspected what came out.
fn fit(
    method: MethodName,
    setting: &Setting,
    series: &Series,
    indicators: &Indicators,
) -> Result<Made, Error> {
    let n = series.values.len();
    let seasons = setting.fitting(n);
    let season = seasons.first().copied().unwrap_or(1);
    Ok(match (method, setting.orders) {
        (MethodName::Auto, _) => {
            let fit = setting.auto().inspect(series)?;
            let words = |out: &forecast::LeftOut| {
                format!("{} took no part, the others stand in for it: {}", out.name, out.reason)
            };
            let left_out = fit.left_out.iter().map(words).collect();
            let told = Told { members: members(&fit), left_out, ..Told::default() };
            (Box::new(fit), told)
        }
        (MethodName::Sarimax, Some((orders, trend))) => {
            let fit = Sarimax::new(orders, trend).fit_series(series, indicators)?;
            let told = sarimax(&fit)?;
            (Box::new(fit), told)
        }
        (MethodName::Sarimax | MethodName::AutoArima, _) => {
            let fit = AutoArima::new(season).fit_series(series, indicators)?.fit;
            let told = sarimax(&fit)?;
            (Box::new(fit), told)
        }
        (MethodName::Dhr, _) => {
            let fit = setting.dhr().fit_series(series, indicators)?.fit;
            let told = sarimax(&fit)?;
            (Box::new(fit), told)
        }
        (MethodName::Ets, _) => {
            let fit = Ets { season, form: None }.inspect(series)?;
            let is_seasonal = fit.form.season != SeasonKind::None;
            let told = Told { left_out: season_left_out(setting, n, is_seasonal), ..ets(&fit) };
            (Box::new(fit), told)
        }
        (MethodName::Prophet, _) => {
            let fit = Prophet::default().inspect(series, indicators)?;
            let told = prophet(&fit);
            (Box::new(fit), told)
        }
        (MethodName::Regression, _) => {
            let fit = setting.regression(&seasons, n).inspect(series, indicators)?;
            let terms = fit.terms().into_iter().map(|term| plain(term.name, term.coefficient));
            let figures = BTreeMap::from([("sigma", fit.sigma())]);
            let told = Told { parameters: terms.collect(), figures, ..Told::default() };
            (Box::new(fit), told)
        }
        (MethodName::SeasonalNaive | MethodName::Theta | MethodName::Mstl, _) => {
            let fit = method.method(setting, n).fit(series, indicators)?;
            let parameters = fit.parameters().into_iter().map(|(name, value)| plain(name, value));
            let (parameters, figures) = (parameters.collect(), fit.figures().into_iter().collect());
            let is_seasonal =
                method != MethodName::Theta || Theta { season }.uses_season(&series.values);
            let left_out = season_left_out(setting, n, is_seasonal);
            (fit, Told { parameters, figures, left_out, ..Told::default() })
        }
    })
}

/// What is said where a short series was fitted without the season that its step suggests: the season may well be there.
fn season_left_out(setting: &Setting, n: usize, is_seasonal: bool) -> Vec<String> {
    let season = setting.season();
    if is_seasonal || season < 2 || n >= CYCLES_SEEN * season {
        return Vec::new();
    }
    vec![format!(
        "the season of {season} steps was left out, {n} values do not show it beyond chance: auto and seasonal_naive repeat it"
    )]
}

/// Cycles from which on a season that is not found is not there.
const CYCLES_SEEN: usize = 4;

fn plain(name: impl Into<String>, value: f64) -> ParameterAnswer {
    ParameterAnswer { name: name.into(), value, se: None, se_opg: None }
}

fn members(fit: &AutoFit) -> Vec<MemberAnswer> {
    let member = |member: &forecast::MemberWeight| MemberAnswer {
        name: member.name.clone(),
        weight: member.weight,
        error: member.error,
    };
    fit.members.iter().map(member).collect()
}

fn sarimax(fit: &SarimaxFit) -> Result<Told, Error> {
    let observed = fit.standard_errors(Information::Observed)?;
    let outer = fit.standard_errors(Information::OuterProduct)?;
    let values = fit.parameters().into_iter().zip(observed.into_iter().zip(outer));
    // A matrix without an inverse gives no standard error: none is told rather than a NaN.
    let finite = |se: f64| Some(se).filter(|se| se.is_finite());
    let parameter = |(name, (value, (se, opg)))| ParameterAnswer {
        name,
        value,
        se: finite(se),
        se_opg: finite(opg),
    };
    let figures = [
        ("log_likelihood", fit.log_likelihood()),
        ("log_likelihood_diffuse", fit.log_likelihood_diffuse()),
        ("aic", fit.aic()),
        ("aicc", fit.aicc()),
        ("bic", fit.bic()),
        ("hqic", fit.hqic()),
        ("evaluations", f64::from(fit.evaluations())),
    ];
    Ok(Told {
        orders: Some((fit.model().orders, fit.model().trend)),
        parameters: fit.names().into_iter().zip(values).map(parameter).collect(),
        figures: figures.into(),
        ..Told::default()
    })
}

fn ets(fit: &forecast::EtsFit) -> Told {
    let start = &fit.start;
    let mut parameters = vec![
        plain("alpha", start.alpha),
        plain("beta", start.beta),
        plain("gamma", start.gamma),
        plain("phi", start.phi),
        plain("level", start.level),
        plain("slope", start.slope),
    ];
    let season = start.season.iter().enumerate();
    parameters.extend(season.map(|(at, value)| plain(format!("season.{at}"), *value)));
    let figures = [
        ("log_likelihood", fit.score.log_likelihood),
        ("variance", fit.score.variance),
        ("aicc", fit.aicc),
    ];
    Told { form: Some(fit.form.letters()), parameters, figures: figures.into(), ..Told::default() }
}

fn prophet(fit: &ProphetFit) -> Told {
    let bend =
        |(time, change): (i64, f64)| plain(format!("bend.{}", reading::time_text(time)), change);
    let figures = [("log_posterior", fit.log_posterior()), ("sigma", fit.sigma())];
    Told {
        parameters: fit.changepoints().into_iter().map(bend).collect(),
        figures: figures.into(),
        ..Told::default()
    }
}
