//! `ingest`, `lists`, `tags`: what brings something into the store.

use std::path::PathBuf;

use engine::{BitcoinSource, IngestOptions, ListImport, Watch};

use super::Session;
use crate::args::{BitcoinArgs, ListsImportArgs};
use crate::outcome::{Exit, Failure};
use crate::render;

/// Credentials of the node, kept off the command line.
const NODE_USER: &str = "TRACEHOUND_NODE_USER";

impl Session {
    pub(super) fn ingest_bitcoin(&self, args: BitcoinArgs) -> Result<Exit, Failure> {
        let network = args.network.clone().map(|network| ("ingest.network".to_owned(), network));
        let engine = self.engine(network.as_slice())?;
        let options = IngestOptions {
            allow_gaps: args.allow_gaps,
            skip_garbage: args.skip_garbage,
            first_height: args.first_height,
            resolve: args.resolve,
            last_height: args.last_height,
        };
        let follow = args.follow;
        let source = source(args);
        let watcher = self.watcher();
        if self.console.verbose {
            self.console
                .note("Ctrl-C stops after the commit at hand; the same command goes on from there");
        }
        let report = engine.ingest_bitcoin(&source, &options, self.now, &watcher)?;
        self.console.report(&report, render::ingest)?;
        // Following has no end but Ctrl-C. Other work that came to its end is done, pressed or not.
        Ok(if follow && watcher.stopped() { Exit::Interrupted } else { Exit::Done })
    }

    pub(super) fn import_list(&self, args: ListsImportArgs) -> Result<Exit, Failure> {
        // However it is written: a second list beside OFAC's would keep whom the first one takes off.
        let list = match args.list.to_lowercase().as_str() {
            "ofac" | "ofac-sdn" => "ofac-sdn".to_owned(),
            _ => args.list,
        };
        let import = ListImport {
            list,
            paths: args.paths,
            published: args.published,
            accept_removals: args.accept_removals,
            accept_unterminated: args.accept_unterminated,
            dry_run: args.dry_run,
        };
        let reports = self.engine(&[])?.import_lists(&import, self.now, &self.watcher())?;
        self.console.report(&reports, |reports, look| {
            let pages: Vec<String> =
                reports.iter().map(|report| render::list(report, look)).collect();
            pages.join("\n")
        })?;
        Ok(Exit::Done)
    }

    pub(super) fn show_lists(&self) -> Result<Exit, Failure> {
        let status = self.view()?.status(self.now)?;
        self.console.answer(&status.lists, |lists, look| {
            render::lists(lists, &status.list_version, look)
        })?;
        Ok(Exit::Done)
    }

    pub(super) fn import_tags(
        &self,
        paths: &[PathBuf],
        accept_removals: Option<u64>,
    ) -> Result<Exit, Failure> {
        let engine = self.engine(&[])?;
        let report = engine.import_tags(paths, accept_removals, self.now, &self.watcher())?;
        self.console.report(&report, render::tags)?;
        Ok(if report.failed.is_empty() { Exit::Done } else { Exit::Failed })
    }
}

fn source(args: BitcoinArgs) -> BitcoinSource {
    let Some(url) = args.node else { return BitcoinSource::Path(args.paths) };
    let from_environment = || std::env::var(NODE_USER).ok().filter(|_| args.cookie.is_none());
    BitcoinSource::Node {
        url,
        user: args.user.or_else(from_environment).unwrap_or_default(),
        cookie: args.cookie,
        rest: args.rest,
        follow: args.follow,
    }
}
