//! `model serve` and `forecast serve`: read what is served, listen, and say where.

use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use engine::forecasts::{CapacityOptions, LiveOptions, SeriesOptions};
use engine::tabular::open_model;
use server::{
    AlertOptions, CapacitySource, Exchange, ForecastServeOptions, RemoteWriteOptions, SeriesSource,
    ServeOptions, serve_forecasts, serve_models, without_credentials,
};

use super::Session;
use crate::args::{ListenArgs, ServeForecastsArgs, ServeModelsArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

#[derive(serde::Serialize)]
struct Serving {
    address: String,
    models: Vec<String>,
}

#[derive(serde::Serialize)]
struct ServingForecasts {
    address: String,
    keda: Option<String>,
    alertmanager: Option<String>,
    webhook: Option<String>,
    remote_write: Option<String>,
    /// What is not well, in words.
    notes: Vec<String>,
}

/// Time between two sendings of an alert: an Alertmanager wants it every few minutes at least.
const RESEND: Duration = Duration::from_secs(60);
/// Longest time between two writings of gauges: a Prometheus forgets a value after five minutes.
const WRITE_EVERY_MAX: Duration = Duration::from_secs(60);

/// What the words of the command mean; `queue` is the store that alerts are put into.
fn forecasts(
    args: ServeForecastsArgs,
    queue: Option<Engine>,
) -> Result<ForecastServeOptions, Failure> {
    let options = SeriesOptions { time: args.time, value: args.value, keep: None, id: None };
    let file = |path| SeriesSource::File { path, options: options.clone() };
    let mut sources: Vec<SeriesSource> = args.series.into_iter().map(file).collect();
    if let (Some(url), Some(query)) = (args.prometheus, args.query) {
        let (step_s, history_s) = (whole("--step", args.step)?, whole("--history", args.history)?);
        let remote_read = args.remote_read;
        sources.push(SeriesSource::Prometheus { url, query, step_s, history_s, remote_read });
    }
    let ahead = args.ahead.iter().map(|ahead| whole("--ahead", *ahead).map(i64::from));
    let every = time("--every", args.every)?;
    let capacity = args.capacity.as_deref().map(capacity).transpose()?;
    let alerts = capacity.map(|capacity| AlertOptions {
        capacity,
        watch: CapacityOptions {
            quantile: args.capacity_quantile,
            within_s: args.within,
            false_per_week: args.false_per_week,
        },
        indicators: args.indicators,
        alertmanager: args.alertmanager,
        webhook: args.webhook,
        queue: queue.map(Arc::new),
        resend: RESEND,
    });
    let write_every = every.min(WRITE_EVERY_MAX);
    let remote_write = args.remote_write.map(|url| RemoteWriteOptions { url, every: write_every });
    Ok(ForecastServeOptions {
        sources,
        live: LiveOptions {
            method: args.method.into(),
            horizon: args.horizon,
            quantiles: args.quantiles,
        },
        ahead_s: ahead.collect::<Result<_, _>>()?,
        every,
        age_max: args.age_max.map(|age| time("--age-max", age)).transpose()?,
        measured_max: args.measured_max.map(|age| time("--measured-max", age)).transpose()?,
        keda: args.keda,
        remote_write,
        alerts,
    })
}

/// A number, or a file of times and capacities.
fn capacity(text: &str) -> Result<CapacitySource, Failure> {
    if let Ok(level) = text.trim().parse::<f64>() {
        return Ok(CapacitySource::Constant(level));
    }
    let path = std::path::PathBuf::from(text);
    match path.is_file() {
        true => Ok(CapacitySource::Schedule(path)),
        false => Err(Failure::usage(
            format!("--capacity {text} is no number and no file"),
            "write a number, or a file of times and capacities",
        )),
    }
}

/// A time that can be waited for.
fn time(option: &str, seconds: f64) -> Result<Duration, Failure> {
    const YEAR_S: f64 = 31_536_000.0;
    match seconds <= YEAR_S {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => {
            Err(Failure::usage(format!("{option} {seconds} s"), "give at most a year (8760h)"))
        }
    }
}

/// Whole seconds: times of a series are.
#[expect(clippy::cast_possible_truncation, reason = "whole, positive and within u32")]
fn whole(option: &str, seconds: f64) -> Result<u32, Failure> {
    let fits = seconds.fract() == 0.0 && seconds <= f64::from(u32::MAX);
    let what = || format!("{option} {seconds} s");
    if fits { Ok(seconds as u32) } else { Err(Failure::usage(what(), "give whole seconds")) }
}

impl Session {
    pub(super) fn serve_models(&self, args: &ServeModelsArgs) -> Result<Exit, Failure> {
        let models = args.files.iter().map(|file| open_model(file));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<String> =
            models.iter().map(|model| model.manifest.name.clone()).collect();
        names.dedup();
        let server = serve_models(models, &self.serve_options(&args.listen)?)?;
        let serving = Serving { address: server.address().to_string(), models: names };
        self.console.report(&serving, |serving, look| {
            render::serving_models(&serving.address, &serving.models, look)
        })?;
        server.wait()?;
        self.console.note("stopped");
        Ok(Exit::Done)
    }

    pub(super) fn serve_forecasts(&self, args: ServeForecastsArgs) -> Result<Exit, Failure> {
        let options = self.serve_options(&args.listen)?;
        let queue = if args.queue { Some(self.engine(&[])?) } else { None };
        let [alertmanager, webhook, remote_write] =
            [&args.alertmanager, &args.webhook, &args.remote_write]
                .map(|url| url.as_deref().map(without_credentials));
        let server = serve_forecasts(forecasts(args, queue)?, &options)?;
        let keda = server.keda_address().map(|address| address.to_string());
        let address = server.address().to_string();
        let notes = server.notes().to_vec();
        for note in &notes {
            self.console.note(&crate::show::clean(note));
        }
        let serving =
            ServingForecasts { address, keda, alertmanager, webhook, remote_write, notes };
        self.console.report(&serving, |serving, look| {
            let others = [
                ("KEDA asks by gRPC at", &serving.keda),
                ("alerts go to", &serving.alertmanager),
                ("alerts go to the webhook", &serving.webhook),
                ("gauges are written to", &serving.remote_write),
            ];
            render::serving_forecasts(&serving.address, &others, look)
        })?;
        server.wait()?;
        self.console.note("stopped");
        Ok(Exit::Done)
    }

    /// With `--verbose` every exchange is a line on standard error.
    pub(super) fn serve_options(&self, args: &ListenArgs) -> Result<ServeOptions, Failure> {
        let mut options = ServeOptions {
            listen: args.listen,
            public: args.public,
            body_bytes_max: args.body_max,
            timeout: time("--timeout", args.timeout)?,
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
        Ok(options)
    }
}
