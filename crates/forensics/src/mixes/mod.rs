//! Labels of mixing transactions by protocol, with lineage; link probabilities inside small mixes.
