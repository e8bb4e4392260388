//! The text of a profile to its values, strictly: every key known and there, every number in its range.
//!
//! In: TOML. Out: a [`Profile`], or the first thing that is wrong with line, column and a suggestion.
//! Departures: no derived reader, because it stops at the first unknown key without its place or a near one, and fills
//! what is missing with defaults: a category that is left out by mistake would weigh nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use ledger::{Category, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::curve::{Curve, PPM};
use super::profile::{
    Band, CategoryPoints, Curves, Dust, Factors, ModelWeight, N_CATEGORIES, Profile, ProfileError,
    Services,
};

/// More points than a curve needs, fewer than a hostile text may hold.
const CURVE_POINTS_MAX: usize = 64;
/// Hops are a `u8`; a profile may weigh up to so many.
const HOPS_MAX: usize = 250;
const BANDS_MAX: usize = 16;
/// Money in a profile, in the currency: far above all that there is, far below an overflow.
const VALUE_MAX: f64 = 1e12;

/// Reads the text of a profile.
pub(super) fn profile(text: &str, patterns: &[(u8, &str)]) -> Result<Profile, ProfileError> {
    let reader = Reader { text };
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        reader.error(span, error.message().to_owned(), None)
    })?;
    let top = Section { reader, table: document.get_ref(), span: 0..0, name: "" };
    top.only(&[
        "name",
        "version",
        "currency",
        "tags",
        "dust",
        "factors",
        "curves",
        "services",
        "transaction",
        "model",
        "categories",
        "patterns",
        "bands",
    ])?;
    let name = top.word("name")?;
    let version = top.whole("version", 1, u32::MAX.into())?;
    let tags = top.section("tags", &["confidence_min"])?;
    let confidence = tags.whole("confidence_min", 0, 100)?;
    let label = format!("{name} {version} {}", digest(text));
    Ok(Profile {
        name,
        version: u32::try_from(version).expect("in the range just checked"),
        currency: top.word("currency")?,
        confidence_min: u8::try_from(confidence).expect("in the range just checked"),
        dust: dust(&top)?,
        factors: factors(&top)?,
        curves: curves(&top)?,
        services: services(&top)?,
        sender_ppm: top.section("transaction", &["sender"])?.percent("sender")?,
        model: model(&top)?,
        categories: categories(&top)?,
        patterns: pattern_points(&top, patterns)?,
        bands: bands(&top)?,
        label,
    })
}

/// A name for the values of a text: keys in order, without comments and layout. FNV-1a: a name, not a seal, since whoever
/// can write a profile can write its label.
fn digest(text: &str) -> String {
    let values: toml::Table = text.parse().expect("the text was read before");
    let canonical = toml::to_string(&values).expect("what was read can be written");
    let hash = canonical.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn dust(top: &Section<'_>) -> Result<Dust, ProfileError> {
    let dust = top.section("dust", &["value_min", "amount_sat_min"])?;
    let micros = dust.number("value_min", 6, 0.0, VALUE_MAX)?;
    let amount_sat_min = dust.whole("amount_sat_min", 0, i64::MAX)?;
    let amount_sat_min = u64::try_from(amount_sat_min).expect("in the range just checked");
    Ok(Dust { value_min: Value::from_micros(micros.into()), amount_sat_min })
}

fn factors(top: &Section<'_>) -> Result<Factors, ProfileError> {
    let factors = top.section("factors", &["direct", "indirect", "mixed"])?;
    let (direct, indirect) = (factors.percent("direct")?, factors.percent("indirect")?);
    Ok(Factors { direct, indirect, mixed: factors.percent("mixed")? })
}

fn curves(top: &Section<'_>) -> Result<Curves, ProfileError> {
    let curves = top.section("curves", &["share", "value", "hops", "matches"])?;
    let (hops, span) = curves.list("hops", HOPS_MAX)?;
    let percent = |item: &Spanned<DeValue<'_>>| curves.reader.percent("hops", item);
    let hops: Vec<i64> = hops.iter().map(percent).collect::<Result<_, _>>()?;
    if hops.windows(2).any(|pair| pair[1] > pair[0]) {
        return Err(curves.error(span, "hops rise: farther is never worth more"));
    }
    Ok(Curves {
        share: curves.curve("share", 4, 100.0)?,
        value: curves.curve("value", 6, VALUE_MAX)?,
        hops,
        matches: curves.curve("matches", 0, 1e9)?,
    })
}

/// A model's weight. Without points it may be nameless; with points a name and a least probability must be there.
fn model(top: &Section<'_>) -> Result<Option<ModelWeight>, ProfileError> {
    let model = top.section("model", &["name", "points", "from"])?;
    let points = model.points("points")?;
    if points == 0 && !model.has("name") && !model.has("from") {
        return Ok(None);
    }
    let (name, from_ppm) = (model.word("name")?, model.percent("from")?);
    Ok(Some(ModelWeight { name, points, from_ppm }))
}

fn services(top: &Section<'_>) -> Result<Services, ProfileError> {
    let services = top.section("services", &["categories", "nearness", "patterns"])?;
    let (names, span) = services.list("categories", N_CATEGORIES)?;
    let mut categories = 0;
    for name in names {
        let known = name.get_ref().as_str().and_then(Category::from_name);
        let category = known.ok_or_else(|| {
            services.error(span.clone(), "expected names of categories, as in [categories]")
        })?;
        categories |= 1 << category.index();
    }
    let (nearness, patterns) = (services.percent("nearness")?, services.percent("patterns")?);
    Ok(Services { categories, nearness, patterns })
}

fn categories(top: &Section<'_>) -> Result<[CategoryPoints; N_CATEGORIES], ProfileError> {
    let names: Vec<&str> = Category::all().map(Category::name).collect();
    let all = top.section("categories", &names)?;
    let mut points = [CategoryPoints::default(); N_CATEGORIES];
    for category in Category::all() {
        let keys = ["held", "received", "sent", "near_received", "near_sent"];
        let one = all.section(category.name(), &keys)?;
        points[category.index()] = CategoryPoints {
            held: one.points("held")?,
            exposure: [one.points("received")?, one.points("sent")?],
            near: [one.points("near_received")?, one.points("near_sent")?],
        };
    }
    Ok(points)
}

fn pattern_points(
    top: &Section<'_>,
    patterns: &[(u8, &str)],
) -> Result<BTreeMap<u8, (String, i64)>, ProfileError> {
    let names: Vec<&str> = patterns.iter().map(|pattern| pattern.1).collect();
    let section = top.section("patterns", &names)?;
    let points =
        |&(number, name): &(u8, &str)| Ok((number, (name.to_owned(), section.points(name)?)));
    patterns.iter().map(points).collect()
}

fn bands(top: &Section<'_>) -> Result<Vec<Band>, ProfileError> {
    let (items, span) = top.list("bands", BANDS_MAX)?;
    let mut bands: Vec<Band> = Vec::new();
    for item in items {
        let one = top.reader.section("bands", item, &["name", "from"])?;
        let band = Band { name: one.word("name")?, from: one.number("from", 3, 0.0, 100.0)? };
        let ascends = bands.last().map_or(band.from == 0, |last| band.from > last.from);
        if !ascends || bands.iter().any(|other| other.name == band.name) {
            let what = "bands begin at 0, ascend, and have a name each";
            return Err(top.error(item.span(), what));
        }
        bands.push(band);
    }
    match bands.is_empty() {
        true => Err(top.error(span, "bands are empty")),
        false => Ok(bands),
    }
}

#[derive(Clone, Copy)]
struct Reader<'t> {
    text: &'t str,
}

/// A table of the text, by its name.
struct Section<'t> {
    reader: Reader<'t>,
    table: &'t DeTable<'t>,
    span: Range<usize>,
    name: &'t str,
}

impl<'t> Reader<'t> {
    fn error(&self, span: Range<usize>, what: String, hint: Option<String>) -> ProfileError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        ProfileError { line, column, what, hint }
    }

    fn section(
        self,
        name: &'t str,
        value: &'t Spanned<DeValue<'t>>,
        known: &[&str],
    ) -> Result<Section<'t>, ProfileError> {
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.kind(name, value, "a table"));
        };
        let section = Section { reader: self, table, span: value.span(), name };
        section.only(known)?;
        Ok(section)
    }

    fn kind(&self, name: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> ProfileError {
        let found = value.get_ref().type_str();
        self.error(value.span(), format!("{name} is {found}, expected {expected}"), None)
    }

    /// A number as a whole number of `10^-decimals`.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
    fn number(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        decimals: i32,
        range: (f64, f64),
    ) -> Result<i64, ProfileError> {
        let number = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<f64>().ok(),
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            _ => return Err(self.kind(name, value, "a number")),
        };
        let (min, max) = range;
        let scaled = number.map_or(f64::NAN, |number| number * 10_f64.powi(decimals));
        let inside = number.is_some_and(|number| (min..=max).contains(&number));
        // A decimal text is the nearest double, off by parts of 2^-53.
        let exact = (scaled - scaled.round()).abs() <= 1e-9 * scaled.abs().max(1.0);
        if inside && exact {
            return Ok(scaled.round() as i64);
        }
        let digits = match decimals {
            0 => "a whole number".to_owned(),
            _ => format!("a number with up to {decimals} decimals"),
        };
        let what = format!("{name} is out of its range: {digits} from {min} to {max}");
        Err(self.error(value.span(), what, None))
    }

    fn percent(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<i64, ProfileError> {
        self.number(name, value, 4, (0.0, 100.0))
    }
}

impl<'t> Section<'t> {
    fn error(&self, span: Range<usize>, what: &str) -> ProfileError {
        self.reader.error(span, what.to_owned(), None)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Refuses keys that are not known.
    fn only(&self, known: &[&str]) -> Result<(), ProfileError> {
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        let Some(key) = keys.into_iter().find(|key| !known.contains(&key.get_ref().as_ref()))
        else {
            return Ok(());
        };
        let what = format!("unknown key {:?}", self.path(key.get_ref()));
        Err(self.reader.error(key.span(), what, near(key.get_ref(), known)))
    }

    fn get(&self, key: &str) -> Result<&'t Spanned<DeValue<'t>>, ProfileError> {
        self.table.get(key).ok_or_else(|| {
            let hint = "every key must stand in a profile; copy it from the default one";
            let what = format!("key {:?} is missing", self.path(key));
            self.reader.error(self.span.clone(), what, Some(hint.to_owned()))
        })
    }

    fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn section(&self, key: &'t str, known: &[&str]) -> Result<Section<'t>, ProfileError> {
        self.reader.section(key, self.get(key)?, known)
    }

    fn list(
        &self,
        key: &str,
        n_max: usize,
    ) -> Result<(&'t [Spanned<DeValue<'t>>], Range<usize>), ProfileError> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.reader.kind(&self.path(key), value, "a list"));
        };
        if items.len() > n_max {
            let what = format!("{} has more than {n_max} items", self.path(key));
            return Err(self.reader.error(value.span(), what, None));
        }
        Ok((items, value.span()))
    }

    fn number(&self, key: &str, decimals: i32, min: f64, max: f64) -> Result<i64, ProfileError> {
        self.reader.number(&self.path(key), self.get(key)?, decimals, (min, max))
    }

    fn percent(&self, key: &str) -> Result<i64, ProfileError> {
        self.reader.percent(&self.path(key), self.get(key)?)
    }

    /// Points, in thousandths.
    fn points(&self, key: &str) -> Result<i64, ProfileError> {
        self.number(key, 3, -100.0, 100.0)
    }

    fn whole(&self, key: &str, min: i64, max: i64) -> Result<i64, ProfileError> {
        let value = self.get(key)?;
        let Some(number) = value.get_ref().as_integer().filter(|number| number.radix() == 10)
        else {
            return Err(self.reader.kind(&self.path(key), value, "a whole number"));
        };
        let number = number.as_str().parse::<i64>().ok();
        number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
            let what = format!("{} is not from {min} to {max}", self.path(key));
            self.reader.error(value.span(), what, None)
        })
    }

    /// A short word: it is shown in answers and stored with every score.
    fn word(&self, key: &str) -> Result<String, ProfileError> {
        let value = self.get(key)?;
        let Some(word) = value.get_ref().as_str() else {
            return Err(self.reader.kind(&self.path(key), value, "a text"));
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if word.is_empty() || word.len() > 64 || !word.chars().all(plain) {
            let what = format!("{} is not 1 to 64 letters, digits, - and _", self.path(key));
            return Err(self.reader.error(value.span(), what, None));
        }
        Ok(word.to_owned())
    }

    /// Points `[x, percent]`.
    fn curve(&self, key: &str, decimals: i32, x_max: f64) -> Result<Curve, ProfileError> {
        let (items, span) = self.list(key, CURVE_POINTS_MAX)?;
        let mut points: Vec<(i128, i64)> = Vec::new();
        for item in items {
            let pair = item.get_ref().as_array().filter(|pair| pair.len() == 2);
            let pair =
                pair.ok_or_else(|| self.reader.kind(&self.path(key), item, "pairs [x, percent]"))?;
            let x = self.reader.number(&self.path(key), &pair[0], decimals, (0.0, x_max))?;
            let y = self.reader.percent(&self.path(key), &pair[1])?;
            if points.last().is_some_and(|last| last.0 >= x.into() || last.1 > y) {
                let what =
                    "a curve's x ascends and its percent never falls: more is never worth less";
                return Err(self.error(item.span(), what));
            }
            points.push((x.into(), y));
        }
        if points.first() != Some(&(0, 0)) {
            return Err(self.error(span, "a curve begins at [0, 0]: nothing is worth nothing"));
        }
        debug_assert!(points.iter().all(|point| (0..=PPM).contains(&point.1)));
        Ok(Curve { points })
    }
}

/// `did you mean …?` for the nearest of the words, if one is near.
fn near(word: &str, known: &[&str]) -> Option<String> {
    // A hostile key may be long: no distance is worth more than a glance at its length.
    let best = known.iter().filter(|other| word.len().abs_diff(other.len()) <= 4);
    let best = best.map(|other| (distance(word, other), *other)).min()?;
    (best.0 <= 1 + word.len() / 3).then(|| format!("did you mean {:?}?", best.1))
}

/// The least insertions, deletions and replacements between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, left) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, right) in b.iter().enumerate() {
            let replaced = corner + usize::from(left != *right);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}
