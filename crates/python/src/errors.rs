//! Errors of the engine as exceptions of `tracehound.errors`: the message, and apart from it the hint.

use pyo3::prelude::*;

/// The exception of an error.
pub(crate) fn raised(error: engine::Error) -> PyErr {
    let class = match &error {
        engine::Error::File { .. } | engine::Error::Store(_) => "FileError",
        _ => "DataError",
    };
    exception(class, error.to_string(), error.hint())
}

/// An argument that is not right.
pub(crate) fn refused(what: impl Into<String>, hint: impl Into<String>) -> PyErr {
    exception("DataError", what.into(), Some(hint.into()))
}

/// A fault of ours.
pub(crate) fn internal(what: impl Into<String>) -> PyErr {
    let hint = "please report this with the lines above it";
    exception("InternalError", what.into(), Some(hint.to_owned()))
}

fn exception(class: &str, message: String, hint: Option<String>) -> PyErr {
    Python::attach(|py| {
        let made = py
            .import("tracehound.errors")
            .and_then(|module| module.getattr(class))
            .and_then(|class| class.call1((message, hint)));
        // Without the Python half of the package there is a plain ImportError to raise, which says so.
        made.map_or_else(|error| error, PyErr::from_value)
    })
}
