//! `model serve`: reads the models, listens, and says where.

use std::sync::Arc;
use std::time::Duration;

use engine::tabular::open_model;
use server::{Exchange, ServeOptions, serve_models};

use super::Session;
use crate::args::{ListenArgs, ServeModelsArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

#[derive(serde::Serialize)]
struct Serving {
    address: String,
    models: Vec<String>,
}

impl Session {
    pub(super) fn serve_models(&self, args: &ServeModelsArgs) -> Result<Exit, Failure> {
        let models = args.files.iter().map(|file| open_model(file));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<String> =
            models.iter().map(|model| model.manifest.name.clone()).collect();
        names.dedup();
        let server = serve_models(models, &self.serve_options(&args.listen))?;
        let serving = Serving { address: server.address().to_string(), models: names };
        self.console.report(&serving, |serving, look| {
            render::serving_models(&serving.address, &serving.models, look)
        })?;
        server.wait()?;
        self.console.note("stopped");
        Ok(Exit::Done)
    }

    /// With `--verbose` every exchange is a line on standard error.
    pub(super) fn serve_options(&self, args: &ListenArgs) -> ServeOptions {
        let mut options = ServeOptions {
            listen: args.listen,
            public: args.public,
            body_bytes_max: args.body_max,
            timeout: Duration::from_secs_f64(args.timeout),
            ..ServeOptions::default()
        };
        if let Some(workers) = args.workers {
            options.workers = workers;
        }
        if self.console.verbose {
            let console = self.console;
            options.log = Some(Arc::new(move |exchange: &Exchange| {
                let Exchange { request_id, method, path, status, duration } = exchange;
                let ms = duration.as_secs_f64() * 1e3;
                console.note(&format!("{status} {method} {path} {ms:.1} ms {request_id}"));
            }));
        }
        options
    }
}
