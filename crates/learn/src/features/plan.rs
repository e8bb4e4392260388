//! What is done to each column, fitted on training rows.

mod sound;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::encoding::{Bags, Encoding, Outputs};
use super::times::{Part, days_between};
use super::words::{self, Statistic};
use super::{Folds, Lineage, PipelineOptions, UnseenColumn, UnseenKind};
use crate::frame::{Column, Frame, Values, cut};
use crate::roles::{
    Kind, Levels, Reading, Role, Targets, Unread, read_levels, read_numbers, read_times,
};
use crate::schema::SIZE_MAX;
use crate::{FeatureKind, LearnError, Task};

/// Rows that must hold a word, and how many words are kept, for the mean target of words.
const WORD_ROWS_MIN: u64 = 3;
const WORDS_MAX: usize = 20_000;
/// Words of a column of numbers or times that are kept as marks of what is missing.
const MARKS_MAX: usize = 1_000;

/// What is done to a column, or to all dates together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    sources: Vec<Source>,
    step: Step,
    outputs: Vec<Output>,
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Source {
    column: String,
    /// Type of its values in training.
    typed: String,
    reading: Reading,
    /// Words that stood for no number or no time in training already: there and later they count as missing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    marks: BTreeSet<String>,
}

/// A feature, in the order in which a step makes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) kind: FeatureKind,
    /// Whether it varies over the training rows.
    pub(super) kept: bool,
    sources: Vec<String>,
    rule: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Number {
        indicator: bool,
    },
    /// Levels by training frequency; the rare ones are one level more.
    Category {
        levels: Vec<String>,
        rare: Vec<String>,
    },
    Encoded {
        encoding: Encoding,
        n_outputs: usize,
        parts: Option<CodeParts>,
    },
    Text {
        words: Vec<String>,
        encoding: Encoding,
        n_outputs: usize,
    },
    Times {
        dates: Vec<DateParts>,
        pairs: Vec<(usize, usize)>,
    },
}

/// Codes like `C85` taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CodeParts {
    levels: Vec<String>,
    rare: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct DateParts {
    parts: Vec<Part>,
    first_us: i64,
    holidays: Vec<jiff::civil::Date>,
}

/// What a plan makes of rows: a column an output.
pub(super) struct Applied {
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) unseen: Vec<UnseenColumn>,
}

/// Whose rows become features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Those of the table that is learned from: what its column cannot be read as is counted.
    Training,
    /// Others: a value that cannot be read is refused, unless training had it.
    Serving,
}

impl Source {
    fn of(column: &Column, role: &Role) -> Result<Self, LearnError> {
        let unread = match role.reading {
            _ if !matches!(column.values, Values::Texts(_)) => BTreeMap::new(),
            Reading::Number { .. } => read_numbers(&role.reading, column)?.1.each,
            Reading::Time { .. } | Reading::Epoch { .. } | Reading::Calendar => {
                read_times(&role.reading, column)?.1.each
            }
            // A word that is new to a scale or a pair of words is a level that training never saw.
            Reading::Boolean | Reading::Code | Reading::Level | Reading::Scale { .. } => {
                BTreeMap::new()
            }
        };
        Ok(Self {
            column: column.name.clone(),
            typed: column.values.type_name().to_owned(),
            reading: role.reading.clone(),
            marks: unread.into_keys().take(MARKS_MAX).collect(),
        })
    }

    /// A value that cannot be read is missing where texts were texts in training, too, and is no number or time that has
    /// become a word; else the schema has changed.
    fn unread(
        &self,
        column: &Column,
        unread: Unread,
        rows: Rows,
    ) -> Result<Option<UnseenColumn>, LearnError> {
        let Some((first_row, example)) = unread.first else { return Ok(None) };
        let is_text = matches!(column.values, Values::Texts(_));
        if self.typed != "texts" || !is_text {
            return Err(self.changed(column, first_row));
        }
        let expected = match self.reading {
            _ if rows == Rows::Training => None,
            Reading::Number { .. } => Some("a number, as in training"),
            Reading::Time { .. } | Reading::Epoch { .. } | Reading::Calendar => {
                Some("a time, as in training")
            }
            _ => None,
        };
        let new = || unread.each.iter().filter(|one| !self.marks.contains(one.0));
        if let (Some(expected), Some((_, row))) = (expected, new().min_by_key(|one| one.1)) {
            return Err(column.refused(*row, expected));
        }
        let (column, what, n_rows) = (self.column.clone(), UnseenKind::Value, unread.n_rows);
        Ok(Some(UnseenColumn { column, what, n_rows, first_row, example }))
    }

    fn changed(&self, column: &Column, row: usize) -> LearnError {
        column.refused(row, format!("{} as in training", self.typed))
    }

    /// Levels of rows, refused where numbers have become words.
    fn levels<'a>(&self, frame: &'a Frame) -> Result<Levels<'a>, LearnError> {
        let column = frame.column(&self.column)?;
        let was_number = matches!(self.typed.as_str(), "numbers" | "integers" | "booleans");
        if let (true, Values::Texts(_)) = (was_number, &column.values) {
            let number = Reading::Number { mark: crate::roles::DecimalMark::Point };
            let (_, unread) = read_numbers(&number, column)?;
            if let (Some((row, _)), true) = (unread.first, self.typed != "booleans") {
                return Err(self.changed(column, row));
            }
        }
        if let (Values::Times(times), false) = (&column.values, self.typed == "times")
            && let Some(row) = times.iter().position(Option::is_some)
        {
            return Err(self.changed(column, row));
        }
        Ok(read_levels(&self.reading, column))
    }

    /// One value a level, gathered by row; `missing` where there is none.
    fn unseen_levels(
        &self,
        levels: &Levels<'_>,
        knows: impl Fn(&str) -> bool,
    ) -> Option<UnseenColumn> {
        let unknown: Vec<bool> = levels.names.iter().map(|name| !knows(name)).collect();
        let is = |code: &u32| unknown.get(*code as usize).copied().unwrap_or(false);
        let n_rows = levels.codes.iter().filter(|code| is(code)).count() as u64;
        let first_row = levels.codes.iter().position(is)?;
        let example = cut(&levels.names[levels.codes[first_row] as usize]);
        Some(UnseenColumn {
            column: self.column.clone(),
            what: UnseenKind::Level,
            n_rows,
            first_row,
            example,
        })
    }
}

/// The numbers of rows by one number a level.
fn gathered(levels: &Levels<'_>, missing: f64, number: impl Fn(&str) -> f64) -> Vec<f64> {
    let by_code: Vec<f64> = levels.names.iter().map(|name| number(name)).collect();
    levels
        .codes
        .iter()
        .map(|code| by_code.get(*code as usize).copied().unwrap_or(missing))
        .collect()
}

/// Means of rows, an output a column, by one set of means a level.
fn gathered_means(
    levels: &Levels<'_>,
    n_outputs: usize,
    means: &dyn Fn(&str) -> Vec<f64>,
    missing: &[f64],
) -> Vec<Vec<f64>> {
    let by_code: Vec<Vec<f64>> = levels.names.iter().map(|name| means(name)).collect();
    let of = |code: &u32| by_code.get(*code as usize).map_or(missing, Vec::as_slice);
    (0..n_outputs)
        .map(|output| levels.codes.iter().map(|code| of(code)[output]).collect())
        .collect()
}

/// Position among the levels, or the one after them for rare ones; NaN where unknown.
fn position(levels: &[String], rare: &[String], name: &str) -> f64 {
    match levels.iter().position(|level| level == name) {
        Some(at) => at as f64,
        None if rare.iter().any(|level| level == name) => levels.len() as f64,
        None => f64::NAN,
    }
}

impl Plan {
    pub(super) fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    pub(super) fn schema(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().map(|source| (source.column.as_str(), source.typed.as_str()))
    }

    pub(super) fn lineage(&self) -> impl Iterator<Item = Lineage> {
        self.outputs.iter().filter(|output| output.kept).map(|output| Lineage {
            feature: output.name.clone(),
            sources: output.sources.clone(),
            rule: output.rule.clone(),
        })
    }

    /// Marks what varies over the training rows, and names it apart from what is `taken`; whether anything does.
    pub(super) fn keep_varying(&mut self, applied: &Applied, taken: &mut BTreeSet<String>) -> bool {
        for (output, values) in self.outputs.iter_mut().zip(&applied.columns) {
            let same = |value: &f64| value.to_bits() == values[0].to_bits();
            output.kept = !values.iter().all(same);
            if output.kept {
                let plain = output.name.clone();
                let mut number = 2;
                while !taken.insert(output.name.clone()) {
                    output.name = format!("{plain} ({number})");
                    number += 1;
                }
            }
        }
        self.outputs.iter().any(|output| output.kept)
    }

    pub(super) fn apply(&self, frame: &Frame, rows: Rows) -> Result<Applied, LearnError> {
        match &self.step {
            Step::Number { indicator } => self.apply_number(frame, *indicator, rows),
            Step::Category { levels, rare } => {
                let source = &self.sources[0];
                let read = source.levels(frame)?;
                let at = |name: &str| position(levels, rare, name);
                let unseen =
                    source.unseen_levels(&read, |name| name.is_empty() || !at(name).is_nan());
                Ok(Applied {
                    columns: vec![gathered(&read, f64::NAN, at)],
                    unseen: unseen.into_iter().collect(),
                })
            }
            Step::Encoded { encoding, n_outputs, parts } => {
                self.apply_encoded(frame, encoding, *n_outputs, parts.as_ref())
            }
            Step::Text { words, encoding, n_outputs } => {
                self.apply_text(frame, words, encoding, *n_outputs)
            }
            Step::Times { dates, pairs } => self.apply_times(frame, dates, pairs, rows),
        }
    }

    fn apply_number(
        &self,
        frame: &Frame,
        indicator: bool,
        rows: Rows,
    ) -> Result<Applied, LearnError> {
        let source = &self.sources[0];
        let column = frame.column(&source.column)?;
        let (values, unread) = read_numbers(&source.reading, column)?;
        if let Some(row) = values.iter().position(|value| value.abs() > SIZE_MAX) {
            return Err(column.refused(row, "a number within -1e150 to 1e150"));
        }
        let unseen = source.unread(column, unread, rows)?;
        let missing = |value: &f64| f64::from(u8::from(value.is_nan()));
        let indicators: Vec<f64> = values.iter().map(missing).collect();
        let mut columns = vec![values];
        if indicator {
            columns.push(indicators);
        }
        Ok(Applied { columns, unseen: unseen.into_iter().collect() })
    }

    fn apply_encoded(
        &self,
        frame: &Frame,
        encoding: &Encoding,
        n_outputs: usize,
        parts: Option<&CodeParts>,
    ) -> Result<Applied, LearnError> {
        let source = &self.sources[0];
        let read = source.levels(frame)?;
        let one = |name: &str| encoding.means(std::iter::once(name));
        let mut columns = gathered_means(&read, n_outputs, &one, &one(""));
        columns.push(gathered(&read, encoding.frequency(""), |name| encoding.frequency(name)));
        if let Some(parts) = parts {
            let prefix = |name: &str| position(&parts.levels, &parts.rare, words::prefix(name));
            columns.push(gathered(&read, f64::NAN, prefix));
            columns.push(gathered(&read, f64::NAN, words::last_number));
            columns.push(gathered(&read, f64::NAN, |name| name.chars().count() as f64));
        }
        let unseen = source.unseen_levels(&read, |name| name.is_empty() || encoding.knows(name));
        Ok(Applied { columns, unseen: unseen.into_iter().collect() })
    }

    fn apply_text(
        &self,
        frame: &Frame,
        words: &[String],
        encoding: &Encoding,
        n_outputs: usize,
    ) -> Result<Applied, LearnError> {
        let read = self.sources[0].levels(frame)?;
        let statistic =
            |statistic: &Statistic| gathered(&read, f64::NAN, |text| statistic.of(text));
        let mut columns: Vec<Vec<f64>> = Statistic::ALL.iter().map(statistic).collect();
        let means = |text: &str| {
            let words = words::words(text);
            encoding.means(words.iter().map(String::as_str))
        };
        columns.extend(gathered_means(
            &read,
            n_outputs,
            &means,
            &encoding.means(std::iter::empty()),
        ));
        // Positions of the known words in each text; each text is cut into words once.
        let held = |text: &str| {
            let found = words::words(text);
            words.iter().map(|word| found.contains(word)).collect::<Vec<bool>>()
        };
        let held: Vec<Vec<bool>> = read.names.iter().map(|text| held(text)).collect();
        columns.extend((0..words.len()).map(|word| {
            let is = |code: &u32| held.get(*code as usize).is_some_and(|held| held[word]);
            read.codes.iter().map(|code| f64::from(u8::from(is(code)))).collect::<Vec<f64>>()
        }));
        Ok(Applied { columns, unseen: Vec::new() })
    }

    fn apply_times(
        &self,
        frame: &Frame,
        dates: &[DateParts],
        pairs: &[(usize, usize)],
        rows: Rows,
    ) -> Result<Applied, LearnError> {
        let (mut read, mut unseen) = (Vec::new(), Vec::new());
        for source in &self.sources {
            let column = frame.column(&source.column)?;
            let (times, unread) = read_times(&source.reading, column)?;
            unseen.extend(source.unread(column, unread, rows)?);
            read.push(times);
        }
        let mut columns = Vec::new();
        for (times, date) in read.iter().zip(dates) {
            columns.extend(date.parts.iter().map(|part| {
                let of = |us: &Option<i64>| {
                    us.map_or(f64::NAN, |us| part.of(us, date.first_us, &date.holidays))
                };
                times.iter().map(of).collect::<Vec<f64>>()
            }));
        }
        columns.extend(pairs.iter().map(|&(from, to)| {
            let both = read[from].iter().zip(&read[to]);
            both.map(|(from, to)| {
                from.zip(*to).map_or(f64::NAN, |(from, to)| days_between(from, to))
            })
            .collect()
        }));
        Ok(Applied { columns, unseen })
    }
}

/// The training rows, while plans are made of them.
pub(super) struct Fitting<'a> {
    frame: &'a Frame,
    targets: &'a Targets,
    outputs: Outputs,
    folds: Folds<'a>,
    options: &'a PipelineOptions,
}

impl<'a> Fitting<'a> {
    pub(super) fn new(
        frame: &'a Frame,
        targets: &'a Targets,
        folds: Folds<'a>,
        options: &'a PipelineOptions,
    ) -> Self {
        let outputs = Outputs::of(targets, options.classes_max);
        Self { frame, targets, outputs, folds, options }
    }

    /// The plan of a column that is no date, and its features of the training rows.
    pub(super) fn column(&self, role: &Role) -> Result<(Plan, Applied), LearnError> {
        let column = self.frame.column(&role.column)?;
        let source = Source::of(column, role)?;
        let is_name = matches!(role.reading, Reading::Level | Reading::Code);
        match role.kind {
            Kind::Text => Ok(self.text(source)?),
            Kind::Category if is_name => self.category(source),
            _ => self.number(source),
        }
    }

    fn finished(&self, plan: Plan) -> Result<(Plan, Applied), LearnError> {
        let applied = plan.apply(self.frame, Rows::Training)?;
        Ok((plan, applied))
    }

    fn number(&self, source: Source) -> Result<(Plan, Applied), LearnError> {
        let rule = match &source.reading {
            Reading::Boolean => "1 for true, 0 for false".to_owned(),
            Reading::Scale { levels } => format!("its place, from 0, in {}", levels.join(" < ")),
            _ => "the number".to_owned(),
        };
        let mut outputs = vec![output(&source, "", FeatureKind::Number, rule)];
        let indicator = self.options.missing_indicators;
        if indicator {
            outputs.push(output(
                &source,
                ": missing",
                FeatureKind::Number,
                "1 where it is missing",
            ));
        }
        self.finished(Plan { sources: vec![source], step: Step::Number { indicator }, outputs })
    }

    fn category(&self, source: Source) -> Result<(Plan, Applied), LearnError> {
        let read = source.levels(self.frame)?;
        let counts: Vec<(String, u64)> =
            read.counts().0.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        if counts.len() > self.options.levels_max as usize {
            return self.encoded(source, &read, &counts);
        }
        let (levels, rare) = self.by_frequency(counts);
        let rule = "the level, numbered by how many training rows hold it";
        let rule = match rare.len() {
            0 => rule.to_owned(),
            n => {
                format!("{rule}; {n} levels of fewer than {} rows are one", self.options.rare_rows)
            }
        };
        let outputs = vec![output(&source, "", category_kind(&levels, &rare), rule)];
        self.finished(Plan {
            sources: vec![source],
            step: Step::Category { levels, rare },
            outputs,
        })
    }

    /// Levels of enough rows, most frequent first, and the others.
    fn by_frequency(&self, mut counts: Vec<(String, u64)>) -> (Vec<String>, Vec<String>) {
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let n = counts.partition_point(|level| level.1 >= u64::from(self.options.rare_rows));
        let mut names: Vec<String> = counts.into_iter().map(|level| level.0).collect();
        let mut rare = names.split_off(n);
        // One rare level alone stays itself.
        if rare.len() == 1 {
            names.append(&mut rare);
        }
        (names, rare)
    }

    fn encoded(
        &self,
        source: Source,
        read: &Levels<'_>,
        counts: &[(String, u64)],
    ) -> Result<(Plan, Applied), LearnError> {
        let bags = Bags::of_levels(read);
        let (encoding, trained) =
            Encoding::fit(&bags, &self.outputs, self.folds, self.options.smoothing)?;
        let n_outputs = self.outputs.n_outputs();
        let mut outputs = self.means(&source, "", "training rows of the level");
        let rule = "share of the training rows that hold the level";
        outputs.push(output(&source, ": frequency", FeatureKind::Number, rule));
        let parts = self.code_parts(&source, counts);
        if let Some(parts) = &parts {
            let kind = category_kind(&parts.levels, &parts.rare);
            outputs.push(output(&source, ": prefix", kind, "what stands before the first digit"));
            outputs.push(output(&source, ": number", FeatureKind::Number, "the last number in it"));
            outputs.push(output(&source, ": length", FeatureKind::Number, "number of characters"));
        }
        let step = Step::Encoded { encoding, n_outputs, parts };
        let plan = Plan { sources: vec![source], step, outputs };
        let mut applied = plan.apply(self.frame, Rows::Training)?;
        applied.columns.iter_mut().zip(trained).for_each(|(column, trained)| *column = trained);
        Ok((plan, applied))
    }

    /// How codes are taken apart, where at least half of the levels hold a digit and prefixes are few.
    fn code_parts(&self, source: &Source, counts: &[(String, u64)]) -> Option<CodeParts> {
        let has_digit = |name: &str| name.bytes().any(|byte| byte.is_ascii_digit());
        let n_digits = counts.iter().filter(|level| has_digit(&level.0)).count();
        if source.reading != Reading::Level || 2 * n_digits < counts.len() {
            return None;
        }
        let mut prefixes = std::collections::BTreeMap::new();
        for (name, count) in counts {
            *prefixes.entry(words::prefix(name).to_owned()).or_insert(0) += count;
        }
        let (levels, rare) = self.by_frequency(prefixes.into_iter().collect());
        let few = levels.len() <= self.options.levels_max as usize;
        few.then_some(CodeParts { levels, rare })
    }

    fn text(&self, source: Source) -> Result<(Plan, Applied), LearnError> {
        let read = source.levels(self.frame)?;
        let (counts, _) = read.counts();
        let words = words::frequent(counts.into_iter(), self.options.words_max as usize);
        let bags = Bags::of_words(&read, WORD_ROWS_MIN, WORDS_MAX);
        let (encoding, trained) =
            Encoding::fit(&bags, &self.outputs, self.folds, self.options.smoothing)?;
        let statistic = |statistic: &Statistic| {
            output(
                &source,
                &format!(": {}", statistic.name()),
                FeatureKind::Number,
                statistic.rule(),
            )
        };
        let mut outputs: Vec<Output> = Statistic::ALL.iter().map(statistic).collect();
        let first = outputs.len();
        outputs.extend(self.means(
            &source,
            " of words",
            "training rows of each of its words, on average",
        ));
        outputs.extend(words.iter().map(|word| {
            let rule = format!("1 where one of its words is {word:?}, in any case");
            output(&source, &format!(": has {word}"), FeatureKind::Number, rule)
        }));
        let n_outputs = self.outputs.n_outputs();
        let step = Step::Text { words, encoding, n_outputs };
        let plan = Plan { sources: vec![source], step, outputs };
        let mut applied = plan.apply(self.frame, Rows::Training)?;
        let means = applied.columns.iter_mut().skip(first);
        means.zip(trained).for_each(|(column, trained)| *column = trained);
        Ok((plan, applied))
    }

    /// The features that are mean targets: one, or one a class.
    fn means(&self, source: &Source, suffix: &str, over: &str) -> Vec<Output> {
        let smoothing = self.options.smoothing;
        let mean = |at: usize| {
            let what = match self.targets.task {
                Task::Multiclass { .. } => format!("share of {}", self.targets.classes[at]),
                _ => "mean target".to_owned(),
            };
            let rule = format!(
                "{what} over {over}, {smoothing} rows' worth of all; out of fold in training"
            );
            output(source, &format!(": {what}{suffix}"), FeatureKind::Number, rule)
        };
        (0..self.outputs.n_outputs()).map(mean).collect()
    }

    /// The one plan of all dates, so that each is read once for its parts and its differences.
    pub(super) fn times(&self, roles: &[&Role]) -> Result<(Plan, Applied), LearnError> {
        let mut holidays = self.options.holidays.clone();
        holidays.sort_unstable();
        let (mut sources, mut dates, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        for role in roles {
            let column = self.frame.column(&role.column)?;
            let source = Source::of(column, role)?;
            let (times, unread) = read_times(&source.reading, column)?;
            source.unread(column, unread, Rows::Training)?;
            let first_us = times.iter().flatten().min().copied().unwrap_or(0);
            let wanted = |part: &Part| self.options.absolute_time || !part.is_absolute();
            let parts: Vec<Part> = Part::ALL.into_iter().filter(wanted).collect();
            outputs.extend(parts.iter().map(|part| {
                output(&source, &format!(": {}", part.name()), FeatureKind::Number, part.rule())
            }));
            dates.push(DateParts { parts, first_us, holidays: holidays.clone() });
            sources.push(source);
        }
        let pairs =
            (0..sources.len()).flat_map(|from| (from + 1..roles.len()).map(move |to| (from, to)));
        let pairs: Vec<(usize, usize)> = pairs.take(self.options.date_pairs_max as usize).collect();
        outputs.extend(pairs.iter().map(|&(from, to)| {
            let names = [&sources[from].column, &sources[to].column];
            let mut output =
                output(&sources[from], "", FeatureKind::Number, "days from the one to the other");
            output.name = format!("{} to {}: days", names[0], names[1]);
            output.sources = names.into_iter().cloned().collect();
            output
        }));
        self.finished(Plan { sources, step: Step::Times { dates, pairs }, outputs })
    }
}

fn output(source: &Source, suffix: &str, kind: FeatureKind, rule: impl Into<String>) -> Output {
    let (name, sources) = (format!("{}{suffix}", source.column), vec![source.column.clone()]);
    Output { name, kind, kept: true, sources, rule: rule.into() }
}

fn category_kind(levels: &[String], rare: &[String]) -> FeatureKind {
    let n_levels = levels.len() + usize::from(!rare.is_empty());
    FeatureKind::Category { n_levels: u32::try_from(n_levels).expect("at most as many as rows") }
}
