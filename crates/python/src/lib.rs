//! The module `tracehound._native`: tables, models, folds and forecasts of the engine as Python sees them.
//!
//! Everything here takes and gives plain things: Arrow streams, bytes of numbers, text, JSON. What a person meets (`AutoModel`,
//! `Model`, `evaluate`, `forecast`) is written in Python on top of it (`python/tracehound`), because manners of scikit-learn,
//! pandas and notebooks change with those and not with us.

mod columns;
mod errors;
mod folds;
mod forecasts;
mod members;
mod models;
mod options;
mod tables;
mod training;

/// The engine for the package `tracehound`.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::columns::Columns;
    #[pymodule_export]
    use crate::folds::Folds;
    #[pymodule_export]
    use crate::forecasts::forecast;
    #[pymodule_export]
    use crate::models::Model;
    #[pymodule_export]
    use crate::tables::Table;
    #[pymodule_export]
    const CODE_VERSION: &str = engine::CODE_VERSION;
}
