//! What each command does: opens the store, calls the engine, has the answer rendered. No rule of the product is
//! made here.

mod alerts;
mod batch;
mod decisions;
mod evaluate;
mod export;
mod forecast;
mod intake;
mod mix;
mod model;
mod money;
mod pages;
mod questions;
mod risk;
mod risk_model;
mod rules;
mod screen;
mod serve;
mod watch;

use std::path::PathBuf;

use engine::{Engine, Time, View};

pub(crate) use screen::Tally;

use crate::args::{
    Cli, ClusterAction, Command, ConfigAction, DemoArgs, EvaluateAction, IngestChain, ListsAction,
    TagsAction,
};
use crate::console::Console;
use crate::outcome::{Exit, Failure};
use crate::render::{self, Look};
use crate::watch::Watcher;

/// What every command has.
pub(crate) struct Session {
    store: PathBuf,
    console: Console,
    now: Time,
}

/// Runs the command.
pub(crate) fn run(cli: Cli, console: Console) -> Result<Exit, Failure> {
    // The clock is read once and here: everything below is told the time.
    let now = Time::new(jiff::Timestamp::now().as_second());
    let session = Session { store: cli.global.store, console, now };
    match cli.command {
        Command::Init => session.init(),
        Command::Ingest(IngestChain::Bitcoin(args)) => session.ingest_bitcoin(args),
        Command::Lists(ListsAction::Import(args)) => session.import_list(args),
        Command::Lists(ListsAction::Show) => session.show_lists(),
        Command::Tags(TagsAction::Import { paths, accept_removals }) => {
            session.import_tags(&paths, accept_removals)
        }
        Command::Prices(action) => session.prices(action),
        Command::Monitor(action) => session.monitor(action),
        Command::Run => session.run(),
        Command::Screen(args) => session.screen(&args),
        Command::Trace(args) => session.trace(&args),
        Command::Cluster(action) => session.cluster(action),
        Command::Risk(action) => session.risk(action),
        Command::Mix(args) => session.mix(&args),
        Command::Neighbors(args) => session.neighbors(&args),
        Command::Neighborhood(args) => session.neighborhood(&args),
        Command::Alerts(action) => session.alerts(action),
        Command::Rules(action) => session.rules(action),
        Command::Model(action) => session.model(action),
        Command::Forecast(action) => session.forecast(action),
        Command::Status => session.status(),
        Command::Export(args) => session.export(&args),
        Command::Verify { rerun } => session.verify(rerun),
        Command::Demo(args) => session.demo(&args),
        Command::Evaluate(EvaluateAction::Ownership(args)) => session.evaluate_ownership(&args),
        Command::Evaluate(EvaluateAction::Risk(args)) => session.evaluate_risk(&args),
        Command::Config(action) => session.config(action),
        Command::Completions { shell } => pages::completions(shell, console),
        Command::Man { dir } => pages::man(dir.as_deref(), console),
        Command::Reference => console.print(&pages::reference()).map(|()| Exit::Done),
    }
}

impl Session {
    fn engine(&self, more: &[(String, String)]) -> Result<Engine, Failure> {
        let overrides = [overrides(std::env::vars_os()), more.to_vec()].concat();
        Engine::open(&self.store, &overrides).map_err(|error| match error {
            engine::Error::Store(error) if !self.store.is_dir() => {
                Failure::NoStore { what: error.to_string() }
            }
            error => error.into(),
        })
    }

    fn view(&self) -> Result<View, Failure> {
        let view = self.engine(&[])?.view()?;
        if self.console.verbose {
            let store = self.store.display();
            self.console.note(&format!("store {store}, snapshot {}", view.snapshot_id()));
        }
        Ok(view)
    }

    fn watcher(&self) -> Watcher {
        Watcher::new(self.console)
    }

    fn init(&self) -> Result<Exit, Failure> {
        Engine::init(&self.store)?;
        let made = Made { store: self.store.display().to_string() };
        self.console.report(&made, |made, look| render::init(&made.store, look))?;
        Ok(Exit::Done)
    }

    fn run(&self) -> Result<Exit, Failure> {
        let report = self.engine(&[])?.run(self.now, &self.watcher())?;
        self.console.report(&report, render::run)?;
        Ok(Exit::Done)
    }

    fn cluster(&self, action: ClusterAction) -> Result<Exit, Failure> {
        match action {
            ClusterAction::Members(args) => self.members(&args),
            ClusterAction::Explain(args) => self.explain(&args),
            ClusterAction::Pending(args) => self.pending(&args),
            ClusterAction::Accept(args) => self.accept(args),
            ClusterAction::Refuse(args) => self.refuse(args),
            ClusterAction::Withdraw(args) => self.withdraw(args),
            ClusterAction::Revoke(args) => self.revoke(args),
            ClusterAction::Decisions => self.decisions(),
            ClusterAction::Features(args) => self.features(&args),
            ClusterAction::Suggest(args) => self.suggest(&args),
            ClusterAction::Train(args) => self.train(&args),
        }
    }

    fn verify(&self, rerun: bool) -> Result<Exit, Failure> {
        let report = self.engine(&[])?.verify(rerun, &self.watcher())?;
        self.console.report(&report, render::verify)?;
        Ok(match report.sound {
            true if report.not_compared.is_empty() => Exit::Done,
            true => Exit::Stale,
            false => Exit::Failed,
        })
    }

    fn config(&self, action: ConfigAction) -> Result<Exit, Failure> {
        let engine = self.engine(&[])?;
        match action {
            ConfigAction::Show => {
                self.console.answer(engine.config(), |config, _| config.to_toml())?
            }
            ConfigAction::Check => {
                let right = Right { right: true };
                self.console.report(&right, |_, look| render::config_right(&self.store, look))?;
            }
        }
        Ok(Exit::Done)
    }

    fn demo(&self, args: &DemoArgs) -> Result<Exit, Failure> {
        let dir = match &args.dir {
            Some(dir) => dir.clone(),
            None => cleared_demo_folder()?,
        };
        let options = engine::DemoOptions { seed: args.seed, n_transactions: args.transactions };
        let report = Engine::demo(&dir, &options, self.now, &self.watcher())?;
        let look = |report: &_, look: Look| render::demo(report, look);
        self.console.answer(&report, look)?;
        Ok(if report.questions.iter().all(|question| question.agrees) {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}

/// The demo's own folder, emptied of the last demo. In the user's cache: a name below the common temporary folder
/// could be somebody else's.
fn cleared_demo_folder() -> Result<PathBuf, Failure> {
    let of =
        |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")));
    let Some(cache) = cache else {
        return Err(Failure::usage(
            "neither XDG_CACHE_HOME nor HOME says where a demo may go",
            "give --dir DIR",
        ));
    };
    let dir = cache.join("tracehound").join("demo");
    match std::fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file(&dir, error))
        }
        _ => Ok(dir),
    }
}

#[derive(serde::Serialize)]
struct Made {
    store: String,
}

#[derive(serde::Serialize)]
struct Right {
    right: bool,
}

/// Keys of the configuration that the environment overrides: `TRACEHOUND_TRACE__HOPS_MAX` is `trace.hops_max`.
/// Sorted, so that no order of the environment decides which of two faults is told.
fn overrides(
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Vec<(String, String)> {
    let mut keys: Vec<(String, String)> = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter_map(|(name, value)| {
            let (section, key) = name.strip_prefix("TRACEHOUND_")?.split_once("__")?;
            Some((format!("{}.{}", section.to_lowercase(), key.to_lowercase()), value))
        })
        .collect();
    keys.sort();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides_keys_and_nothing_else_is_one() {
        let variables = [
            ("TRACEHOUND_TRACE__HOPS_MAX", "8"),
            ("TRACEHOUND_STORE", "x"),
            ("PATH", "/bin"),
            ("TRACEHOUND_INGEST__NETWORK", "regtest"),
        ];
        let found =
            overrides(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        let expected = [("ingest.network", "regtest"), ("trace.hops_max", "8")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
