//! Numbers in files, bit by bit: as the shortest decimal that reads back the same.
//!
//! Not as JSON numbers: those cannot hold NaN, and the JSON reader of this workspace may miss the last bit.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    format!("{value:?}").serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no number")))
}

/// The same for a list.
pub(super) mod list {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer};

    pub(in crate::features) fn serialize<S: Serializer>(
        values: &[f64],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().serialize(to)
    }

    pub(in crate::features) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<f64>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let number = |text: String| {
            text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no number")))
        };
        texts.into_iter().map(number).collect()
    }
}
