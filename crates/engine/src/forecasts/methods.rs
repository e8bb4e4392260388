//! Methods by name, with the settings that a series suggests.

use forecast::{
    Auto, AutoArima, Ets, HarmonicRegression, Method, Mstl, Orders, Prophet, Regression, Sarimax,
    SeasonalNaive, Theta, Trend,
};

/// A method by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MethodName {
    /// Several methods, weighed by their past errors.
    Auto,
    /// The last season again.
    SeasonalNaive,
    /// Exponential smoothing.
    Ets,
    /// Theta.
    Theta,
    /// Seasons by STL, the rest by smoothing.
    Mstl,
    /// Calendar terms, trend, indicators and lags.
    Regression,
    /// Prophet.
    Prophet,
    /// Seasonal ARIMA of given orders.
    Sarimax,
    /// Seasonal ARIMA whose orders are found.
    AutoArima,
    /// Waves for long seasons, ARIMA for what they leave.
    Dhr,
}

/// What a method needs to know besides the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Seasons in steps, ascending.
    pub seasons: Vec<usize>,
    /// Steps ahead.
    pub horizon: usize,
    /// Orders and trend of SARIMAX; if not given they are found.
    pub orders: Option<(Orders, Trend)>,
}

impl MethodName {
    /// Its name, as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::SeasonalNaive => "seasonal_naive",
            Self::Ets => "ets",
            Self::Theta => "theta",
            Self::Mstl => "mstl",
            Self::Regression => "regression",
            Self::Prophet => "prophet",
            Self::Sarimax => "sarimax",
            Self::AutoArima => "auto_arima",
            Self::Dhr => "dhr",
        }
    }

    /// Whether it uses indicators; the others forecast without them, and the answer says so.
    pub fn uses_indicators(self) -> bool {
        matches!(
            self,
            Self::Regression | Self::Prophet | Self::Sarimax | Self::AutoArima | Self::Dhr
        )
    }

    /// The method for a history of `n` values.
    pub fn method(self, setting: &Setting, n: usize) -> Box<dyn Method> {
        let seasons = setting.fitting(n);
        // A season without two cycles of data cannot be fitted; the naive forecast needs one.
        let season = seasons.first().copied().unwrap_or(1);
        match self {
            Self::Auto => Box::new(setting.auto()),
            Self::SeasonalNaive => Box::new(SeasonalNaive { season: setting.season_within(n) }),
            Self::Ets => Box::new(Ets { season, form: None }),
            Self::Theta => Box::new(Theta { season }),
            Self::Mstl => Box::new(setting.mstl(n)),
            Self::Regression => Box::new(setting.regression(&seasons, n)),
            Self::Prophet => Box::new(Prophet::default()),
            Self::Sarimax => match setting.orders {
                Some((orders, trend)) => Box::new(Sarimax::new(orders, trend)),
                None => Box::new(AutoArima::new(season)),
            },
            Self::AutoArima => Box::new(AutoArima::new(season)),
            Self::Dhr => Box::new(setting.dhr()),
        }
    }
}

impl Setting {
    /// The shortest season; 1 where there is none.
    pub fn season(&self) -> usize {
        self.seasons.first().copied().unwrap_or(1)
    }

    /// The shortest season, if `n` values hold one.
    fn season_within(&self, n: usize) -> usize {
        if self.season() <= n { self.season() } else { 1 }
    }

    /// Seasons with two cycles in `n` values.
    pub(super) fn fitting(&self, n: usize) -> Vec<usize> {
        self.seasons.iter().copied().filter(|season| 2 * season <= n).collect()
    }

    pub(super) fn auto(&self) -> Auto {
        let history_max = self.seasons.last().map_or(1_000, |long| (8 * long).max(1_000));
        Auto { seasons: self.seasons.clone(), horizon: self.horizon, origins: 40, history_max }
    }

    pub(super) fn dhr(&self) -> HarmonicRegression {
        HarmonicRegression { seasons: self.seasons.clone() }
    }

    pub(super) fn mstl(&self, n: usize) -> Mstl {
        Mstl { seasons: self.fitting(n), robust: false, every_place: false }
    }

    /// Four pairs a season, the last three values, and those around the last season.
    pub(super) fn regression(&self, seasons: &[usize], n: usize) -> Regression {
        let mut lags = vec![1, 2, 3];
        if let Some(season) = seasons.first() {
            lags.extend([*season, season + 1]);
        }
        lags.sort_unstable();
        lags.dedup();
        lags.retain(|lag| 3 * lag <= n);
        let seasons = seasons.iter().map(|season| (*season, 4.min(season / 2))).collect();
        Regression { seasons, trend: false, lags, ridge: 1.0 }
    }
}
