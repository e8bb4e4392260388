//! Answers in which amounts have a value, prices, and monitored addresses.

use engine::{
    GapAnswer, MonitorReport, MonitoredAnswer, MonitoredRow, NeighborhoodAnswer, NeighborsAnswer,
    PriceFileReport, PriceSeriesReport, PricesAnswer, PricesReport, RowsLeftOut, Time, TraceAnswer,
    ValueAnswer, WorthAnswer,
};

use super::{A, B, SNAPSHOT, TIME, neighborhood, neighbors, trace};

fn usd(micros: i128) -> ValueAnswer {
    ValueAnswer { micros, currency: "USD".to_owned() }
}

fn worth(micros: i128, value_complete: bool) -> WorthAnswer {
    WorthAnswer {
        value: Some(usd(micros)),
        value_complete,
        n_mixing: Some(1),
        n_high_volatility: Some(2),
    }
}

pub(crate) fn valued_trace() -> TraceAnswer {
    let mut answer = trace();
    for path in [&mut answer.shortest, &mut answer.widest].into_iter().flatten() {
        path.path[0].value = Some(usd(4_444_444_404_000));
        path.path[0].high_volatility = Some(true);
        path.path[1].value = Some(usd(1_800_005_000));
    }
    answer
}

pub(crate) fn valued_neighbors() -> NeighborsAnswer {
    let mut answer = neighbors();
    answer.neighbors[0].worth = worth(4_444_444_404_000, false);
    answer
}

pub(crate) fn valued_neighborhood() -> NeighborhoodAnswer {
    let mut answer = neighborhood();
    answer.pairs[0].worth = worth(4_444_444_404_000, true);
    answer.pairs[2].worth = worth(1_800_000_000, false);
    answer
}

fn series() -> PriceSeriesReport {
    let gap = |from, candles| GapAnswer {
        from_s: Time::new(TIME + from),
        to_s: Time::new(TIME + from + 3_600 * i64::try_from(candles).unwrap_or_default()),
        candles,
    };
    PriceSeriesReport {
        asset: "BTC".to_owned(),
        currency: "USD".to_owned(),
        interval_s: 3_600,
        candles: 30_635,
        from_s: Some(Time::new(TIME)),
        to_s: Some(Time::new(TIME + 30_700 * 3_600)),
        gaps: 11,
        candles_missing: 65,
        first_gap: Some(gap(36_000, 2)),
        longest_gap: Some(gap(3_600_000, 31)),
        uneven_steps: 1,
        first_uneven_s: Some(Time::new(TIME + 5_400)),
    }
}

fn left_out(n: u64, reason: &str) -> RowsLeftOut {
    RowsLeftOut { n, first: vec![format!("btc-usd.csv:7: {reason}")] }
}

pub(crate) fn prices_imported() -> PricesReport {
    PricesReport {
        files: vec![PriceFileReport {
            file: "btc-usd.csv".to_owned(),
            format: "csv",
            delimiter: Some(';'),
            time_column: "unix".to_owned(),
            times_in: Some("milliseconds"),
            order: "newest first",
            rows: 30_640,
            lines_before: 1,
            has_volume: false,
        }],
        series: vec![series()],
        added: 30_600,
        held: 34,
        replaced: 1,
        refused: left_out(3, "high 3 is below low 4"),
        duplicates: left_out(1, "equal to btc-usd.csv:6"),
        gave_way: left_out(1, "gave way to btc-usd.csv:6"),
        dry_run: false,
        would_be_refused: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn prices() -> PricesAnswer {
    let daily = PriceSeriesReport {
        currency: "EUR".to_owned(),
        interval_s: 86_400,
        candles: 365,
        from_s: Some(Time::new(TIME)),
        to_s: Some(Time::new(TIME + 365 * 86_400)),
        gaps: 0,
        candles_missing: 0,
        first_gap: None,
        longest_gap: None,
        uneven_steps: 0,
        first_uneven_s: None,
        ..series()
    };
    PricesAnswer {
        series: vec![daily, series()],
        currency: "USD".to_owned(),
        stale_because: Vec::new(),
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn monitored() -> MonitoredAnswer {
    let row = |address: &str, label: &str, in_ledger| MonitoredRow {
        address: address.to_owned(),
        label: label.to_owned(),
        since_s: Time::new(TIME),
        reason: "onboarding".to_owned(),
        author: "jane".to_owned(),
        in_ledger,
    };
    MonitoredAnswer {
        addresses: vec![row(A, "customer-17", true), row(B, "customer-18", false)],
        snapshot: SNAPSHOT.to_owned(),
    }
}

pub(crate) fn monitor_changed() -> MonitorReport {
    MonitorReport {
        added: 2,
        relabelled: 1,
        removed: 0,
        unchanged: 4,
        monitored: 1_207,
        snapshot: SNAPSHOT.to_owned(),
    }
}
