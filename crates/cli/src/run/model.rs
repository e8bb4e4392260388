//! `model`: train, predict, explain, show, compare.

use std::path::Path;
use std::time::Instant;

use engine::tabular::{
    self, LoadedModel, PredictReport, Table, compare, open_model, predict, test_model,
    train_model_on,
};

use super::Session;
use crate::args::{
    CompareArgs, ExplainRowArgs, ModelAction, PredictArgs, ReportArgs, TaskKind, TrainModelArgs,
};
use crate::outcome::{Exit, Failure};
use crate::render;
use crate::watch::Watcher;

impl Session {
    pub(super) fn model(&self, action: ModelAction) -> Result<Exit, Failure> {
        match action {
            ModelAction::Train(args) => self.train_model(*args),
            ModelAction::Predict(args) => self.predict(&args),
            ModelAction::Explain(args) => self.explain_row(&args),
            ModelAction::Show { file } => {
                self.console.answer(&open_model(&file)?.answer(), render::model)?;
                Ok(Exit::Done)
            }
            ModelAction::Report(args) => self.report_model(&args),
            ModelAction::Compare(args) => self.compare_models(&args),
            ModelAction::Serve(args) => self.serve_models(&args),
            ModelAction::Table(args) => self.risk_table(&args),
            ModelAction::Publish(args) => self.publish_model(&args),
            ModelAction::Withdraw(args) => self.withdraw_model(&args),
            ModelAction::List => {
                self.console.answer(&self.view()?.published_models()?, render::models_published)?;
                Ok(Exit::Done)
            }
        }
    }

    /// A file where there is one, else a table of the store.
    fn table(&self, name: &Path) -> Result<Table, Failure> {
        self.table_of_columns(name, &|_| true)
    }

    /// The columns that a model needs, and its target, of which figures are told where it is there.
    fn table_for(&self, name: &Path, model: &LoadedModel) -> Result<Table, Failure> {
        let needed = model.model.schema();
        self.table_of_columns(name, &|column| {
            column == model.model.target() || needed.iter().any(|needed| needed.0 == column)
        })
    }

    fn table_of_columns(
        &self,
        name: &Path,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Table, Failure> {
        if name.exists() {
            return Ok(Table::open_columns(name, wanted)?);
        }
        let text = name.display().to_string();
        if text.contains(['/', '.']) || !self.store.is_dir() {
            return Err(Failure::file(name, std::io::ErrorKind::NotFound.into()));
        }
        Ok(self.view()?.table(&text)?)
    }

    fn train_model(&self, args: TrainModelArgs) -> Result<Exit, Failure> {
        let began = Instant::now();
        // What is wrong with the file that is to be written must not be found after the work.
        if is_standard(&args.out) {
            let what = "a model is a file, and no text for standard output";
            return Err(Failure::usage(what, "give the name of a file: --out NAME.model"));
        }
        check_out(&args.out)?;
        let name = args.name.clone().unwrap_or_else(|| {
            let stem = args.out.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            stem.unwrap_or_default()
        });
        tabular::check_name(&name).map_err(engine::Error::from)?;
        let table = self.table(&args.table)?;
        let mut options = engine::AutoOptions::for_target(args.target);
        options.budget_s = args.time_budget;
        options.split = args.split.unwrap_or_default();
        options.seed = args.seed;
        options.weight = args.weight;
        options.task = args.task.map(|task| match task {
            TaskKind::Regression => engine::Task::Regression,
            TaskKind::Binary => engine::Task::Binary,
            // As many as occur.
            TaskKind::Multiclass => engine::Task::Multiclass { n_classes: 0 },
        });
        options.drop_missing_target = args.drop_missing_target;
        options.monotone = args.monotone.into_iter().collect();
        options.imbalance = args.imbalance.unwrap_or_default();
        options.as_of_us = args.as_of;
        // Read before hours are spent on training.
        let test = args.test.as_deref().map(|table| self.table(table)).transpose()?;
        options.methods = args.method.into_iter().map(Into::into).collect();
        let kinds = args.column.into_iter();
        options.roles = kinds.map(|(column, kind)| (column, kind.into())).collect();
        let device = args.device.open()?;
        let watcher = Watcher::training(self.console);
        let trained = train_model_on(device.as_ref(), &table, &options, &name, &watcher);
        let (bytes, model) = trained.map_err(|error| error.of(&table.name))?;
        write_whole(&args.out, &bytes)?;
        let file = args.out.display().to_string();
        let mut answer = model.trained(&file, bytes.len() as u64, began.elapsed().as_secs_f64());
        answer.test = test.map(|test| test_model(&model, &table, &test)).transpose()?;
        self.console.report(&answer, render::trained_model)?;
        Ok(Exit::Done)
    }

    fn predict(&self, args: &PredictArgs) -> Result<Exit, Failure> {
        let out = args.out.as_deref().filter(|out| !is_standard(out));
        out.map(check_out).transpose()?;
        let model = open_model(&args.file)?;
        let table = self.table_for(&args.table, &model)?;
        let n_reasons = if args.explain { args.reasons } else { 0 };
        let predicted =
            predict(&model, &table, n_reasons).map_err(|error| error.of(&table.name))?;
        let csv = predicted.to_csv(model.model.target())?;
        let figures = predicted.assessed.map(|found| found.figures()).unwrap_or_default();
        let unseen = tabular::unseen_words(&predicted.prediction.unseen);
        let Some(out) = out else {
            self.console.print(&String::from_utf8_lossy(&csv))?;
            unseen.iter().for_each(|words| self.console.note(&format!("! {words}")));
            for (name, value) in &figures {
                self.console.note(&format!("{} {value:.4}", name.replace('_', " ")));
            }
            return Ok(Exit::Done);
        };
        write_whole(out, &csv)?;
        let report = PredictReport {
            model: model.manifest.name.clone(),
            n_rows: table.frame.n_rows(),
            file: out.display().to_string(),
            unseen,
            figures,
        };
        self.console.report(&report, render::predicted)?;
        Ok(Exit::Done)
    }

    fn explain_row(&self, args: &ExplainRowArgs) -> Result<Exit, Failure> {
        let model = open_model(&args.file)?;
        let table = self.table_for(&args.table, &model)?;
        let row = model.explain_row(&table, args.row).map_err(|error| error.of(&table.name))?;
        self.console.answer(&row, render::row_explained)?;
        Ok(Exit::Done)
    }

    fn report_model(&self, args: &ReportArgs) -> Result<Exit, Failure> {
        let model = open_model(&args.file)?;
        let Some(out) = args.out.as_deref().filter(|out| !is_standard(out)) else {
            self.console.print(&model.report_json())?;
            return Ok(Exit::Done);
        };
        let is_json = out.extension().is_some_and(|extension| extension == "json");
        let report = if is_json { model.report_json() } else { model.report_html() };
        write_whole(out, report.as_bytes())?;
        let written = Written { file: out.display().to_string(), n_bytes: report.len() as u64 };
        self.console.report(&written, |written, look| {
            render::model_reported(&written.file, written.n_bytes, look)
        })?;
        Ok(Exit::Done)
    }

    fn compare_models(&self, args: &CompareArgs) -> Result<Exit, Failure> {
        let open = |file: &std::path::PathBuf| -> Result<(String, LoadedModel), Failure> {
            Ok((file.display().to_string(), open_model(file)?))
        };
        let models = args.files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let table = args.table.as_deref().map(|table| self.table(table)).transpose()?;
        self.console.answer(&compare(&models, table.as_ref())?, render::models_compared)?;
        Ok(Exit::Done)
    }
}

#[derive(serde::Serialize)]
struct Written {
    file: String,
    n_bytes: u64,
}

/// Whether a name stands for standard output, as `-` does everywhere.
fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Refuses a file that cannot be written, before anything is done for it.
fn check_out(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let what = format!("{}: there is no folder {}", path.display(), folder.display());
        return Err(Failure::usage(what, "make the folder first, or give another --out"));
    }
    if path.is_dir() {
        let what = format!("{} is a folder", path.display());
        return Err(Failure::usage(what, "give the name of a file in it"));
    }
    Ok(())
}

/// Writes a file whole or not at all: a reader never sees half a model.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fault = |error| Failure::file(path, error);
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes).map_err(fault)?;
    std::fs::rename(&part, path).map_err(fault)
}
