//! The command line as data: every command, argument and option with its help, and nothing that runs.
//!
//! In: the words of the command line. Out: [`Cli`]. Help, man pages, completions and
//! `docs/reference/cli.md` are all made from these structs, so they cannot differ from what is parsed.
//! Checked by: `args/tests.rs`, and `tests/it/reference.rs` for the pages made from it.

mod alerts;
mod behavior;
mod decisions;
mod demo;
mod evaluate;
mod export;
mod forecast;
mod ingest;
mod lists;
mod mix;
mod model;
mod monitor;
mod neighborhood;
mod owners;
mod prices;
mod risk;
mod rules;
mod screen;
mod serve;
mod trace;
mod watch;
mod words;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use alerts::{
    ActArgs, AlertsAction, AlertsListArgs, OutcomeName, SeverityName, StateName,
};
pub(crate) use behavior::{FeaturesArgs, SuggestArgs};
pub(crate) use decisions::{Because, ChoiceArgs, PendingArgs, RevokeArgs, WithdrawArgs};
pub(crate) use demo::DemoArgs;
pub(crate) use evaluate::{EvaluateAction, OwnershipArgs, RiskArgs};
pub(crate) use export::{ExportArgs, Format};
pub(crate) use forecast::{
    BacktestArgs, BesideArgs, FitArgs, ForecastAction, ForecastCompareArgs, ForecastMethod,
    ForecastPredictArgs, SeriesArgs,
};
pub(crate) use ingest::{BitcoinArgs, IngestChain};
pub(crate) use lists::{ListsAction, ListsImportArgs, TagsAction};
pub(crate) use mix::{MixArgs, TrainArgs};
pub(crate) use model::{
    CompareArgs, ExplainRowArgs, ModelAction, PredictArgs, PublishModelArgs, ReportArgs, TableArgs,
    TaskKind, TrainModelArgs, WithdrawModelArgs,
};
pub(crate) use monitor::{MonitorAction, MonitorAddArgs, MonitorRemoveArgs};
pub(crate) use neighborhood::{NeighborhoodArgs, Shape};
pub(crate) use owners::{ClusterAction, ExplainArgs, MembersArgs, NeighborsArgs, Side};
pub(crate) use prices::{PricesAction, PricesImportArgs};
pub(crate) use risk::{ProfileAction, RiskAction};
pub(crate) use rules::{PublishArgs, RulesAction};
pub(crate) use screen::ScreenArgs;
pub(crate) use serve::{DashboardArgs, ListenArgs, ServeForecastsArgs, ServeModelsArgs};
pub(crate) use trace::{Only, TraceArgs};
pub(crate) use watch::{CapacityArgs, FeedbackArgs, IndicatorArgs, LeadArgs, WatchArgs, span};

/// The folder of the store where nothing else is said.
pub(crate) const STORE_DEFAULT: &str = "tracehound-store";

/// What stands under the options of `tracehound --help`.
const EXIT_CODES: &str = "\
Exit codes:
  0    done; for `screen`: no hit
  1    it failed, `verify` found damage, or a floor was missed (`evaluate … --floors`)
  2    the command line, the configuration, a rule or the question is at fault; an act on an alert is refused
  3    `screen`: a hit; the address or its cluster is listed, or one within --within is; `forecast watch`: a warning is out
  4    --fail-stale was given and an answer is stale; `verify --rerun`: so are the derived tables
  5    `screen`: some addresses could not be read, or --within not decided; the others are answered
  6    `forecast watch`: nothing can be said, as the load was not measured; that is no all-clear
  130  stopped by Ctrl-C (or SIGTERM); everything up to the last commit is kept
  Where several hold, 3 wins over 4, and 4 over 5.

Environment:
  TRACEHOUND_STORE            the store, as --store
  TRACEHOUND_AUTHOR           who decides, as --author of `cluster accept`, `monitor add`, `alerts close` and the like
  TRACEHOUND_NODE_USER        user:password of the node, as --user, but not visible to other processes
  TRACEHOUND_SECTION__KEY     overrides a key of the configuration: TRACEHOUND_TRACE__HOPS_MAX=8
  NO_COLOR                    no color, as --no-color

Example:
  tracehound demo";

/// Traces money on chains: who owns it, where it came from, and whether a sanctioned party is on the way.
///
/// Answers go to standard output, messages and progress to standard error.
#[derive(Debug, Parser)]
#[command(name = "tracehound", version, after_help = EXIT_CODES, max_term_width = 110)]
#[command(disable_help_subcommand = true, infer_long_args = false)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What is to be done.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Folder of the store.
    #[arg(long, global = true, value_name = "DIR", env = "TRACEHOUND_STORE", default_value = STORE_DEFAULT)]
    #[arg(hide_env_values = true)]
    pub(crate) store: PathBuf,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no notes, no progress and no report of what was done.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print addresses and transactions whole, and say more on the way.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Print without color.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an empty store with its configuration file.
    #[command(after_help = "Example:\n  tracehound init --store /data/tracehound")]
    Init,
    /// Take in blocks.
    #[command(subcommand, after_help = "Example:\n  tracehound ingest bitcoin ~/.bitcoin")]
    Ingest(IngestChain),
    /// Import sanctions lists, and show those that are held.
    #[command(subcommand, after_help = "Example:\n  tracehound lists import ofac SDN_ADVANCED.XML")]
    Lists(ListsAction),
    /// Import tags: who is said to own which address.
    #[command(subcommand, after_help = "Example:\n  tracehound tags import packs/")]
    Tags(TagsAction),
    /// Import prices, and show those that are held: what amounts were worth.
    #[command(subcommand, after_help = prices::EXAMPLE)]
    Prices(PricesAction),
    /// Name the addresses of your own customers: what arrives there is looked at.
    #[command(subcommand, after_help = monitor::EXAMPLE)]
    Monitor(MonitorAction),
    /// Make links, clusters, the cluster graph and proximity for all that has come in.
    ///
    /// Does what is new and no more: after new blocks, lists or tags, answers are stale until it has run.
    #[command(after_help = "Example:\n  tracehound run")]
    Run,
    /// Tell whether addresses, or the clusters they belong to, are listed or near one that is.
    #[command(after_help = screen::EXAMPLES)]
    Screen(ScreenArgs),
    /// Find how money went from one address to another, or to a kind of entity.
    #[command(after_help = trace::EXAMPLES)]
    Trace(TraceArgs),
    /// Look into the cluster of an address.
    #[command(subcommand, after_help = owners::CLUSTER_EXAMPLE)]
    Cluster(ClusterAction),
    /// Tell how risky the cluster of an address is, and why.
    #[command(subcommand, after_help = risk::RISK_EXAMPLE)]
    Risk(RiskAction),
    /// Tell whether a transaction is a mix, by which protocol, and who may have paid whom in it.
    #[command(after_help = mix::MIX_EXAMPLES)]
    Mix(MixArgs),
    /// Show whom the cluster of an address paid, and who paid it.
    #[command(after_help = owners::NEIGHBORS_EXAMPLE)]
    Neighbors(NeighborsArgs),
    /// Show who dealt with whom around the cluster of an address, several hops far.
    #[command(after_help = neighborhood::EXAMPLES)]
    Neighborhood(NeighborhoodArgs),
    /// Work through the alerts that rules raised.
    #[command(subcommand, after_help = alerts::EXAMPLE)]
    Alerts(AlertsAction),
    /// Check, publish and show the rules that raise alerts.
    #[command(subcommand, after_help = rules::EXAMPLE)]
    Rules(RulesAction),
    /// Train models of tables, and ask them: predict, explain, compare.
    #[command(subcommand, after_help = model::EXAMPLE)]
    Model(ModelAction),
    /// Forecast series: how much comes, and how sure that is; compare methods on the past.
    #[command(subcommand, after_help = forecast::EXAMPLE)]
    Forecast(ForecastAction),
    /// Show what the store holds, in numbers.
    #[command(after_help = "Example:\n  tracehound status --json")]
    Status,
    /// Write a table as CSV, Parquet or Arrow.
    #[command(after_help = export::EXAMPLES)]
    Export(ExportArgs),
    /// Read every file of the store and compare it with its hash.
    #[command(after_help = "Example:\n  tracehound verify --rerun")]
    Verify {
        /// Make every derived table again and compare; exit code 4 where they are out of date.
        #[arg(long)]
        rerun: bool,
    },
    /// Show it all on a simulated world: four questions, with the truth beside the answers.
    #[command(after_help = demo::EXAMPLES)]
    Demo(DemoArgs),
    /// Measure how right the answers are.
    #[command(subcommand, after_help = evaluate::EXAMPLE)]
    Evaluate(EvaluateAction),
    /// Show or check the configuration.
    #[command(subcommand, after_help = "Example:\n  tracehound config show")]
    Config(ConfigAction),
    /// Print completions for a shell.
    #[command(
        after_help = "Example:\n  tracehound completions bash > /etc/bash_completion.d/tracehound"
    )]
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for every command.
    #[command(after_help = "Example:\n  tracehound man --dir /usr/local/share/man/man1")]
    Man {
        /// Write a page for every command into this folder.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Print the reference of the command line in Markdown (docs/reference/cli.md).
    #[command(hide = true, after_help = "Example:\n  tracehound reference > docs/reference/cli.md")]
    Reference,
}

/// `tracehound config …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print the configuration in force: defaults, the store's file, then the environment.
    #[command(after_help = "Example:\n  tracehound config show --json")]
    Show,
    /// Say whether the configuration is right; if not, which key and what was meant.
    #[command(after_help = "Example:\n  tracehound config check")]
    Check,
}
