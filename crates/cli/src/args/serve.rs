//! `tracehound model serve`: address and limits.

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
    \"inputs\": [{\"name\": \"plan\", \"datatype\": \"BYTES\", \"shape\": [2], \"data\": [\"monthly\", \"free\"]},
               {\"name\": \"age\", \"datatype\": \"FP64\", \"shape\": [2], \"data\": [41, null]}]}'

One tensor a column, null where a value is missing; columns that training did not use may be left out. Outputs are named
as the columns of `model predict`, and hold the same numbers. An Arrow stream (Content-Type
application/vnd.apache.arrow.stream) is answered with one; ?explain=true&reasons=3 asks for reasons there. Several files of one name
are versions of one model: /v2/models/NAME/versions/V. /metrics is for Prometheus. Ctrl-C or SIGTERM ends the
exchanges at hand, then the server.";

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
