//! Tables to learn risk from, and models in scores.

use engine::risk_table::{RiskTableAnswer, TableLevel};
use engine::{ModelPublished, PublishedModel, PublishedModels, RiskModelEventKind};

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{count, counted, minute, wrapped};
use crate::show;

/// A class with fewer rows says little.
const CLASS_ROWS_FEW: u64 = 50;

/// A table that was written; `is_text` where its format keeps no kinds of columns.
pub(crate) fn risk_table(answer: &RiskTableAnswer, is_text: bool, look: Look) -> String {
    let rows = counted(answer.n_rows, "row", "rows");
    let head = format!("✓ {} was written: {rows}", show::line(&answer.file));
    let mut page = look.paint(Tone::Good, &head) + "\n";
    let of = match answer.level {
        TableLevel::Cluster => "a row a cluster",
        TableLevel::Address => "a row an address, with its cluster",
    };
    page += &format!(
        "  {of} · {} features · blocks up to {} ({})\n",
        count(answer.n_features),
        answer.as_of,
        minute(answer.as_of_s)
    );
    if !answer.target.is_empty() {
        page += &target(answer, look);
    }
    page += &format!("\n{}\n", look.heading("Left out"));
    for row in &answer.left_out {
        let text = format!("{}: {}", show::line(&row.what), show::line(&row.because));
        page += &format!("{}\n", wrapped(&text, "  ", look));
    }
    for warning in warnings(answer, is_text) {
        let text = wrapped(&format!("! {warning}"), "  ", look);
        page += &format!("{}\n", look.paint(Tone::Warning, &text));
    }
    page + &next(answer, is_text, look)
}

fn target(answer: &RiskTableAnswer, look: Look) -> String {
    let mut page = format!("\n{}\n", look.heading(&format!("Target {}", answer.target)));
    page += &wrapped(&show::line(&answer.rule), "  ", look);
    page += "\n";
    let mut table = Table::headed(2, &[(Column::Left, "class"), (Column::Right, "rows")]);
    for (class, n) in &answer.classes {
        table.row([Cell::from(class.clone()), count(*n).into()]);
    }
    table.row([
        Cell::new(Tone::Remark, "nobody said anything".to_owned()),
        count(answer.n_unlabelled).into(),
    ]);
    if answer.n_outside > 0 {
        let outside = Cell::new(Tone::Remark, "outside the time".to_owned());
        table.row([outside, count(answer.n_outside).into()]);
    }
    page + &table.lines(look)
}

fn warnings(answer: &RiskTableAnswer, is_text: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if !answer.target.is_empty() {
        let few: Vec<String> = answer
            .classes
            .iter()
            .filter(|class| class.1 < CLASS_ROWS_FEW)
            .map(|class| format!("{} ({})", class.0, class.1))
            .collect();
        if answer.classes.len() < 2 {
            warnings.push("only one class occurs: nothing can be learned from this".to_owned());
        } else if !few.is_empty() {
            warnings.push(format!(
                "few rows of {}: a model of them is a guess, and so are its figures",
                few.join(", ")
            ));
        }
    }
    if is_text {
        warnings.push(
            "CSV keeps no kinds of columns: write .parquet or .arrow for a model that can be published"
                .to_owned(),
        );
    }
    warnings
}

fn next(answer: &RiskTableAnswer, is_text: bool, look: Look) -> String {
    if answer.target.is_empty() {
        return look.faint("\nnext: tracehound model predict FILE.model TABLE --out scores.csv\n");
    }
    let mut command =
        format!("tracehound model train {} --target {}", show::line(&answer.file), answer.target);
    if !answer.weight.is_empty() {
        command += &format!(" --weight {}", answer.weight);
    }
    if is_text {
        command += " --split time:first_seen --column address=identifier --column first_seen=time";
    }
    look.faint(&format!("\nnext: {command} --out {}.model\n", answer.target))
}

/// A model that was published or withdrawn.
pub(crate) fn model_published(report: &ModelPublished, look: Look) -> String {
    let model = &report.model;
    let name = format!("{} {}", show::line(&model.name), model.version);
    let head = match (report.changed, model.in_force) {
        (false, _) => {
            format!("{name} is in force already, with the same bytes; nothing was changed")
        }
        (true, true) => format!("✓ {name} is published: scores have its term from the next run on"),
        (true, false) => {
            format!("✓ {name} is withdrawn: scores have no term of it from the next run on")
        }
    };
    let mut page = look.paint(Tone::Good, &head) + "\n";
    if !report.to_do.is_empty() {
        let text = wrapped(&format!("! {}", show::line(&report.to_do)), "  ", look);
        page += &format!("{}\n", look.paint(Tone::Warning, &text));
    }
    page + &look.faint(&format!("model {} · snapshot {}\n", short(&model.sha256), report.snapshot))
}

/// Every model that was published or withdrawn.
pub(crate) fn models_published(answer: &PublishedModels, look: Look) -> String {
    if answer.models.is_empty() {
        return "no model was published (`tracehound model publish FILE`)\n".to_owned();
    }
    let columns = [
        (Column::Left, "model"),
        (Column::Right, "version"),
        (Column::Left, "state"),
        (Column::Left, "when"),
        (Column::Left, "who"),
        (Column::Left, "package"),
        (Column::Prose, "why"),
    ];
    let mut table = Table::headed(0, &columns);
    for model in &answer.models {
        table.row([
            Cell::from(show::line(&model.name)),
            count(model.version).into(),
            state(model),
            minute(model.at_s).into(),
            show::line(&model.author).into(),
            short(&model.sha256).to_owned().into(),
            show::line(&model.reason).into(),
        ]);
    }
    table.lines(look)
}

fn state(model: &PublishedModel) -> Cell {
    if model.event == RiskModelEventKind::Withdrawn {
        return Cell::new(Tone::Remark, "withdrawn".to_owned());
    }
    match (model.in_force, model.counts) {
        (true, true) => Cell::new(Tone::Good, "counts".to_owned()),
        (true, false) => Cell::from("in force, named by no profile".to_owned()),
        (false, _) => Cell::new(Tone::Remark, "was before".to_owned()),
    }
}

fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
