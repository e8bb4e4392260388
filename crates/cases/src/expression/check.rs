//! A tree to a typed expression: names are known, units fit, or the fault says where and what was meant.

use ledger::{Category, FlowSide};

use super::lex::{Span, did_you_mean};
use super::parse::{Joint, Kind, Node};
use super::vocabulary::{Vocabulary, fact_helps};
use super::{About, Claim, Expr, Fault, Literal, Measure, Of, Term, Unit, Via, constant};

/// Longest text and most items of a list, and longest window of a pattern.
const TEXT_MAX: usize = 200;
const ITEMS_MAX: usize = 64;

/// No literal is larger, in smallest units: sums and products of a few stay within 128 bits.
const LITERAL_MAX: i128 = 1_000_000_000_000_000_000_000_000;

pub(super) struct Checker<'a> {
    pub(super) about: About,
    pub(super) vocabulary: &'a Vocabulary,
    /// The text, where it was read before: what is wrong with it now is kept, not refused, and what says the same of
    /// everybody may go on saying it.
    pub(super) stored: Option<&'a str>,
}

impl Checker<'_> {
    /// What holds or does not.
    pub(super) fn condition(&self, node: &Node) -> Result<Expr, Fault> {
        match (self.checked(node), self.stored) {
            (Err(fault), Some(text)) => {
                let text = balanced(text, node.span).to_owned();
                Ok(Expr::Unreadable { text, why: fault.what })
            }
            (checked, _) => checked,
        }
    }

    fn checked(&self, node: &Node) -> Result<Expr, Fault> {
        match &node.kind {
            Kind::Not(inner) => Ok(Expr::Not(Box::new(self.condition(inner)?))),
            Kind::Both(Joint::Or, left, right) => {
                let mut any = Vec::new();
                for side in [left, right] {
                    match self.condition(side)? {
                        Expr::Any(inner) => any.extend(inner),
                        other => any.push(other),
                    }
                }
                Ok(Expr::Any(any))
            }
            Kind::Both(Joint::And, left, right) => {
                let mut all = Vec::new();
                for side in [left, right] {
                    match self.condition(side)? {
                        Expr::All(inner) => all.extend(inner),
                        other => all.push(other),
                    }
                }
                Ok(Expr::All(all))
            }
            Kind::Both(Joint::Compare(comparison), left, right) => {
                let comparison = *comparison;
                let (left, right) = self.same_unit(node.span, left, right)?;
                let says_nothing = constant::says_nothing(comparison, &left, &right);
                if let Some(hint) = says_nothing.filter(|_| self.stored.is_none()) {
                    return Err(
                        Fault::at(node.span, "this says the same of everybody").hinted(hint)
                    );
                }
                Ok(Expr::Compare { comparison, left, right })
            }
            Kind::Both(Joint::In, left, right) => self.membership(left, right),
            Kind::Word(word) => self.claim_word(word, node.span),
            Kind::Call(word, arguments) if matches!(word.as_str(), "list" | "tag") => {
                let texts = self.texts(word, arguments, node.span)?;
                Ok(Expr::Claim(if word == "list" { Claim::List(texts) } else { Claim::Tag(texts) }))
            }
            _ => {
                let what = match self.term(node) {
                    Ok((_, unit)) => format!("this is a number ({}), not a condition", unit.name()),
                    Err(fault) => return Err(fault),
                };
                Err(Fault::at(node.span, what).hinted("compare it: `… >= …`"))
            }
        }
    }

    fn claim_word(&self, word: &str, span: Span) -> Result<Expr, Fault> {
        let claim = match word {
            "listed" => Claim::Listed,
            "monitored" => Claim::Monitored,
            "mixing" => Claim::Mixing,
            "category" => {
                return Err(Fault::at(span, "`category` alone is no condition")
                    .hinted("write `category in [mixing, gambling]`"));
            }
            _ => {
                let unit = match self.measure_word(word, span)? {
                    Some(measure) => measure.unit(),
                    None => return Err(self.unknown(word, span)),
                };
                let what = format!("`{word}` is a number ({}), not a condition", unit.name());
                return Err(Fault::at(span, what).hinted(format!("compare it: `{word} >= …`")));
            }
        };
        self.about_payments(word, span)?;
        Ok(Expr::Claim(claim))
    }

    fn membership(&self, left: &Node, right: &Node) -> Result<Expr, Fault> {
        let Kind::List(items) = &right.kind else {
            return Err(Fault::at(right.span, "`in` needs a list").hinted("write `in [a, b]`"));
        };
        let Kind::Word(word) = &left.kind else {
            return Err(Fault::at(
                left.span,
                "only `category`, `tag` and `list` can be `in` a list",
            ));
        };
        match word.as_str() {
            "category" => {
                let categories = self.category_list(items, right.span)?;
                Ok(Expr::Claim(Claim::Category(categories)))
            }
            "tag" => Ok(Expr::Claim(Claim::Tag(self.texts(word, items, right.span)?))),
            "list" => Ok(Expr::Claim(Claim::List(self.texts(word, items, right.span)?))),
            _ => Err(Fault::at(left.span, "only `category`, `tag` and `list` can be `in` a list")
                .hinted("compare numbers by `>=` and `<=`")),
        }
    }

    fn category_list(&self, items: &[Node], span: Span) -> Result<Vec<Category>, Fault> {
        bounded(items, span)?;
        let mut categories = Vec::new();
        for item in items {
            let category = category(item)?;
            if !categories.contains(&category) {
                categories.push(category);
            }
        }
        Ok(categories)
    }

    fn texts(&self, word: &str, items: &[Node], span: Span) -> Result<Vec<String>, Fault> {
        bounded(items, span)?;
        let mut texts = Vec::new();
        for item in items {
            let text = text(item, word)?;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        Ok(texts)
    }

    /// Two terms of one unit, or the fault that they are not.
    fn same_unit(&self, span: Span, left: &Node, right: &Node) -> Result<(Term, Term), Fault> {
        let ((a, unit_a), (b, unit_b)) = (self.term(left)?, self.term(right)?);
        match unified(&a, unit_a, &b, unit_b) {
            Some(_) => Ok((a, b)),
            None => Err(mismatch(span, unit_a, unit_b, self.vocabulary)),
        }
    }

    /// What has a number, with its unit.
    fn term(&self, node: &Node) -> Result<(Term, Unit), Fault> {
        match &node.kind {
            Kind::Number { digits, unit, negative } => {
                let literal = self.literal(digits, unit.as_deref(), *negative, node.span)?;
                Ok((Term::Literal(literal), literal.unit))
            }
            Kind::Word(word) => match self.measure_word(word, node.span)? {
                Some(measure) => Ok((Term::Measure(measure), measure.unit())),
                None => Err(self.no_number(word, node.span)),
            },
            Kind::Call(word, arguments) => {
                let measure = self.measure_call(word, arguments, node.span)?;
                Ok((Term::Measure(measure), measure.unit()))
            }
            Kind::Both(joint @ (Joint::Sum | Joint::Difference), left, right) => {
                let ((a, unit_a), (b, unit_b)) = (self.term(left)?, self.term(right)?);
                let unit = unified(&a, unit_a, &b, unit_b)
                    .ok_or_else(|| mismatch(node.span, unit_a, unit_b, self.vocabulary))?;
                let (a, b) = (Box::new(a), Box::new(b));
                let term =
                    if *joint == Joint::Sum { Term::Sum(a, b) } else { Term::Difference(a, b) };
                Ok((term, unit))
            }
            Kind::Both(Joint::Product, left, right) => {
                let ((a, unit_a), (b, unit_b)) = (self.term(left)?, self.term(right)?);
                let unit = match (unit_a, unit_b) {
                    (Unit::Number, unit) | (unit, Unit::Number) => unit,
                    (Unit::Share, unit) | (unit, Unit::Share) => unit,
                    _ => {
                        let what = format!("{} times {}", unit_a.name(), unit_b.name());
                        return Err(Fault::at(node.span, format!("{what} has no meaning"))
                            .hinted("multiply by a bare number or by a share"));
                    }
                };
                Ok((Term::Product(Box::new(a), Box::new(b)), unit))
            }
            Kind::Text(_) => Err(Fault::at(node.span, "a text where a number should stand")),
            Kind::List(_) => Err(Fault::at(node.span, "a list where a number should stand")
                .hinted("a list follows `in`")),
            Kind::Not(_) | Kind::Both(..) => {
                Err(Fault::at(node.span, "a condition where a number should stand"))
            }
        }
    }

    fn no_number(&self, word: &str, span: Span) -> Fault {
        match fact_helps().iter().find(|fact| fact.name == word) {
            Some(fact) => Fault::at(span, format!("`{word}` has no number"))
                .hinted(format!("write `{}`", fact.form)),
            None => self.unknown(word, span),
        }
    }

    fn unknown(&self, word: &str, span: Span) -> Fault {
        // The name alone is marked, not its arguments.
        let span = Span { start: span.start, end: span.start + word.len() };
        let fault = Fault::at(span, format!("there is no fact `{word}`"));
        let names = fact_helps().iter().map(|fact| fact.name);
        match did_you_mean(word, names) {
            Some(hint) => fault.hinted(hint),
            None => fault.hinted("facts are listed in docs/methods/rules.md"),
        }
    }

    fn about_payments(&self, word: &str, span: Span) -> Result<(), Fault> {
        let of_payment = fact_helps().iter().any(|fact| fact.name == word && fact.payment);
        match of_payment && self.about == About::Cluster {
            false => Ok(()),
            true => Err(Fault::at(span, format!("`{word}` is known of payments only"))
                .hinted("set `subject = \"monitored\"` or `subject = \"transaction\"`")),
        }
    }

    fn measure_word(&self, word: &str, span: Span) -> Result<Option<Measure>, Fault> {
        let measure = match word {
            "score" => Measure::Score,
            "size" => Measure::Size,
            "age" => Measure::Age,
            "amount" => Measure::Amount,
            "amount_value" => Measure::AmountValue,
            "payment_score" => Measure::PaymentScore,
            _ => return Ok(None),
        };
        self.about_payments(word, span)?;
        Ok(Some(measure))
    }

    fn measure_call(&self, word: &str, arguments: &[Node], span: Span) -> Result<Measure, Fault> {
        let form = fact_helps().iter().find(|fact| fact.name == word);
        let Some(form) = form else { return Err(self.unknown(word, span)) };
        let wrong = || {
            let what = format!("`{word}` with {} arguments", arguments.len());
            Fault::at(span, what).hinted(format!("write `{}`", form.form))
        };
        let exposure = |of| match arguments {
            [a, b] => {
                Ok(Measure::Exposure { side: side(a)?, category: category(b)?, via: Via::Any, of })
            }
            [a, b, c] => {
                let (side, category) = (side(a)?, category(b)?);
                Ok(Measure::Exposure { side, category, via: via(c)?, of })
            }
            _ => Err(wrong()),
        };
        match (word, arguments) {
            ("hops" | "hops_contracted", [a, b]) => {
                let contracted = word == "hops_contracted";
                let (side, known) = (side(a)?, category(b)?);
                if !known.is_party() && self.stored.is_none() {
                    let what = format!("no party is of the category `{known}`, so none is near");
                    return Err(Fault::at(b.span, what)
                        .hinted(format!("ask for its part: `share({}, {known})`", side.name())));
                }
                Ok(Measure::Hops { side, category: known, contracted })
            }
            ("exposure", _) => exposure(Of::Amount),
            ("value", _) => exposure(Of::Value),
            ("share", _) => exposure(Of::Share),
            ("total", [a]) => Ok(Measure::Total { side: side(a)?, value: false }),
            ("total_value", [a]) => Ok(Measure::Total { side: side(a)?, value: true }),
            ("mixed", [a]) => Ok(Measure::Mixed { side: side(a)? }),
            ("pattern", [a]) => self.pattern(a, None),
            ("pattern", [a, b]) => self.pattern(a, Some(b)),
            _ => Err(wrong()),
        }
    }

    fn pattern(&self, name: &Node, within: Option<&Node>) -> Result<Measure, Fault> {
        let written = text(name, "pattern")?;
        let known = self.vocabulary.patterns.iter().find(|(_, known)| *known == written);
        let Some((number, known)) = known else {
            let fault = Fault::at(name.span, format!("there is no pattern \"{written}\""));
            let names = || self.vocabulary.patterns.iter().map(|(_, name)| *name);
            let all = || format!("patterns: {}", names().collect::<Vec<_>>().join(", "));
            return Err(fault.hinted(did_you_mean(&written, names()).unwrap_or_else(all)));
        };
        let within_s = match within {
            None => None,
            Some(node) => match self.term(node)? {
                (Term::Literal(Literal { n, unit: Unit::Duration }), _) if n > 0 => {
                    let seconds = u32::try_from(n);
                    Some(seconds.map_err(|_| Fault::at(node.span, "longer than 136 years"))?)
                }
                _ => return Err(Fault::at(node.span, "no length of time").hinted("write `30 d`")),
            },
        };
        Ok(Measure::Pattern { number: *number, name: known, within_s })
    }

    fn literal(
        &self,
        digits: &str,
        unit: Option<&str>,
        negative: bool,
        span: Span,
    ) -> Result<Literal, Fault> {
        let (unit, scale) = match unit {
            None => (Unit::Number, Unit::Number.scale()),
            Some("%") => (Unit::Share, Unit::Share.scale() / 100),
            Some("s") => (Unit::Duration, 1),
            Some("min") => (Unit::Duration, 60),
            Some("h") => (Unit::Duration, 3_600),
            Some("d") => (Unit::Duration, 86_400),
            Some("sat") if self.vocabulary.asset == "BTC" => (Unit::Coins, 1),
            Some(word) if word == self.vocabulary.asset => (Unit::Coins, Unit::Coins.scale()),
            Some(word) if word == self.vocabulary.currency => (Unit::Money, Unit::Money.scale()),
            Some(word) => return Err(self.unknown_unit(word, span)),
        };
        let n = scaled(digits, scale).map_err(|what| Fault::at(span, what))?;
        Ok(Literal { n: if negative { -n } else { n }, unit })
    }

    fn unknown_unit(&self, word: &str, span: Span) -> Fault {
        let (asset, currency) = (self.vocabulary.asset.as_str(), self.vocabulary.currency.as_str());
        let fault = Fault::at(span, format!("`{word}` is no unit here"));
        let units = ["s", "min", "h", "d", "sat", asset, currency];
        // A currency is no misspelling of another: three letters are near to all of them.
        let is_currency = word.len() == 3 && word.chars().all(|c| c.is_ascii_uppercase());
        match did_you_mean(word, units).filter(|_| !is_currency) {
            Some(hint) => fault.hinted(hint),
            None => fault.hinted(format!(
                "amounts are in {asset} or sat, values in {currency}, times in s, min, h or d"
            )),
        }
    }
}

fn bounded(items: &[Node], span: Span) -> Result<(), Fault> {
    match items.len() {
        0 => Err(Fault::at(span, "an empty list").hinted("name at least one")),
        n if n > ITEMS_MAX => Err(Fault::at(span, format!("{n} items; {ITEMS_MAX} are the most"))),
        _ => Ok(()),
    }
}

/// The text of a node with the brackets around its first and last part: spans leave them out.
fn balanced(text: &str, span: Span) -> &str {
    let (mut start, mut end) = (span.start, span.end);
    loop {
        let (mut depth, mut least, mut quote) = (0_i32, 0_i32, None);
        for c in text[start..end].chars() {
            match (quote, c) {
                (Some(open), c) if open == c => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            least = least.min(depth);
        }
        match (least < 0, depth > 0) {
            (true, _) => match text[..start].rfind('(') {
                Some(at) => start = at,
                None => return &text[start..end],
            },
            (false, true) => match text[end..].find(')') {
                Some(at) => end += at + 1,
                None => return &text[start..end],
            },
            (false, false) => return &text[start..end],
        }
    }
}

/// The unit that both have, where a bare number fits what is counted and a bare zero fits everything.
fn unified(a: &Term, unit_a: Unit, b: &Term, unit_b: Unit) -> Option<Unit> {
    let is_zero = |term: &Term| matches!(term, Term::Literal(Literal { n: 0, unit: Unit::Number }));
    match (unit_a, unit_b) {
        (a, b) if a == b => Some(a),
        (Unit::Number, b) if b.is_plain() => Some(b),
        (a, Unit::Number) if a.is_plain() => Some(a),
        (_, b) if is_zero(a) => Some(b),
        (a, _) if is_zero(b) => Some(a),
        _ => None,
    }
}

fn mismatch(span: Span, a: Unit, b: Unit, vocabulary: &Vocabulary) -> Fault {
    let fault =
        Fault::at(span, format!("{} and {} cannot be compared or added", a.name(), b.name()));
    let other = match (a, b) {
        (Unit::Number, other) | (other, Unit::Number) => other,
        _ => return fault,
    };
    match other {
        Unit::Share => fault.hinted("write a share as `20 %`"),
        Unit::Coins => fault.hinted(format!("write coins as `0.5 {}`", vocabulary.asset)),
        Unit::Money => fault.hinted(format!("write money as `10_000 {}`", vocabulary.currency)),
        Unit::Duration => fault.hinted("write a time as `30 d`"),
        _ => fault,
    }
}

fn word(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Word(word) => Some(word),
        _ => None,
    }
}

fn side(node: &Node) -> Result<FlowSide, Fault> {
    let found = FlowSide::BOTH.into_iter().find(|side| Some(side.name()) == word(node));
    found.ok_or_else(|| {
        Fault::at(node.span, "not a side of the flow").hinted("write `received` or `sent`")
    })
}

fn via(node: &Node) -> Result<Via, Fault> {
    match word(node) {
        Some("direct") => Ok(Via::Direct),
        Some("indirect") => Ok(Via::Indirect),
        _ => Err(Fault::at(node.span, "not a way").hinted("write `direct` or `indirect`")),
    }
}

fn category(node: &Node) -> Result<Category, Fault> {
    let names = || ledger::CATEGORIES.iter().map(|row| row.name);
    let all = || format!("categories: {}", names().collect::<Vec<_>>().join(", "));
    match word(node) {
        None => {
            let what = "a category is a word without quotes";
            Err(Fault::at(node.span, what).hinted(all()))
        }
        Some(name) => Category::from_name(name).ok_or_else(|| {
            Fault::at(node.span, format!("there is no category `{name}`"))
                .hinted(did_you_mean(name, names()).unwrap_or_else(all))
        }),
    }
}

fn text(node: &Node, of: &str) -> Result<String, Fault> {
    match &node.kind {
        Kind::Text(text) if text.trim().is_empty() => Err(Fault::at(node.span, "an empty text")),
        Kind::Text(text) if text.len() > TEXT_MAX => {
            Err(Fault::at(node.span, format!("more than {TEXT_MAX} bytes")))
        }
        Kind::Text(text) if text.contains(['"', '\'']) || text.chars().any(char::is_control) => {
            Err(Fault::at(node.span, "quotes and control characters inside of a text"))
        }
        Kind::Text(text) => Ok(text.clone()),
        _ => Err(Fault::at(node.span, format!("`{of}` needs a text"))
            .hinted(format!("write `{of}(\"…\")`"))),
    }
}

/// Digits with at most one point as whole smallest units.
fn scaled(digits: &str, scale: i128) -> Result<i128, String> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let too_large = || format!("{digits} is too large");
    let whole: i128 = whole.parse().map_err(|_| too_large())?;
    let part = part.trim_end_matches('0');
    let decimals = u32::try_from(part.len()).map_err(|_| too_large())?;
    let divisor = 10_i128.checked_pow(decimals).ok_or_else(|| format!("{digits} is too fine"))?;
    let part: i128 = if part.is_empty() { 0 } else { part.parse().map_err(|_| too_large())? };
    let scaled_part = part.checked_mul(scale).ok_or_else(|| format!("{digits} is too fine"))?;
    if scaled_part % divisor != 0 {
        return Err(format!("{digits} is finer than the smallest unit"));
    }
    let n = whole.checked_mul(scale).and_then(|n| n.checked_add(scaled_part / divisor));
    n.filter(|n| *n <= LITERAL_MAX).ok_or_else(too_large)
}
