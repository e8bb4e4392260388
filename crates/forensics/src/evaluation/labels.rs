//! Labels of transactions against the labels of the sets that they come in.
//!
//! In: a row a transaction: the set's label, whether it is left out of common-input ownership, the label found. Out: a
//! row a label of sets, with every label found in it: a confusion table.

use std::collections::BTreeMap;

/// What was found in the transactions of one label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelScore {
    /// Transactions of this label.
    pub transactions: u64,
    /// Those that make no common-input link.
    pub excluded: u64,
    /// Those that carry this label.
    pub right: u64,
    /// By label found, `None` for no label.
    pub found: BTreeMap<Option<String>, u64>,
}

/// A row a label, in order of the labels. A row without a true label (`None`) is a negative: no label is right.
pub fn label_scores<'l>(
    rows: impl IntoIterator<Item = (Option<&'l str>, bool, Option<&'l str>)>,
) -> BTreeMap<Option<String>, LabelScore> {
    let mut scores: BTreeMap<Option<String>, LabelScore> = BTreeMap::new();
    for (label, excluded, found) in rows {
        let score = scores.entry(label.map(str::to_owned)).or_default();
        score.transactions += 1;
        score.excluded += u64::from(excluded);
        score.right += u64::from(label == found);
        *score.found.entry(found.map(str::to_owned)).or_default() += 1;
    }
    scores
}
