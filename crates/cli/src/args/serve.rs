//! `tracehound model serve` and `tracehound forecast serve`: addresses, limits, sources.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

pub(super) const MODEL_EXAMPLES: &str = "\
Examples:
  tracehound model serve churn.model
  tracehound model serve churn.model fraud.model --listen 127.0.0.1:9000
  curl -s localhost:8787/v2/models/churn
  curl -s localhost:8787/v2/models/churn/infer -H 'Content-Type: application/json' -d '{
    \"parameters\": {\"explain\": true},
    \"inputs\": [{\"name\": \"plan\", \"datatype\": \"BYTES\", \"shape\": [2], \"data\": [\"paid\", \"free\"]},
               {\"name\": \"age\", \"datatype\": \"FP64\", \"shape\": [2], \"data\": [41, null]}]}'

One tensor a column, null where a value is missing; columns that training did not use may be left
out. Outputs are named as the columns of `model predict`, and hold the same numbers. An Arrow stream
(Content-Type application/vnd.apache.arrow.stream) is answered with one; ?explain=true&reasons=3 asks
for reasons there. Several files of one name are versions of one model: /v2/models/NAME/versions/V.
/metrics is for Prometheus. Ctrl-C or SIGTERM ends the exchanges at hand, then the server.";

/// Where is listened, and up to which limits.
#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// Listen also where other machines reach: nothing is encrypted and nobody is asked who it is, so put a proxy before it.
    #[arg(long)]
    pub(crate) public: bool,
    /// Requests that are worked on at once; if not given, one a core.
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// Bytes of a request, at most.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    pub(crate) body_max: usize,
    /// How long a request may take (30s, 2m).
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = super::model::seconds)]
    pub(crate) timeout: f64,
}

/// `tracehound model serve`
#[derive(Args, Debug)]
pub(crate) struct ServeModelsArgs {
    /// The files of the models.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
}

pub(super) const FORECAST_EXAMPLES: &str = "\
Examples:
  tracehound forecast serve --series load.csv --every 60s
  tracehound forecast serve --prometheus http://localhost:9090 --query 'sum(rate(requests_total[5m]))' --step 5m
  tracehound forecast serve --prometheus http://localhost:9090 --query 'requests:rate5m{zone=\"a\"}' --remote-read --keda 127.0.0.1:9877
  tracehound forecast serve --series load.csv --capacity 1200 --alertmanager http://localhost:9093 --queue
  tracehound forecast serve --series load.csv --capacity capacity.csv

/metrics has gauges of now for Prometheus: load_forecast{series,horizon,quantile}, its peak, age and coverage. Added to
Grafana as a Prometheus, this server draws the future: NAME:predicted{ml_forecast=\"yhat|yhat_lower|yhat_upper\"}.
No sample of the future is written into a Prometheus, which would refuse all current ones afterwards.
/scaling/value answers an autoscaler (KEDA: metrics-api, valueLocation value), /apis/external.metrics.k8s.io/v1beta1
Kubernetes. --keda ADDR is an external scaler of KEDA over gRPC (trigger `external` or `external-push`; metadata: target, series,
horizon, quantile, activation). A source or a series that cannot be read or forecast is counted and shown as failing, and the
others go on; its last forecast stays until --age-max is over, then autoscalers get what was measured until --measured-max is,
then no value. Both are held against the times of the data, so that a new start makes no old data fresh.

With --capacity an alert says why it is believed: by the model of `forecast watch` where the history teaches it, else by the
forecast alone, which it says. --queue puts alerts into the store, where `forecast feedback` moves the threshold.";

/// `tracehound forecast serve`
#[derive(Args, Debug)]
pub(crate) struct ServeForecastsArgs {
    /// A file of series; may be given several times.
    #[arg(long, value_name = "FILE", required_unless_present = "prometheus")]
    pub(crate) series: Vec<PathBuf>,
    /// The column of times in files; if not given, the only one whose name says so.
    #[arg(long, value_name = "COL", requires = "series")]
    pub(crate) time: Option<String>,
    /// The column of values in files; if not given, y, value, load, or the only other one.
    #[arg(long, value_name = "COL", requires = "series")]
    pub(crate) value: Option<String>,
    /// A Prometheus to read from, too.
    #[arg(long, value_name = "URL", requires = "query")]
    pub(crate) prometheus: Option<String>,
    /// The query that gives the series there.
    #[arg(long, value_name = "QUERY", requires = "prometheus")]
    pub(crate) query: Option<String>,
    /// Read samples as they were stored (remote read) instead of asking for a range: the query is a selector then.
    #[arg(long, requires = "prometheus")]
    pub(crate) remote_read: bool,
    /// Time between two values there (30s, 5m, 1h).
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = super::model::seconds)]
    pub(crate) step: f64,
    /// How far back values are read there.
    #[arg(long, value_name = "TIME", default_value = "336h", value_parser = super::model::seconds)]
    pub(crate) history: f64,
    /// Time between two readings.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::model::seconds)]
    pub(crate) every: f64,
    /// Where a new value is overdue for so long (by the times of the data) no forecast is shown, and autoscalers get what was
    /// measured; if not given, an hour, or two steps where that is longer.
    #[arg(long, value_name = "TIME", value_parser = super::model::seconds)]
    pub(crate) age_max: Option<f64>,
    /// Where it is overdue for so long autoscalers get no value; if not given, four times --age-max.
    #[arg(long, value_name = "TIME", value_parser = super::model::seconds)]
    pub(crate) measured_max: Option<f64>,
    /// Answer KEDA over gRPC at this address, too; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) keda: Option<SocketAddr>,
    /// Write the gauges of now there, too (remote write), such as http://localhost:9090/api/v1/write.
    #[arg(long, value_name = "URL")]
    pub(crate) remote_write: Option<String>,
    /// Steps ahead; if not given, those of the file, else two seasons.
    #[arg(long, value_name = "N", value_parser = super::forecast::horizon)]
    pub(crate) horizon: Option<usize>,
    /// The method.
    #[arg(long, value_enum, value_name = "METHOD", default_value = "auto")]
    pub(crate) method: super::ForecastMethod,
    /// Quantiles; 0.5 is the expected value.
    #[arg(
        long,
        value_name = "QUANTILES",
        value_delimiter = ',',
        default_value = "0.025,0.1,0.5,0.9,0.975",
        value_parser = super::forecast::quantile
    )]
    pub(crate) quantiles: Vec<f64>,
    /// Distances that gauges show (1h,6h); if not given, and for a series whose horizon holds none of them, a step, half of the
    /// horizon, all of it.
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = super::model::seconds)]
    pub(crate) ahead: Vec<f64>,
    /// What the platform carries, in units of the series: a number, or a file of times and capacities, which is read again
    /// with the series. An alert is raised where it will be reached.
    #[arg(long, value_name = "CAPACITY", allow_hyphen_values = true)]
    pub(crate) capacity: Option<String>,
    /// Which quantile of the forecast must reach it where the history teaches no model of warnings.
    #[arg(long, value_name = "Q", default_value_t = 0.9, requires = "capacity")]
    pub(crate) capacity_quantile: f64,
    /// An Alertmanager that is told.
    #[arg(long, value_name = "URL", requires = "capacity")]
    pub(crate) alertmanager: Option<String>,
    /// An address that takes a POST of JSON when an alert begins and when it ends.
    #[arg(long, value_name = "URL", requires = "capacity")]
    pub(crate) webhook: Option<String>,
    /// How far ahead warnings look; if not given, an hour.
    #[arg(long, value_name = "TIME", value_parser = super::watch::span, requires = "capacity")]
    pub(crate) within: Option<u32>,
    /// False pages a week, at most.
    #[arg(long, value_name = "N", default_value_t = 1.0, requires = "capacity")]
    pub(crate) false_per_week: f64,
    /// A file with candles of a market, or with a series that may lead; read again with the series.
    #[arg(long = "indicator", value_name = "FILE", requires = "capacity")]
    pub(crate) indicators: Vec<PathBuf>,
    /// Put alerts into the queue of the store, and learn from how past ones were closed.
    #[arg(long, requires = "capacity")]
    pub(crate) queue: bool,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
}

/// `tracehound forecast dashboard`
#[derive(Args, Debug)]
pub(crate) struct DashboardArgs {
    /// Names of series, as `forecast serve` tells them.
    #[arg(value_name = "SERIES", required = true)]
    pub(crate) series: Vec<String>,
}
