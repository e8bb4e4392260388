//! A set of nodes as one bit a node: small enough to stay in the cache where a column of hops does not.

/// How many words hold `n_nodes` bits.
pub(crate) fn words(n_nodes: u32) -> usize {
    n_nodes.div_ceil(u64::BITS) as usize
}

/// The word of a node.
pub(crate) fn word(node: u32) -> usize {
    (node / u64::BITS) as usize
}

/// The bit of a node in its word.
pub(crate) fn bit(node: u32) -> u64 {
    1 << (node % u64::BITS)
}

/// Whether the set holds `node`.
pub(crate) fn holds(set: &[u64], node: u32) -> bool {
    set[word(node)] & bit(node) != 0
}

/// Adds `node`; true if it is new.
pub(crate) fn insert(set: &mut [u64], node: u32) -> bool {
    let (word, bit) = (&mut set[word(node)], bit(node));
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

/// Takes `node` away; true if it was there.
pub(crate) fn remove(set: &mut [u64], node: u32) -> bool {
    let (word, bit) = (&mut set[word(node)], bit(node));
    let was_there = *word & bit != 0;
    *word &= !bit;
    was_there
}

/// The nodes of one word, ascending; `first` is the node of its lowest bit.
pub(crate) fn nodes_of(first: u32, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(first + place)
    })
}

/// All nodes of a set, ascending.
pub(crate) fn nodes(set: &[u64]) -> impl Iterator<Item = u32> {
    (0u32..).step_by(u64::BITS as usize).zip(set).flat_map(|(first, &word)| nodes_of(first, word))
}
