//! The one error of the crate: input that does not describe a graph.
//!
//! Arrays come from mapped files, so they are outside bytes: a constructor checks what its methods rely on and
//! names the first place that is wrong. A search has no errors of its own; "no path" is an answer.

use thiserror::Error;

/// Input that does not describe a graph; carries the first place that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A CSR has no offsets at all; even an empty one has the offset 0.
    #[error("offsets are empty, expected one more than there are rows")]
    OffsetsEmpty,
    /// The first offset of a CSR is not 0.
    #[error("offsets start at {first}, expected 0")]
    OffsetsStart {
        /// The first offset.
        first: u64,
    },
    /// A row ends before it starts.
    #[error("offsets of row {row} run backwards, from {start} to {end}")]
    OffsetsNotMonotone {
        /// The row.
        row: usize,
        /// Its start.
        start: u64,
        /// Its end.
        end: u64,
    },
    /// The last offset is not the number of items.
    #[error("offsets end at {last}, but there are {n_items} items")]
    OffsetsEnd {
        /// The last offset.
        last: u64,
        /// The number of items.
        n_items: usize,
    },
    /// Two arrays that belong together differ in length.
    #[error("{what} has {found} elements, expected {expected}")]
    Length {
        /// Which array.
        what: &'static str,
        /// The length of the array it belongs to.
        expected: usize,
        /// Its own length.
        found: usize,
    },
    /// More elements than a `u32` id can name.
    #[error("{what} has {found} elements, more than a 32-bit id can name")]
    TooMany {
        /// Which array.
        what: &'static str,
        /// Its length.
        found: usize,
    },
    /// An element names something that does not exist.
    #[error("element {index} of {what} is {found}, expected a number below {limit}")]
    OutOfRange {
        /// Which array.
        what: &'static str,
        /// Where in the array.
        index: usize,
        /// The element.
        found: u32,
        /// One more than the largest number allowed.
        limit: u32,
    },
    /// The edges are not sorted by time.
    #[error("edge {edge} has time {time}, but the edge before it has {previous}")]
    TimeOrder {
        /// The later edge.
        edge: usize,
        /// Its time.
        time: u32,
        /// The time of the edge before it.
        previous: u32,
    },
    /// An edge leads from a junction to a junction.
    #[error("edge {edge} joins the junctions {source_node} and {target_node}")]
    JunctionPair {
        /// The edge.
        edge: usize,
        /// Its source.
        source_node: u32,
        /// Its target.
        target_node: u32,
    },
    /// A row of a graph's index holds the edge of another node, or is out of order.
    #[error("the row of node {node} holds edge {edge}, which is out of order or of another node")]
    Row {
        /// The node.
        node: u32,
        /// The edge id found in its row.
        edge: u32,
    },
    /// The weights of the edges between two nodes do not fit the column.
    #[error(
        "the weights of the edges from {source_node} to {target_node} add up to more than 2^64 - 1"
    )]
    WeightOverflow {
        /// Where the edges start.
        source_node: u32,
        /// Where they end.
        target_node: u32,
    },
    /// A file of a graph snapshot is not what it should be.
    #[error("graph snapshot, file {file}: {what} is {found}, expected {expected}")]
    Snapshot {
        /// Which of the files.
        file: &'static str,
        /// What of it.
        what: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A column of a graph snapshot does not hold what it should.
    #[error("graph snapshot, file {file}, column {column}: {source}")]
    SnapshotColumn {
        /// Which of the files.
        file: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        source: Box<GraphError>,
    },
    /// A batch does not come after the height reached, or a height below the base was asked for.
    #[error("height {found} cannot follow height {last}")]
    Height {
        /// The height reached.
        last: u64,
        /// The height given.
        found: u64,
    },
    /// A component label is not the smallest member of its component.
    #[error("label {label} of node {node} is not the smallest member of a component")]
    Label {
        /// The node.
        node: u32,
        /// Its label.
        label: u32,
    },
    /// A batch does not follow the batch before it.
    #[error("batch starts at edge {found}, expected edge {expected}")]
    BatchOrder {
        /// Where the batch had to start.
        expected: u32,
        /// Where it starts.
        found: u32,
    },
    /// A link does not have the ends with which it was applied, or leads out of the component it is said to be in.
    #[error("link {link} between {a} and {b} does not fit the components")]
    LinkEnds {
        /// The link.
        link: u32,
        /// One end.
        a: u32,
        /// The other end.
        b: u32,
    },
    /// A height comes before one that is applied already, or before those that can be unwound.
    #[error("height {found} is below {expected}")]
    HeightOrder {
        /// The lowest height possible.
        expected: u64,
        /// The height asked for.
        found: u64,
    },
    /// A batch shrinks the graph.
    #[error("batch has {found} {what}, fewer than the {expected} before it")]
    Shrunk {
        /// Which kind of node.
        what: &'static str,
        /// How many there were.
        expected: u32,
        /// How many there are now.
        found: u32,
    },
    /// A restored state is continued in the middle of its last time.
    #[error("batch continues time {time}, whose first edges the restored state no longer holds")]
    TimeSplit {
        /// The time on both sides of the cut.
        time: u32,
    },
    /// An option or a parameter is out of its range.
    #[error("{what} is {found}, expected {expected}")]
    Argument {
        /// Which one.
        what: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A column of hops does not belong to the rows beside it.
    #[error(
        "node {node} is said to be {hops} hops from a source, but no neighbor is one hop nearer"
    )]
    Hops {
        /// The node.
        node: u32,
        /// Its hops.
        hops: u8,
    },
    /// A stored chain of labels leads nowhere or in a circle.
    #[error("label {label} of node {node} is corrupt")]
    Chain {
        /// The node whose path was asked for.
        node: u32,
        /// The label at which the chain breaks.
        label: u32,
    },
}

impl GraphError {
    /// What the caller can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::TimeOrder { .. } => "sort the edges by time before indexing them",
            Self::JunctionPair { .. } => "give every junction main nodes on both sides",
            Self::TooMany { .. } => "split the graph: ids are 32 bits wide by design",
            Self::BatchOrder { .. } | Self::Shrunk { .. } => {
                "pass batches in order and without gaps, with node counts that only grow"
            }
            Self::WeightOverflow { .. } => "give weights in a larger unit",
            Self::Height { .. } => "pass heights in order; what was compacted cannot be unwound",
            Self::TimeSplit { .. } => "cut batches between two times when the state is stored",
            Self::LinkEnds { .. } => "pass the links as they were applied",
            Self::HeightOrder { .. } => {
                "unwind first; where that is no longer possible, remove the links"
            }
            Self::Argument { .. } => "pass a value in the range that the message names",
            Self::Hops { .. } => {
                "pass the rows, the direction and the flags that the hops were found with"
            }
            _ => "the arrays come from a damaged or foreign file: rebuild the snapshot",
        };
        Some(hint.to_owned())
    }
}

/// Refuses an array whose length differs from the one it belongs to.
pub(crate) fn same_length(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), GraphError> {
    if found == expected { Ok(()) } else { Err(GraphError::Length { what, expected, found }) }
}
