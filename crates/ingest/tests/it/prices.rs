//! Files of prices in every dress, the rules for rows that are not right, and bytes of no kind at all.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampMillisecondArray};
use ingest::prices::{Gap, Gaps, Keep, Order, PriceReadOptions, PricesRead, TimeUnit, read_prices};
use ledger::Timestamp;
use proptest::prelude::*;
use tracehound_ingest as ingest;

fn options() -> PriceReadOptions {
    PriceReadOptions {
        asset: Some("btc".to_owned()),
        currency: Some("USD".to_owned()),
        ..PriceReadOptions::default()
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn read(text: &str, options: &PriceReadOptions) -> Result<PricesRead, String> {
    let folder = Folder::new();
    let path = folder.put("x.csv", text);
    read_prices(&[path], options).map_err(|error| {
        let at = error.line().map_or(String::new(), |line| format!("{line}: "));
        let text = error.to_string();
        let what = text.rsplit_once(&at).map_or(text.as_str(), |(_, what)| what);
        format!("{at}{what} [{}]", error.hint().unwrap_or_default())
    })
}

/// Three hours from 2019-01-26 15:00 UTC on: time, open, high, low, close, volume.
const ROWS: [(i64, [f64; 5]); 3] = [
    (1_548_514_800, [3_600.5, 3_650.0, 3_580.0, 3_610.0, 12.5]),
    (1_548_518_400, [3_610.0, 3_620.0, 3_590.0, 3_600.0, 8.0]),
    (1_548_522_000, [3_600.0, 3_600.0, 3_555.25, 3_560.0, 20.0]),
];

#[track_caller]
fn check(path: PathBuf, unit: TimeUnit, order: Order) {
    let found = read_prices(&[path], &options()).unwrap();
    assert_eq!((found.files[0].unit, found.files[0].order), (Some(unit), order));
    let [series] = found.series.as_slice() else { panic!("{found:?}") };
    assert_eq!((series.asset.as_str(), series.currency.as_str()), ("BTC", "USD"));
    assert_eq!((series.interval_s, series.gaps), (3_600, Gaps::default()));
    let rows: Vec<_> = series
        .rows
        .iter()
        .map(|row| (row.time.get(), [row.open, row.high, row.low, row.close, row.volume]))
        .collect();
    assert_eq!(rows, ROWS);
}

fn lines(separator: &str, rows: impl Iterator<Item = (String, [f64; 5])>) -> String {
    let line = |(time, figures): (String, [f64; 5])| {
        let figures: Vec<String> = figures.iter().map(f64::to_string).collect();
        format!("{time}{separator}{}\n", figures.join(separator))
    };
    rows.map(line).collect()
}

#[test]
fn the_same_candles_come_in_every_dress() {
    let folder = Folder::new();
    let plain = lines(",", ROWS.iter().map(|(time, figures)| (time.to_string(), *figures)));
    let text = format!("time,open,high,low,close,volume\n{plain}");
    check(folder.put("a.csv", &text), TimeUnit::Seconds, Order::OldestFirst);
    check(folder.put("b.csv", text.replace('\n', "\r\n")), TimeUnit::Seconds, Order::OldestFirst);
    let millis = lines(";", ROWS.iter().rev().map(|(time, f)| (format!("{time}000"), *f)));
    let text = format!("\u{feff}Open Time;OPEN;High;low;Close;Volume\n{millis}");
    check(folder.put("c.csv", text), TimeUnit::Milliseconds, Order::NewestFirst);
    let dates = ["2019-01-26 15:00", "2019-01-26T16:00:00Z", "2019-01-26 18:00:00+01:00"];
    let dates = lines("\t", dates.iter().zip(ROWS).map(|(date, row)| (date.to_string(), row.1)));
    let text = format!("date\topen\thigh\tlow\tclose\tvolume\n{dates}");
    check(folder.put("d.tsv", text), TimeUnit::Dates, Order::OldestFirst);
    // As CryptoDataDownload has them: an address before the header, two times, a pair, two volumes.
    let mut text = String::from(
        "https://www.example.org\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n",
    );
    for (time, [open, high, low, close, volume]) in ROWS.iter().rev() {
        text += &format!("{time},no matter,BTC/USD,{open},{high},{low},{close},{volume},7\n");
    }
    check(folder.put("e.csv", text), TimeUnit::Seconds, Order::NewestFirst);
    check(parquet(&folder), TimeUnit::Dates, Order::Mixed);
}

fn parquet(folder: &Folder) -> PathBuf {
    let path = folder.put("f.parquet", "");
    let rows = [ROWS[1], ROWS[0], ROWS[2]];
    let times = TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| row.0 * 1_000));
    let mut columns: Vec<(&str, ArrayRef)> = vec![("timestamp", Arc::new(times))];
    for (at, name) in ["open", "high", "low", "close", "volume"].into_iter().enumerate() {
        let figures = Float64Array::from_iter_values(rows.iter().map(|row| row.1[at]));
        columns.push((name, Arc::new(figures)));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

const HEADER: &str = "time,open,high,low,close\n";

#[test]
fn equal_rows_are_one_and_different_ones_need_a_word() {
    let row = |hour: i64, close: f64| {
        let time = 1_548_514_800 + hour * 3_600;
        format!("{time},1,9,1,{close}\n")
    };
    let text = [HEADER, &row(0, 2.0), &row(1, 3.0), &row(0, 2.0), &row(2, 3.0)].concat();
    let found = read(&text, &options()).unwrap();
    assert_eq!((found.series[0].rows.len(), found.duplicates.n), (3, 1));
    let duplicate = &found.duplicates.first[0];
    assert!(duplicate.line == 4 && duplicate.reason.ends_with("x.csv:2"), "{duplicate:?}");
    let text = [HEADER, &row(0, 2.0), &row(1, 3.0), &row(0, 4.0)].concat();
    let error = read(&text, &options()).unwrap_err();
    assert!(error.starts_with("4: another candle of the time of"), "{error}");
    assert!(error.contains("--keep first or --keep last"), "{error}");
    for (keep, close, gone) in [(Keep::First, 2.0, 4), (Keep::Last, 4.0, 2)] {
        let found = read(&text, &PriceReadOptions { keep: Some(keep), ..options() }).unwrap();
        assert_eq!((found.series[0].rows[0].close, found.replaced.first[0].line), (close, gone));
    }
}

#[test]
fn what_is_no_candle_is_refused_with_its_line() {
    let good = "1548514800,1,2,1,2\n1548518400,1,2,1,2\n";
    for (row, why) in [
        ("1548522000,1,2,1,0", "close 0 is no price"),
        ("1548522000,1,2,1,-1", "close -1 is no price"),
        ("1548522000,1,2,1,NaN", "close NaN is no price"),
        ("1548522000,1,2,1,inf", "close inf is no price"),
        ("1548522000,1,2,1,1e13", "close 10000000000000 is no price"),
        ("1548522000,1,2,1,", "no close"),
        ("1548522000,1,2,1", "no close"),
        ("1548522000,1,2,1,\"1,5\"", "close \"1,5\" is no number"),
        ("1548522000,1,1,2,1", "high 1 is below low 2"),
        ("1548522000,3,2,1,1", "open 3 is outside of 1 to 2"),
        ("1548522000,1,2,1,0.5", "close 0.5 is outside of 1 to 2"),
        (",1,2,1,1", "no time"),
        ("soon,1,2,1,1", "\"soon\" is no time"),
    ] {
        let text = format!("{HEADER}{good}{row}\n");
        let error = read(&text, &options()).unwrap_err();
        assert_eq!(error.split(" [").next(), Some(format!("4: {why}").as_str()));
        assert!(error.contains("--accept-refused"), "{error}");
        let accepting = PriceReadOptions { accept_refused: true, ..options() };
        let found = read(&text, &accepting).unwrap();
        assert_eq!((found.series[0].rows.len(), found.refused.n), (2, 1));
        assert_eq!(found.refused.first[0].reason, why);
    }
}

#[test]
fn faults_of_a_file_say_where_and_what_to_do() {
    let good = "1548514800,1,2,1,2\n1548518400,1,2,1,2\n";
    let check = |text: &str, options: &PriceReadOptions, what: &str, hint: &str| {
        let error = read(text, options).unwrap_err();
        assert!(error.contains(what) && error.contains(hint), "{error}");
    };
    let none = PriceReadOptions::default();
    check(&format!("{HEADER}{good}"), &none, "2: no asset is named", "--asset BTC");
    let asset = PriceReadOptions { asset: Some("BTC".to_owned()), ..none.clone() };
    check(&format!("{HEADER}{good}"), &asset, "2: no currency is named", "--currency USD");
    let bad = PriceReadOptions { currency: Some("US D".to_owned()), ..asset };
    check(&format!("{HEADER}{good}"), &bad, "\"US D\" is no name", "letters and digits");
    check("", &options(), "no header", "must name time, open");
    check("time,open\n1,2\n", &options(), "1: no column \"high\"", "must name time");
    check(good, &options(), "no column of times", "must name time");
    let mixed = format!("{HEADER}1548514800,1,2,1,2\n1548518400000,1,2,1,2\n");
    check(&mixed, &options(), "3: this time is not of the unit", "the same throughout");
    let by_size = read(&mixed, &PriceReadOptions { mixed_units: true, ..options() }).unwrap();
    assert_eq!(by_size.files[0].units, [TimeUnit::Seconds, TimeUnit::Milliseconds]);
    assert_eq!(by_size.series[0].rows[1].time.get(), 1_548_518_400);
    let mixed = format!("{HEADER}1548514800,1,2,1,2\n2019-01-26,1,2,1,2\n");
    check(&mixed, &options(), "3: this time is not of the unit", "the same throughout");
    check(&format!("{HEADER}20190126,1,2,1,2\n"), &options(), "before 1973", "2019-01-26 15:30");
    let one = format!("{HEADER}1548514800,1,2,1,2\n");
    check(&one, &options(), "has one candle", "--interval 1h");
    let steps =
        [0, 1_200, 2_400, 3_000, 4_800].map(|at| format!("{},1,2,1,2\n", 1_548_514_800 + at));
    check(&[HEADER, &steps.concat()].concat(), &options(), "no whole number", "--interval 1h");
    let told = PriceReadOptions { interval_s: Some(60), ..options() };
    assert_eq!(read(&one, &told).unwrap().series[0].interval_s, 60);
    let bare = read(HEADER, &options()).unwrap_err();
    assert!(bare.contains("fetch it again"), "{bare}");
    let missing = read_prices(&["/nowhere/x.csv"], &options()).unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/x.csv: "), "{missing}");
}

#[test]
fn series_are_told_apart_and_gaps_are_told() {
    let mut text = String::from("currency,asset,close,low,high,open,date\n");
    for day in [1, 2, 3, 5, 6, 10] {
        text += &format!("eur,BTC,2,1,2,1,2019-01-{day:02}\n");
    }
    for day in 1..=12 {
        text += &format!("USD,BTC,2,1,2,1,2019-01-{day:02}\n");
    }
    text += "USD,BTC,2,1,2,1,2019-01-13 12:00\n";
    let found = read(&text, &options()).unwrap();
    let names: Vec<_> = found.series.iter().map(|own| own.currency.as_str()).collect();
    assert_eq!(names, ["EUR", "USD"]);
    let day = |day: i64| Timestamp::new(1_546_300_800 + (day - 1) * 86_400);
    let gaps = found.series[0].gaps;
    assert_eq!((gaps.n, gaps.n_intervals, gaps.n_uneven), (2, 4, 0));
    assert_eq!(gaps.first, Some(Gap { from: day(4), to: day(5), n_intervals: 1 }));
    assert_eq!(gaps.longest, Some(Gap { from: day(7), to: day(10), n_intervals: 3 }));
    let uneven = found.series[1].gaps;
    assert_eq!((found.series[1].interval_s, uneven.n_uneven), (86_400, 1));
    assert_eq!(uneven.first_uneven, Some(Timestamp::new(day(13).get() + 43_200)));
    assert!(!found.files[0].has_volume);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        magic in any::<bool>(),
        header in any::<bool>(),
    ) {
        let mut file = if magic { b"PAR1".to_vec() } else { Vec::new() };
        if header {
            file.extend_from_slice(HEADER.as_bytes());
        }
        file.extend(bytes);
        let folder = Folder::new();
        let path = folder.put("x", &file);
        let accepting = PriceReadOptions { accept_refused: true, ..options() };
        let _ = read_prices(&[path], &accepting);
    }

    /// Rows in any order and over any files are the same series.
    #[test]
    fn order_and_files_make_no_difference(
        hours in prop::collection::btree_set(0..60_i64, 2..30),
        seed in any::<u64>(),
        n_files in 1..4_usize,
    ) {
        let row = |hour: &i64| format!("{},1,9,1,{}\n", 1_548_514_800 + hour * 3_600, hour % 9 + 1);
        let rows: Vec<String> = hours.iter().map(row).collect();
        let steps: Vec<i64> = hours.iter().zip(hours.iter().skip(1)).map(|(a, b)| b - a).collect();
        let modal = steps.iter().max_by_key(|step| {
            (steps.iter().filter(|other| other == step).count(), -**step)
        });
        let modal = *modal.unwrap();
        let n_uneven = steps.iter().filter(|step| **step % modal != 0).count();
        let whole = read(&[HEADER, &rows.concat()].concat(), &options());
        if n_uneven * 10 > rows.len() {
            prop_assert!(whole.unwrap_err().contains("no whole number"));
            return Ok(());
        }
        let whole = whole.unwrap();
        let mut shuffled: Vec<(u64, &String)> = (1..).map(|n: u64| (seed ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15)).zip(&rows).collect();
        shuffled.sort();
        let folder = Folder::new();
        let paths: Vec<PathBuf> = (0..n_files)
            .map(|file| {
                let own = shuffled.iter().skip(file).step_by(n_files).map(|row| row.1.as_str());
                folder.put(&format!("{file}.csv"), [HEADER.to_owned(), own.collect()].concat())
            })
            .collect();
        let cut = read_prices(&paths, &options()).unwrap();
        prop_assert_eq!(&cut.series, &whole.series);
        let missing: u64 = whole.series[0].gaps.n_intervals;
        let expected: i64 = steps.iter().map(|step| (step / modal - 1).max(0)).sum();
        prop_assert_eq!(i64::try_from(missing).unwrap(), expected);
    }
}
