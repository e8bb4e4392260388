//! `tracehound model …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use engine::tabular::DeviceChoice;

use super::decisions::Because;
use super::words::time;

pub(super) const EXAMPLE: &str = "\
Example:
  tracehound model train customers.csv --target churned --out churn.model";

const TRAIN_EXAMPLES: &str = "\
Examples:
  tracehound model train titanic.csv --target Survived --out titanic.model
  tracehound model train payments.parquet --target fraud --split time:created_at --out fraud.model
  tracehound model train visits.csv --target spent --split group:customer --time-budget 5m --out v.model

TABLE is a file (CSV or TSV, also gzipped; Parquet; Arrow) or the name of a table of the store.
Parquet may be compressed by snappy, gzip or zstd, Arrow by zstd. A column of a type that is no
feature (lists, bytes, times of day) is not used, and told of. The budget counts seconds of one core
by the work done, not by a clock, so the same table, options and seed give the same file on any number
of threads. Without --split, rows are held out forward in time where the table is in the order of a
date column, else at random with every class in its share. Messages count rows from 1, without the
header.";

const PREDICT_EXAMPLES: &str = "\
Examples:
  tracehound model predict churn.model new.csv --out scores.csv
  tracehound model predict churn.model new.csv --explain --out scores.csv";

const TABLE_EXAMPLES: &str = "\
Examples:
  tracehound model table --target tag:fraud --out fraud.parquet
  tracehound model table --target listed --unlabelled negative --since 2018-11-01 --out l.parquet
  tracehound model table --level address --target category --weights --out who.arrow

A row a cluster (or address): behavior, exposure, nearness and patterns. Tags and lists of the row's
own party are withheld while its features are made. Without --target it is a table to predict. The
file says which column is the clock (first_seen), so that `model train` holds out later rows; CSV
cannot say it.";

const PUBLISH_EXAMPLES: &str = "\
Examples:
  tracehound model publish fraud.model --reason policy-2026-11
  tracehound model publish fraud-2.model --name fraud --reason retrained --run

A model counts where the profile in force names it: [model] name = \"fraud\", points = 30, from = 50
adds 30 points times the calibrated probability, from 50 % on, as one term of the score with its
reasons.";

/// `tracehound model …`
#[derive(Debug, Subcommand)]
pub(crate) enum ModelAction {
    /// Make a table of clusters or addresses to learn risk from, with a target from tags or lists.
    #[command(after_help = TABLE_EXAMPLES)]
    Table(TableArgs),
    /// Train a model on a table, within a budget.
    #[command(after_help = TRAIN_EXAMPLES)]
    Train(Box<TrainModelArgs>),
    /// Predict the rows of a table, with reasons if asked for.
    #[command(after_help = PREDICT_EXAMPLES)]
    Predict(PredictArgs),
    /// Explain one row: what every column did to its prediction.
    #[command(after_help = "Example:\n  tracehound model explain churn.model new.csv --row 3")]
    Explain(ExplainRowArgs),
    /// Show what a model is made of and how good it is.
    #[command(after_help = "Example:\n  tracehound model show churn.model")]
    Show {
        /// The file of the model.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write the report of a model: data, columns, curves, calibration, weak spots, how to train it again.
    #[command(after_help = "Example:\n  tracehound model report churn.model --out churn.html")]
    Report(ReportArgs),
    /// Show several models side by side, on a table or on their own held-out rows.
    #[command(
        after_help = "Example:\n  tracehound model compare old.model new.model --table june.csv"
    )]
    Compare(CompareArgs),
    /// Answer requests over HTTP by the Open Inference Protocol v2, with explanations on request.
    #[command(after_help = super::serve::MODEL_EXAMPLES)]
    Serve(super::ServeModelsArgs),
    /// Put a model into scores: the version of its name that is in force from the next run on.
    #[command(after_help = PUBLISH_EXAMPLES)]
    Publish(PublishModelArgs),
    /// Take a model out of scores, from the next run on.
    #[command(after_help = "Example:\n  tracehound model withdraw fraud --reason drift")]
    Withdraw(WithdrawModelArgs),
    /// Show the models that were published, with who and why.
    #[command(after_help = "Example:\n  tracehound model list")]
    List,
}

/// `tracehound model table`
#[derive(Args, Debug)]
pub(crate) struct TableArgs {
    /// Where the table goes; its name tells the format: .parquet, .arrow or .csv.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// What a row stands for.
    #[arg(long, value_enum, default_value_t = LevelName::Cluster)]
    pub(crate) level: LevelName,
    /// What is to be predicted: tag:CATEGORY, category, or listed.
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,
    /// What is done with rows that no tag and no list names.
    #[arg(long, value_enum, default_value_t = UnlabelledName::LeaveOut, requires = "target")]
    pub(crate) unlabelled: UnlabelledName,
    /// The last block that is looked at; if not given, the last there is.
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) as_of: Option<u32>,
    /// Only what first appeared then or later; a date (midnight UTC) or RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) since: Option<engine::Time>,
    /// Only what first appeared before then.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) until: Option<engine::Time>,
    /// Add a column of weights: the part of a row's tags, by confidence, that agrees with its target.
    #[arg(long, requires = "target")]
    pub(crate) weights: bool,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    /// A cluster.
    Cluster,
    /// An address, with the features of its cluster.
    Address,
}

/// What is done with unlabelled rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnlabelledName {
    /// They are no rows.
    LeaveOut,
    /// Their target is empty.
    Empty,
    /// They are taken for negative examples.
    Negative,
}

impl From<LevelName> for engine::risk_table::TableLevel {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Cluster => Self::Cluster,
            LevelName::Address => Self::Address,
        }
    }
}

impl From<UnlabelledName> for engine::risk_table::Unlabelled {
    fn from(name: UnlabelledName) -> Self {
        match name {
            UnlabelledName::LeaveOut => Self::LeaveOut,
            UnlabelledName::Empty => Self::Empty,
            UnlabelledName::Negative => Self::Negative,
        }
    }
}

/// `tracehound model publish`
#[derive(Args, Debug)]
pub(crate) struct PublishModelArgs {
    /// The file of the model.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The name that profiles call it by; if not given, its own.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Why, and who.
    #[command(flatten)]
    pub(crate) because: Because,
}

/// `tracehound model withdraw`
#[derive(Args, Debug)]
pub(crate) struct WithdrawModelArgs {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Why, and who.
    #[command(flatten)]
    pub(crate) because: Because,
}

/// `tracehound model train`
#[derive(Args, Debug)]
pub(crate) struct TrainModelArgs {
    /// A file, or a table of the store.
    #[arg(value_name = "TABLE")]
    pub(crate) table: PathBuf,
    /// The column to predict.
    #[arg(long, value_name = "COL")]
    pub(crate) target: String,
    /// Where the model goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Seconds of one core to spend (30s, 5m, 1h).
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    pub(crate) time_budget: f64,
    /// How rows are held out: random, stratified, time:COL or group:COL.
    #[arg(long, value_name = "HOW", value_parser = split)]
    pub(crate) split: Option<engine::SplitBy>,
    /// Every draw follows from it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// What is predicted, where its values do not tell.
    #[arg(long, value_enum, value_name = "TASK")]
    pub(crate) task: Option<TaskKind>,
    /// What a column is, where it was taken for something else: COL=number, category, ordered, time, text or identifier.
    #[arg(long, value_name = "COL=KIND", value_parser = role)]
    pub(crate) column: Vec<(String, engine::ColumnKind)>,
    /// A column of weights: how many cases a row stands for.
    #[arg(long, value_name = "COL")]
    pub(crate) weight: Option<String>,
    /// Leave out rows without a target, and say how many; if not given, they are an error.
    #[arg(long)]
    pub(crate) drop_missing_target: bool,
    /// The prediction must move this way with a column of numbers, all else equal: COL=rising or COL=falling.
    #[arg(long, value_name = "COL=WAY", value_parser = monotone)]
    pub(crate) monotone: Vec<(String, engine::Monotone)>,
    /// Weigh classes while learning: balanced, or so many times for the second of two. Probabilities stay those of the table.
    #[arg(long, value_name = "HOW", value_parser = imbalance)]
    pub(crate) imbalance: Option<engine::Imbalance>,
    /// The day up to which the table is known (YYYY-MM-DD): later dates are told of.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) as_of: Option<i64>,
    /// A table that is not trained on: tell how the model does there, and which of its rows were trained on after all.
    #[arg(long, value_name = "TABLE")]
    pub(crate) test: Option<PathBuf>,
    /// Try only these learners.
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) method: Vec<MethodName>,
    /// What networks are fitted on: cpu, gpu (all of them, in turn) or gpu:0,gpu:1. A gpu needs a build with --features gpu, and gives
    /// a model as good, but not the same bytes each time.
    #[arg(long, value_name = "WHERE", default_value = "cpu", value_parser = device)]
    pub(crate) device: DeviceChoice,
    /// The name it is served by; if not given, that of its file.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

fn device(text: &str) -> Result<DeviceChoice, String> {
    text.parse()
}

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TaskKind {
    /// A number.
    Regression,
    /// One of two classes.
    Binary,
    /// One of three or more classes.
    Multiclass,
}

/// A family of learners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodName {
    /// Linear, with an elastic net penalty.
    Linear,
    /// Gradient-boosted trees.
    Boosted,
    /// Forests.
    Forest,
    /// A deep network.
    Network,
}

impl From<MethodName> for engine::Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Linear => Self::Linear,
            MethodName::Boosted => Self::Boosted,
            MethodName::Forest => Self::Forest,
            MethodName::Network => Self::Network,
        }
    }
}

/// `tracehound model predict`
#[derive(Args, Debug)]
pub(crate) struct PredictArgs {
    /// The file of the model.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A file, or a table of the store.
    #[arg(value_name = "TABLE")]
    pub(crate) table: PathBuf,
    /// Where the predictions go (CSV); if not given, standard output.
    #[arg(long, value_name = "OUT.csv")]
    pub(crate) out: Option<PathBuf>,
    /// Add the strongest reasons of every row.
    #[arg(long)]
    pub(crate) explain: bool,
    /// How many of them.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "explain")]
    pub(crate) reasons: usize,
}

/// `tracehound model explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainRowArgs {
    /// The file of the model.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A file, or a table of the store.
    #[arg(value_name = "TABLE")]
    pub(crate) table: PathBuf,
    /// Which row, from 1.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) row: usize,
}

/// `tracehound model report`
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The file of the model.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the report goes: one page of HTML, or JSON where the name ends so; if not given, JSON to standard output.
    #[arg(long, value_name = "report.html")]
    pub(crate) out: Option<PathBuf>,
}

/// `tracehound model compare`
#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    /// The files of the models.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// A table with the target; if not given, each model's own held-out rows.
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<PathBuf>,
}

/// `30s`, `5m`, `1h`, or a number of seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let fault = || "write a number and s, m, h or d, such as 60s".to_owned();
    let (number, unit) = match text.chars().last() {
        Some('s') => (&text[..text.len() - 1], 1.0),
        Some('m') => (&text[..text.len() - 1], 60.0),
        Some('h') => (&text[..text.len() - 1], 3_600.0),
        Some('d') => (&text[..text.len() - 1], 86_400.0),
        Some(c) if c.is_ascii_digit() => (text, 1.0),
        _ => return Err(fault()),
    };
    let number: f64 = number.parse().map_err(|_| fault())?;
    let seconds = number * unit;
    if seconds > 0.0 && seconds.is_finite() { Ok(seconds) } else { Err(fault()) }
}

fn split(text: &str) -> Result<engine::SplitBy, String> {
    use engine::SplitBy;
    match text.split_once(':') {
        None if text == "random" => Ok(SplitBy::Random),
        None if text == "stratified" => Ok(SplitBy::Stratified),
        Some(("time", column)) if !column.is_empty() => Ok(SplitBy::Time(column.to_owned())),
        Some(("group", column)) if !column.is_empty() => Ok(SplitBy::Group(column.to_owned())),
        _ => Err("write random, stratified, time:COL or group:COL".to_owned()),
    }
}

fn monotone(text: &str) -> Result<(String, engine::Monotone), String> {
    let fault = "write COL=rising or COL=falling";
    let (column, way) = text.rsplit_once('=').ok_or(fault)?;
    let way = match way {
        "rising" => engine::Monotone::Rising,
        "falling" => engine::Monotone::Falling,
        _ => return Err(fault.to_owned()),
    };
    Ok((column.to_owned(), way))
}

fn imbalance(text: &str) -> Result<engine::Imbalance, String> {
    if text == "balanced" {
        return Ok(engine::Imbalance::Balanced);
    }
    let factor = text.parse().ok().filter(|factor: &f64| *factor > 0.0 && factor.is_finite());
    let fault = || "write balanced, or a number above 0".to_owned();
    factor.map(engine::Imbalance::PositiveWeight).ok_or_else(fault)
}

/// The end of a day, microseconds since 1970-01-01 UTC.
fn day(text: &str) -> Result<i64, String> {
    let fault = |_| "write a day, such as 2024-06-30".to_owned();
    let day: jiff::civil::Date = text.parse().map_err(fault)?;
    let next =
        day.tomorrow().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC)).map_err(fault)?;
    Ok(next.timestamp().as_microsecond() - 1)
}

fn role(text: &str) -> Result<(String, engine::ColumnKind), String> {
    use engine::ColumnKind;
    let fault = "write COL=KIND with number, category, ordered, time, text or identifier";
    let (column, kind) = text.rsplit_once('=').ok_or(fault)?;
    let kind = match kind {
        "number" => ColumnKind::Number,
        "category" => ColumnKind::Category,
        "ordered" => ColumnKind::Ordered,
        "time" => ColumnKind::Time,
        "text" => ColumnKind::Text,
        "identifier" => ColumnKind::Identifier,
        _ => return Err(fault.to_owned()),
    };
    Ok((column.to_owned(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_splits_and_kinds_are_read() {
        let budget = |text: &str, expected| assert_eq!(seconds(text).ok(), expected, "{text}");
        budget("60s", Some(60.0));
        budget("1.5m", Some(90.0));
        budget("2", Some(2.0));
        for bad in ["", "s", "0s", "-1s", "1w", "infs", "é"] {
            budget(bad, None);
        }
        let by = |text: &str, expected| assert_eq!(split(text).ok(), expected, "{text}");
        by("time:at", Some(engine::SplitBy::Time("at".to_owned())));
        by("group:a:b", Some(engine::SplitBy::Group("a:b".to_owned())));
        by("time:", None);
        by("fold", None);
        assert_eq!(role("a=b=text"), Ok(("a=b".to_owned(), engine::ColumnKind::Text)));
        assert!(role("a").is_err() && role("a=leak").is_err());
        assert_eq!(monotone("a=rising"), Ok(("a".to_owned(), engine::Monotone::Rising)));
        assert!(monotone("a=up").is_err() && imbalance("0").is_err() && day("2024-02-30").is_err());
        assert_eq!(imbalance("5"), Ok(engine::Imbalance::PositiveWeight(5.0)));
        assert_eq!(day("1970-01-01"), Ok(86_400_000_000 - 1));
    }
}
