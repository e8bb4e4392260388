//! Connected components: all at once, link by link, from many threads, and with the way back.
//!
//! A label is always the smallest member of its component, so it is a property of the links alone: not of their
//! order, of threads, or of the pieces they came in. Every structure here links the larger root to the smaller,
//! so that a search ends at the label at any time, compressed or not; there is no state in which it would be wrong.

mod afforest;
mod concurrent;
mod edges;
mod forest;
mod incremental;
mod prefetch;
mod reversible;
mod sieve;
mod tracked;

pub use afforest::connected_components;
pub use concurrent::ConcurrentComponents;
pub use edges::connected_components_of_edges;
pub use incremental::{Components, Members, components};
pub use reversible::ReversibleComponents;
pub use tracked::{ProposedUnion, TrackedComponents};
