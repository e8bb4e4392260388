//! Which column of a file is what, by its name.

/// Where the columns stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) time: usize,
    /// A ticker, or a pair such as `BTC/USD`.
    pub(super) asset: Option<usize>,
    pub(super) currency: Option<usize>,
    /// Open, high, low, close.
    pub(super) prices: [usize; 4],
    pub(super) volume: Option<usize>,
    /// The name of the column of times, as it stands in the file.
    pub(super) time_name: String,
}

/// Of several columns of time the first of this list counts: a number is plainer than a date.
const TIMES: [&str; 9] = [
    "unix",
    "unix_timestamp",
    "timestamp",
    "open_time",
    "time",
    "datetime",
    "date_time",
    "date",
    "time_s",
];
const ASSETS: [&str; 5] = ["asset", "symbol", "ticker", "pair", "base"];
const CURRENCIES: [&str; 2] = ["currency", "quote"];
const PRICES: [&str; 4] = ["open", "high", "low", "close"];

/// Lower case, and every run of other characters than letters and digits one underscore.
fn plain(name: &str) -> String {
    let words = name.trim_start_matches('\u{feff}').split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_ascii_lowercase()
}

impl Columns {
    /// Finds them; `Err` names what is missing or stands there twice.
    pub(super) fn find(names: &[&str], asset: Option<&str>) -> Result<Self, String> {
        let plains: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let at = |wanted: &str| -> Result<Option<usize>, String> {
            let mut found = (0..plains.len()).filter(|index| plains[*index] == wanted);
            match (found.next(), found.next()) {
                (_, Some(_)) => Err(format!("two columns are named {wanted:?}")),
                (found, None) => Ok(found),
            }
        };
        let first = |wanted: &[&str]| -> Result<Option<usize>, String> {
            for name in wanted {
                if let Some(index) = at(name)? {
                    return Ok(Some(index));
                }
            }
            Ok(None)
        };
        let time = first(&TIMES)?.ok_or("no column of times (time, date, timestamp or unix)")?;
        let mut prices = [0; 4];
        for (place, name) in prices.iter_mut().zip(PRICES) {
            *place = at(name)?.ok_or_else(|| format!("no column {name:?}"))?;
        }
        let in_asset = format!("volume_{}", plain(asset.unwrap_or("btc")));
        Ok(Self {
            time,
            time_name: names[time].trim().to_owned(),
            asset: first(&ASSETS)?,
            currency: first(&CURRENCIES)?,
            prices,
            volume: first(&["volume", &in_asset])?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_come_in_any_case_and_order() {
        let names = [
            "Close",
            "LOW",
            "high ",
            "Open",
            "Volume (BTC)",
            "Volume (USD)",
            "Date",
            "Unix Timestamp",
        ];
        let found = Columns::find(&names, None).unwrap();
        assert_eq!((found.time, found.prices, found.volume), (7, [3, 2, 1, 0], Some(4)));
        let missing = Columns::find(&["time", "open", "high", "close"], None).unwrap_err();
        assert_eq!(missing, "no column \"low\"");
        let twice = Columns::find(&["time", "open", "high", "low", "close", "Open"], None);
        assert_eq!(twice.unwrap_err(), "two columns are named \"open\"");
        assert!(Columns::find(&["open"], None).unwrap_err().starts_with("no column of times"));
    }
}
