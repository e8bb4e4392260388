//! Probabilities against what came true, from every section that has some.

use super::report::{CalibrationReport, OwnershipReport};

/// Puts the reliability tables of all sections in one place.
pub(super) fn gather(report: &mut OwnershipReport) {
    let suggested = report.worlds.suggestions.iter().map(|found| found.calibration.clone());
    let of_worlds = Some(report.worlds.change_calibration.clone()).filter(|table| table.count > 0);
    let of_chain = report.chain.iter().filter_map(|chain| {
        let table = chain.change.as_ref()?.calibration.clone();
        Some(CalibrationReport { name: format!("{}, real blocks", table.name), ..table })
    });
    let measured: Vec<_> =
        suggested.chain(of_worlds).chain(of_chain).filter(|table| table.count > 0).collect();
    report.calibrations.extend(measured);
}
