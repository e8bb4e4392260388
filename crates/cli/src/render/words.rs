//! Numbers, amounts, times and identifiers as a person reads them.

use engine::{Time, ValueAnswer};
use unicode_width::UnicodeWidthStr;

use super::ink::Look;
use crate::show;

/// Decimals of a bitcoin.
const COIN_DECIMALS: usize = 8;
/// Width from which identifiers keep a few more characters.
const WIDE: usize = 96;
const DAY_S: i64 = 86_400;

/// With a comma every three digits.
pub(crate) fn count(number: impl Into<u128>) -> String {
    grouped(&number.into().to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 hop`, `2 hops`.
pub(crate) fn counted(number: impl Into<u128>, one: &str, more: &str) -> String {
    let number = number.into();
    format!("{} {}", count(number), if number == 1 { one } else { more })
}

/// An amount in BTC, exact, without the unit.
pub(crate) fn coins(satoshi: u128) -> String {
    let digits = format!("{satoshi:0>width$}", width = COIN_DECIMALS + 1);
    let (whole, part) = digits.split_at(digits.len() - COIN_DECIMALS);
    format!("{}.{part}", grouped(whole))
}

/// An amount in BTC, exact, with the unit.
pub(crate) fn bitcoins(satoshi: u128) -> String {
    format!("{} BTC", coins(satoshi))
}

/// Money with its currency, to two decimals: `1,234.57 USD`.
pub(crate) fn money(value: &ValueAnswer) -> String {
    format!("{} {}", money_alone(&value.amount()), show::line(&value.currency))
}

/// The same under a heading that names the currency: `1,234.57`.
pub(crate) fn money_alone(amount: &str) -> String {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "00"));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    format!("{sign}{}.{part}", grouped(whole))
}

/// Money in whole units of its currency, rounded.
pub(crate) fn whole_money(value: &ValueAnswer) -> String {
    let units = (value.micros.unsigned_abs() + 500_000) / 1_000_000;
    let sign = if value.micros < 0 && units > 0 { "-" } else { "" };
    format!("{sign}{}", count(units))
}

/// `2019-01-26 15:30`, UTC.
pub(crate) fn minute(time: Time) -> String {
    formatted(time, "%Y-%m-%d %H:%M")
}

/// `2019-01-26`, UTC.
pub(crate) fn date(time: Time) -> String {
    formatted(time, "%Y-%m-%d")
}

/// `2019-01-26`, UTC; with the clock where it is not midnight.
pub(crate) fn day(time: Time) -> String {
    match time.get().rem_euclid(DAY_S) {
        0 => formatted(time, "%Y-%m-%d"),
        _ => minute(time),
    }
}

fn formatted(time: Time, format: &str) -> String {
    match jiff::Timestamp::from_second(time.get()) {
        Ok(time) => time.strftime(format).to_string(),
        Err(_) => format!("{} s", time.get()),
    }
}

/// An address as it stands in tables: whole if that is wanted, else its ends.
pub(crate) fn address(address: &str, look: Look) -> String {
    match look.width >= WIDE {
        true => ends(address, 8, 6, look),
        false => ends(address, 6, 4, look),
    }
}

/// A transaction, a block or a hash as it stands in tables: whole if that is wanted, else its ends.
pub(crate) fn hash(hash: &str, look: Look) -> String {
    match look.width >= WIDE {
        true => ends(hash, 8, 4, look),
        false => ends(hash, 6, 4, look),
    }
}

fn ends(text: &str, front: usize, back: usize, look: Look) -> String {
    let text = show::line(text);
    let n_chars = text.chars().count();
    if look.full || n_chars <= front + 1 + back {
        return text;
    }
    let head: String = text.chars().take(front).collect();
    let tail: String = text.chars().skip(n_chars - back).collect();
    format!("{head}…{tail}")
}

/// Names that others gave, with commas.
pub(crate) fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| show::line(name)).collect();
    names.join(", ")
}

/// Our own prose, perhaps with foreign text inside, in lines that fit; words are never broken.
pub(crate) fn wrapped(text: &str, indent: &str, look: Look) -> String {
    joined(text.split(' '), " ", indent, look)
}

/// Facts set apart by dots, in lines that fit; a fact is never broken.
pub(crate) fn facts<'a>(
    facts: impl IntoIterator<Item = &'a str>,
    indent: &str,
    look: Look,
) -> String {
    joined(facts.into_iter(), " · ", indent, look)
}

fn joined<'a>(
    pieces: impl Iterator<Item = &'a str>,
    gap: &str,
    indent: &str,
    look: Look,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width() + gap.width() + piece.width() <= look.width => {
                line.push_str(gap);
                line.push_str(piece);
            }
            _ => lines.push(format!("{indent}{piece}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_facts() {
        let look = Look { color: false, width: 20, full: false };
        assert_eq!(
            wrapped("the quick brown fox jumps", "  ", look),
            "  the quick brown\n  fox jumps"
        );
        assert_eq!(wrapped("0123456789012345678901 x", "", look), "0123456789012345678901\nx");
        assert_eq!(facts(["one fact", "another", "third"], "", look), "one fact · another\nthird");
    }

    #[test]
    fn numbers_are_grouped() {
        #[track_caller]
        fn check(number: u128, text: &str) {
            assert_eq!(count(number), text);
        }
        check(0, "0");
        check(999, "999");
        check(1000, "1,000");
        check(123_456, "123,456");
        check(1_234_567, "1,234,567");
    }

    #[test]
    fn amounts_are_exact() {
        #[track_caller]
        fn check(satoshi: u128, text: &str) {
            assert_eq!(bitcoins(satoshi), text);
        }
        check(0, "0.00000000 BTC");
        check(1, "0.00000001 BTC");
        check(2_099_999_997_690_000, "20,999,999.97690000 BTC");
    }

    #[test]
    fn money_is_grouped_and_rounded() {
        let check = |micros, text: &str, whole: &str| {
            let value = ValueAnswer { micros, currency: "USD".to_owned() };
            assert_eq!((money(&value).as_str(), whole_money(&value).as_str()), (text, whole));
        };
        check(1_234_565_000, "1,234.57 USD", "1,235");
        check(-1_234_565_000, "-1,234.57 USD", "-1,235");
        check(0, "0.00 USD", "0");
        check(-1, "0.00 USD", "0");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(minute(Time::new(1_548_516_600)), "2019-01-26 15:30");
        assert_eq!(day(Time::new(1_727_395_200)), "2024-09-27");
        assert_eq!(day(Time::new(1_727_395_260)), "2024-09-27 00:01");
        assert_eq!(minute(Time::new(i64::MAX)), "9223372036854775807 s");
    }

    #[test]
    fn identifiers_keep_their_ends() {
        let look = Look { color: false, width: 100, full: false };
        let text = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h";
        assert_eq!(address(text, look), "12QtD5BF…TojH9h");
        assert_eq!(address(text, Look { width: 80, ..look }), "12QtD5…jH9h");
        assert_eq!(address(text, Look { full: true, ..look }), text);
        assert_eq!(address("short", look), "short");
        assert_eq!(address("\x1b[2J", look), "\\u{1b}[2J");
    }
}
