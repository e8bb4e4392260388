//! Predictions of a table: numbers, reasons, and the file they are written to.

use learn::Frame;
use learn::automl::{Assessed, Explanation, Prediction, Reason};

use super::answers::{CompareAnswer, ComparedModel, ReasonAnswer, RowAnswer, TestAnswer};
use super::{LoadedModel, Table};
use crate::Error;

/// Predictions with what belongs to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// Numbers and classes.
    pub prediction: Prediction,
    /// Reasons of every row, where they were asked for.
    pub reasons: Vec<Vec<Reason>>,
    /// Figures, where the table holds the target in every row.
    pub assessed: Option<Assessed>,
}

/// Predicts a table, with the `n_reasons` strongest reasons a row (0 for none).
///
/// # Errors
/// A column of the model is missing, or holds values of another type.
pub fn predict(model: &LoadedModel, table: &Table, n_reasons: usize) -> Result<Predicted, Error> {
    if n_reasons > 0 {
        return Ok(explained(model, table, n_reasons)?.0);
    }
    let prediction = model.model.predict(&table.frame)?;
    Predicted::new(model, table, prediction, Vec::new())
}

/// The same with the whole explanation; rows become features once.
pub(super) fn explained(
    model: &LoadedModel,
    table: &Table,
    n_reasons: usize,
) -> Result<(Predicted, Explanation), Error> {
    let (prediction, explanation) = model.model.predict_explained(&table.frame)?;
    let reasons = model.model.reasons_of(&table.frame, &explanation, n_reasons);
    Ok((Predicted::new(model, table, prediction, reasons)?, explanation))
}

/// Holds a model against a table that it was not trained on, and looks for rows of `train` in it.
///
/// # Errors
/// The table lacks a column of the model or its target.
pub fn test_model(model: &LoadedModel, train: &Table, test: &Table) -> Result<TestAnswer, Error> {
    let predicted = predict(model, test, 0).map_err(|error| error.of(&test.name))?;
    let found = predicted.assessed.ok_or_else(|| {
        let target = model.model.target();
        let what =
            format!("{}: rows lack {target}, or other values of it than in training", test.name);
        let hint = "a test table needs the target in every row, with the same classes";
        Error::Question { what, hint: Some(hint.to_owned()) }
    })?;
    let used = model.model.roles().iter().filter(|role| role.kind.is_used());
    let mut columns: Vec<&str> = used.map(|role| role.column.as_str()).collect();
    columns.push(model.model.target());
    let copies = learn::features::overlap(&train.frame, &test.frame, &columns)?;
    Ok(TestAnswer {
        table: test.name.clone(),
        n_rows: test.frame.n_rows(),
        n_copies: copies.n_rows,
        first_copy: copies.first_row.map(|row| row + 1),
        figures: found.figures(),
        unseen: super::unseen_words(&predicted.prediction.unseen),
    })
}

/// Figures against the target, where the table has it and knows every class of it. Rows weigh what the column that weighed
/// training says; where the table lacks that column, all alike.
///
/// # Errors
/// A weight is no number, or below 0.
fn assessed(
    model: &LoadedModel,
    frame: &Frame,
    prediction: &Prediction,
) -> Result<Option<Assessed>, Error> {
    let Ok(targets) = model.model.targets_of(frame) else { return Ok(None) };
    let weights = match model.model.weights_of(frame)? {
        Some(weights) => weights,
        None => vec![1.0; targets.values.len()],
    };
    let figures = Assessed::of(prediction.task, &prediction.values, &targets.values, &weights);
    Ok(Some(figures))
}

impl Predicted {
    fn new(
        model: &LoadedModel,
        table: &Table,
        prediction: Prediction,
        reasons: Vec<Vec<Reason>>,
    ) -> Result<Self, Error> {
        let assessed = assessed(model, &table.frame, &prediction)?;
        Ok(Self { prediction, reasons, assessed })
    }

    /// As CSV: a line a row, in order. Numbers read back to the same bits.
    ///
    /// # Errors
    /// If memory cannot hold it.
    pub fn to_csv(&self, target: &str) -> Result<Vec<u8>, Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let fault = |error: csv::Error| Error::Question { what: error.to_string(), hint: None };
        let columns = self.columns(target);
        let header = columns.iter().map(|column| column.name.as_str());
        writer.write_record(std::iter::once("row").chain(header)).map_err(fault)?;
        let n_rows = columns.first().map_or(0, |column| column.values.len());
        for row in 0..n_rows {
            let mut record = vec![(row + 1).to_string()];
            record.extend(columns.iter().map(|column| column.values.shown(row)));
            writer.write_record(&record).map_err(fault)?;
        }
        writer.into_inner().map_err(|error| Error::Question { what: error.to_string(), hint: None })
    }
}

impl LoadedModel {
    /// One row of a table with all its reasons; `row` counts from 1.
    ///
    /// # Errors
    /// The table has no such row, or is not what the model was trained on.
    pub fn explain_row(&self, table: &Table, row: usize) -> Result<RowAnswer, Error> {
        let n_rows = table.frame.n_rows();
        let at = row.checked_sub(1).filter(|at| *at < n_rows).ok_or_else(|| {
            Error::missing(format!("row {row}: the table has rows 1 to {n_rows}"), "give --row N")
        })?;
        let at = u32::try_from(at).expect("a frame has fewer than 2^32 rows");
        let frame = table.frame.take(&[at]);
        let (prediction, explanation) = self.model.predict_explained(&frame)?;
        let reasons = self.model.reasons_of(&frame, &explanation, usize::MAX).remove(0);
        let output = explanation.likeliest(0);
        let label = prediction.labels().first().map(|label| (*label).to_owned());
        let value = prediction.values[output];
        // Of two classes the second one's probability is told, whichever is predicted.
        let classes = self.model.classes();
        let class = match classes.len() {
            2 => classes.last(),
            _ => classes.get(output),
        };
        Ok(RowAnswer {
            row,
            prediction: label.unwrap_or_else(|| value.to_string()),
            value,
            event: class.map(|class| format!("{} = {class}", self.model.target())),
            unseen: super::unseen_words(&prediction.unseen),
            base: explanation.contributions.base[output],
            margin: explanation.margins[output],
            reasons: reasons.into_iter().map(reason).collect(),
        })
    }
}

fn reason(reason: Reason) -> ReasonAnswer {
    let Reason { column, value, contribution, words } = reason;
    ReasonAnswer { column, value, contribution, words }
}

/// Models side by side: on a table that holds the target, or on their own held-out rows.
///
/// # Errors
/// A model cannot predict the table, or the table lacks its target.
pub fn compare(
    models: &[(String, LoadedModel)],
    table: Option<&Table>,
) -> Result<CompareAnswer, Error> {
    let compared = models.iter().map(|(file, model)| {
        let assessed = match table {
            None => model.model.report.assessed.clone(),
            Some(table) => {
                let named = |error: Error| error.of(&format!("{file} on {}", table.name));
                let found = predict(model, table, 0).map_err(named)?.assessed;
                found.ok_or_else(|| {
                    let targets = model.model.targets_of(&table.frame);
                    let error = targets.expect_err("figures are lacking where the target is");
                    named(error.into())
                })?
            }
        };
        let target = model.model.target().to_owned();
        Ok(ComparedModel {
            file: file.clone(),
            name: model.manifest.name.clone(),
            target,
            assessed,
        })
    });
    Ok(CompareAnswer {
        table: table.map_or_else(String::new, |table| table.name.clone()),
        models: compared.collect::<Result<Vec<_>, Error>>()?,
    })
}
