//! Models by the Open Inference Protocol v2: <https://github.com/kserve/open-inference-protocol>.
//!
//! In: requests with one tensor a column, as JSON or as an Arrow stream. Out: a tensor a column of `model predict`'s file,
//! with the same numbers under the same names: both come from `engine::tabular::predict`.
//! Departures: the protocol's binary extension is not spoken (Arrow is), a tensor is a column (`[n]` or `[n, 1]`), and a
//! missing value is `null`. Cost: nothing of a model is copied for a request.
//! Checked against: the files of `model predict`, bit by bit (`tests/it/infer.rs`).

mod asked;
mod catalog;
mod columns;
mod routes;
mod tensors;
mod written;

use std::sync::Arc;

use engine::tabular::LoadedModel;

pub use catalog::Catalog;

use crate::exchange::Exchanges;
use crate::gate::Gate;
use crate::listening::Server;
use crate::metrics::Metrics;
use crate::{ServeError, ServeOptions};

/// What every route needs.
#[derive(Debug)]
struct Serving {
    catalog: Catalog,
    metrics: Arc<Metrics>,
    gate: Gate,
}

/// Serves models until the server is stopped. Files of one name are its versions; asked without one, the last answers.
///
/// # Errors
/// No model, one model twice, or an address that cannot be listened on.
pub fn serve_models(
    models: Vec<LoadedModel>,
    options: &ServeOptions,
) -> Result<Server, ServeError> {
    let catalog = Catalog::of(models)?;
    let metrics = Arc::<Metrics>::default();
    let exchanges = Exchanges::new(options, Arc::clone(&metrics));
    let gate = Gate::new(options.workers, options.waiting_max);
    let serving = Arc::new(Serving { catalog, metrics, gate });
    let body_bytes_max = options.body_bytes_max;
    Server::start(options, || routes::all(serving, exchanges, body_bytes_max))
}
