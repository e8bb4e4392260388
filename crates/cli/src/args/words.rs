//! Words of the command line that are more than text: times and amounts.

use engine::Time;

const COIN_DECIMALS: usize = 8;

/// A date (its midnight) or an RFC 3339 time, UTC.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| is_date(text));
    let seconds = match date {
        Some(date) => {
            let midnight = date.to_zoned(jiff::tz::TimeZone::UTC);
            midnight.map(|midnight| midnight.timestamp().as_second())
        }
        None => text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second),
    };
    seconds.map(Time::new).map_err(|_| {
        "write a date (2024-09-27) or an RFC 3339 time (2024-09-27T10:00:00Z)".to_owned()
    })
}

/// Whether the text is a date alone. The parser of dates also takes a whole RFC 3339 time and drops its clock.
fn is_date(text: &str) -> bool {
    text.len() == "2024-09-27".len()
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// An amount in BTC, in satoshi: exact, at most eight decimals.
pub(crate) fn satoshi(text: &str) -> Result<u64, String> {
    let fault = || "write an amount in BTC with at most eight decimals, such as 0.5".to_owned();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || part.len() > COIN_DECIMALS {
        return Err(fault());
    }
    if !is_number(whole) || !is_number(part) {
        return Err(fault());
    }
    format!("{whole}{part:0<COIN_DECIMALS$}").parse().map_err(|_| fault())
}

/// Heights from the first to the last, both counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heights {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// `560062..560070`: both ends are meant.
pub(crate) fn heights(text: &str) -> Result<Heights, String> {
    let fault = || "write the first and the last height, such as 560062..560070".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(fault)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_| fault());
    let heights = Heights { from: number(from)?, to: number(to)? };
    if heights.from <= heights.to { Ok(heights) } else { Err(fault()) }
}
