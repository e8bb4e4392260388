//! A capacity that changes: a file of times from which on so much can be carried.
//!
//! In: a file as a series is read from, but of change points: any number of rows, at any distance, all the same if they are.
//! Out: a capacity, and what was repaired. Source: none. Departures: a row without a capacity is refused, as what was
//! carried then is not known. Cost: O(n log n). Checked against: schedules by hand (`crates/cli/tests/it/forecast.rs`).

use std::path::Path;

use forecast::reading;
use forecast::warning::Capacity;

use super::series::{Panel, Rows, SeriesOptions, open_rows, question};
use crate::Error;

/// The capacity of a file of times and capacities, and what was repaired, in words.
///
/// # Errors
/// The file cannot be read; a row without a time or a capacity; two rows of one time that differ; no row at all.
pub fn open_schedule(path: &Path) -> Result<(Capacity, Vec<String>), Error> {
    let name = path.display();
    let hint = "give rows of a time and a capacity above 0: each counts from its time on";
    let (points, repairs) = match open_rows(path, &SeriesOptions::default())? {
        Rows::Samples { samples, line, .. } => {
            let (points, mut repairs) = reading::points(&samples, None)
                .map_err(|error| question(format!("{name}: {error}"), hint))?;
            let above = line.map(|text| reading::Repair::LineBeforeHeader { text });
            repairs.splice(0..0, above);
            (points, repairs)
        }
        Rows::Series(readings) => {
            let mut panel: Panel =
                readings.into_iter().map(|(_, read)| read).collect::<Result<_, Error>>()?;
            let n = panel.len();
            let Some(read) = panel.pop().filter(|read| n == 1 && read.has_times) else {
                let what = format!("{name} holds {n} series, or one without times");
                return Err(question(what, hint));
            };
            let time = |index: usize| reading::time_of(&read.series, index);
            let values = read.series.values.iter().enumerate();
            let points = values.filter_map(|(index, level)| Some((time(index)?, *level)));
            (points.collect(), read.repairs)
        }
    };
    if let Some((time, _)) = points.iter().find(|(_, level)| level.is_nan()) {
        let what = format!("{name}: no capacity at {}", reading::time_text(*time));
        return Err(question(what, hint));
    }
    let capacity = Capacity::Schedule(points);
    capacity.check().map_err(|error| question(format!("{name}: {error}"), hint))?;
    Ok((capacity, repairs.iter().map(|repair| format!("{name}: {repair}")).collect()))
}
