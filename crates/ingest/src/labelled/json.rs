//! Small readings of JSON that is not ours: hexadecimal, amounts, times, files that may be compressed.

use std::path::Path;

use serde_json::Value;

use super::error::LabelledError;
use super::gzip;

/// The longest file, and the longest that a compressed one may become: an emulation of a day is some 100 MB.
const FILE_BYTES_MAX: u64 = 1 << 30;
const SATOSHI_IN_COIN: f64 = 1e8;
/// All coins that can ever exist; an amount beyond it counts satoshi.
const COINS_MAX: f64 = 21e6;

/// A file's bytes, unpacked if it is gzip.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, LabelledError> {
    let length = path.metadata().map_err(|error| LabelledError::io(path, &error))?.len();
    if length > FILE_BYTES_MAX {
        let what = format!("{length} bytes, {FILE_BYTES_MAX} are the most that is read");
        return Err(LabelledError::new(path, None, what).with_hint("cut it into several files"));
    }
    let bytes = std::fs::read(path).map_err(|error| LabelledError::io(path, &error))?;
    if !gzip::is_gzip(&bytes) {
        return Ok(bytes);
    }
    gzip::unpack(&bytes, usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX))
        .map_err(|what| LabelledError::new(path, None, what).with_hint("test it with `gzip -t`"))
}

/// A file's text, unpacked if it is gzip; what is no UTF-8 is replaced, since only fields in it would suffer.
pub(super) fn text(path: &Path) -> Result<String, LabelledError> {
    let bytes = bytes(path)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// A JSON file, unpacked if it is gzip.
pub(super) fn value(path: &Path) -> Result<Value, LabelledError> {
    let bytes = bytes(path)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let line = u64::try_from(error.line()).ok().filter(|line| *line > 0);
        LabelledError::new(path, line, format!("no JSON: {error}"))
    })
}

/// Bytes of hexadecimal digits.
pub(super) fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok();
    digits.chunks_exact(2).map(byte).collect()
}

/// An amount in coins, in satoshi.
pub(super) fn satoshi_of_coins(value: &Value) -> Option<u64> {
    let coins = number(value)?;
    if !(0.0..=COINS_MAX * 2.0).contains(&coins) {
        return None;
    }
    let satoshi = (coins * SATOSHI_IN_COIN).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4.2e15")]
    Some(satoshi as u64)
}

/// A number, also one written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

/// A whole number, also one written as text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// In what the amounts of a file are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Coins,
    Satoshi,
}

impl Unit {
    /// The unit that all amounts of a file agree with: coins, if any amount has a fraction or is written as one; satoshi, if
    /// any is more than there are coins. The files say it nowhere, and both are found.
    pub(super) fn of<'v>(amounts: impl Iterator<Item = &'v Value>) -> Self {
        let mut written_as_fraction = false;
        for amount in amounts {
            let Some(number) = number(amount) else { continue };
            if number.fract() != 0.0 {
                return Self::Coins;
            }
            if number > COINS_MAX {
                return Self::Satoshi;
            }
            written_as_fraction |= whole(amount).is_none();
        }
        if written_as_fraction { Self::Coins } else { Self::Satoshi }
    }

    pub(super) fn satoshi(self, value: &Value) -> Option<u64> {
        match self {
            Self::Coins => satoshi_of_coins(value),
            Self::Satoshi => {
                let number = number(value).filter(|n| (0.0..=COINS_MAX * 2e8).contains(n))?;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked"
                )]
                Some(number.round() as u64)
            }
        }
    }
}

/// Unix seconds of a number or of `2024-04-05 13:27:15.123`, with or without `T` and zone; UTC where it has none.
pub(super) fn time(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            let text = text.trim();
            let zoned = || text.replacen(' ', "T", 1).parse::<jiff::Timestamp>().ok();
            let civil = || text.parse::<jiff::civil::DateTime>().ok();
            let utc = || civil()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
            zoned().or_else(|| Some(utc()?.timestamp())).map(jiff::Timestamp::as_second)
        }
        _ => None,
    }
}
