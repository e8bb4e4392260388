//! `prices` and `monitor`: what amounts were worth, and whose addresses are watched.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use engine::{Monitor, MonitorChange, PriceImport};

use super::Session;
use crate::args::{
    MonitorAction, MonitorAddArgs, MonitorRemoveArgs, PricesAction, PricesImportArgs,
};
use crate::outcome::{Exit, Failure};
use crate::render;

/// A file of addresses is read whole.
const FILE_BYTES_MAX: u64 = 64 << 20;

impl Session {
    pub(super) fn prices(&self, action: PricesAction) -> Result<Exit, Failure> {
        match action {
            PricesAction::Import(args) => self.import_prices(args),
            PricesAction::List => {
                self.console.answer(&self.view()?.prices()?, render::prices)?;
                Ok(Exit::Done)
            }
        }
    }

    fn import_prices(&self, args: PricesImportArgs) -> Result<Exit, Failure> {
        let import = PriceImport {
            paths: args.files,
            asset: args.asset,
            currency: args.currency,
            keep: args.keep.map(Into::into),
            interval_s: args.interval,
            accept_refused: args.accept_refused,
            replace: args.replace,
            dry_run: args.dry_run,
        };
        let report = self.engine(&[])?.import_prices(&import, self.now)?;
        self.console.report(&report, render::prices_imported)?;
        Ok(if report.would_be_refused.is_empty() { Exit::Done } else { Exit::Failed })
    }

    pub(super) fn monitor(&self, action: MonitorAction) -> Result<Exit, Failure> {
        match action {
            MonitorAction::Add(args) => self.monitor_add(args),
            MonitorAction::Remove(args) => self.monitor_remove(args),
            MonitorAction::List => {
                self.console.answer(&self.view()?.monitored()?, render::monitored)?;
                Ok(Exit::Done)
            }
        }
    }

    fn monitor_add(&self, args: MonitorAddArgs) -> Result<Exit, Failure> {
        let MonitorAddArgs { addresses, file, label, because } = args;
        let mut all: Vec<(String, String)> =
            addresses.into_iter().map(|address| (address, label.clone())).collect();
        if let Some(file) = file {
            all.extend(engine::monitor::read_addresses(
                &text(&file)?,
                &file.display().to_string(),
                &label,
            )?);
        }
        self.change_monitored(MonitorChange::Add, all, because.reason, because.author)
    }

    fn monitor_remove(&self, args: MonitorRemoveArgs) -> Result<Exit, Failure> {
        let MonitorRemoveArgs { addresses, because } = args;
        let all = addresses.into_iter().map(|address| (address, String::new())).collect();
        self.change_monitored(MonitorChange::Remove, all, because.reason, because.author)
    }

    fn change_monitored(
        &self,
        change: MonitorChange,
        addresses: Vec<(String, String)>,
        reason: String,
        author: Option<String>,
    ) -> Result<Exit, Failure> {
        let author = author.unwrap_or_else(|| std::env::var("USER").unwrap_or_default());
        let what = Monitor { addresses, reason, author };
        let report = self.engine(&[])?.monitor(change, &what, self.now)?;
        self.console.report(&report, render::monitor_changed)?;
        Ok(Exit::Done)
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    let fault = |error| Failure::file(path, error);
    let file = File::open(path).map_err(fault)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(fault)?;
    match text.len() as u64 == FILE_BYTES_MAX {
        true => Err(Failure::usage("the file has 64 MiB or more", "give several smaller ones")),
        false => Ok(text),
    }
}
