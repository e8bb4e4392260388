//! What is asked for beside the rows: in the request's `parameters`, or in its query.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::Fault;

/// Reasons a row where nobody says how many.
const REASONS_DEFAULT: usize = 3;
/// Reasons a row, at most.
const REASONS_MAX: usize = 100;

/// What is asked for beside the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    explain: Option<bool>,
    reasons: Option<usize>,
}

impl Asked {
    /// The same with what the request's own parameters say, which count for more.
    pub(super) fn with(mut self, parameters: &Map<String, Value>) -> Result<Self, Fault> {
        for (name, value) in parameters {
            let wrong = |expected: &str| {
                Fault::malformed(format!("parameter {name:?} is {value}, expected {expected}"))
            };
            match name.as_str() {
                "explain" => {
                    self.explain = Some(value.as_bool().ok_or_else(|| wrong("true or false"))?);
                }
                "reasons" => {
                    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
                    self.reasons = Some(number.ok_or_else(|| wrong("a whole number"))?);
                }
                // Clients for data frames say how they made the tensors; it changes nothing here.
                "content_type" => {}
                _ => {
                    return Err(Fault::malformed(format!("no parameter is named {name:?}"))
                        .hinted("parameters are explain (true or false) and reasons (a number)"));
                }
            }
        }
        Ok(self)
    }

    /// The number of reasons a row; `None` where nothing is to be explained.
    pub(super) fn reasons(self) -> Result<Option<usize>, Fault> {
        let n = self.reasons.unwrap_or(REASONS_DEFAULT);
        match self.explain.unwrap_or(self.reasons.is_some()) {
            true if n > REASONS_MAX => Err(Fault::malformed(format!(
                "{n} reasons asked for, at most {REASONS_MAX} are given"
            ))),
            explain => Ok(explain.then_some(n)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use serde_json::json;

    use super::Asked;

    #[track_caller]
    fn check(query: Asked, parameters: serde_json::Value, expected: Result<Option<usize>, &str>) {
        let found = query.with(parameters.as_object().unwrap()).and_then(Asked::reasons);
        let found = found.map_err(|fault| fault.what);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn parameters_count_for_more_than_the_query_and_none_is_skipped() {
        let none = Asked::default();
        let five = Asked { explain: Some(true), reasons: Some(5) };
        check(none, json!({}), Ok(None));
        check(none, json!({ "explain": true }), Ok(Some(3)));
        check(none, json!({ "reasons": 2, "content_type": "pd" }), Ok(Some(2)));
        check(five, json!({ "reasons": 0 }), Ok(Some(0)));
        check(five, json!({ "explain": false }), Ok(None));
        check(
            none,
            json!({ "explain": 1 }),
            Err("parameter \"explain\" is 1, expected true or false"),
        );
        check(
            none,
            json!({ "reasons": -1 }),
            Err("parameter \"reasons\" is -1, expected a whole number"),
        );
        check(none, json!({ "exlpain": true }), Err("no parameter is named \"exlpain\""));
        check(none, json!({ "reasons": 101 }), Err("101 reasons asked for, at most 100 are given"));
    }
}
