//! Probabilities against what came true, from every section that has some.

use super::report::OwnershipReport;

/// Puts the reliability tables of all sections in one place.
pub(super) fn gather(report: &mut OwnershipReport) {
    let suggested = report.worlds.suggestions.iter().map(|found| found.calibration.clone());
    let measured: Vec<_> = suggested.filter(|table| table.count > 0).collect();
    report.calibrations.extend(measured);
}
