//! One integration binary.
#![allow(clippy::unwrap_used, unreachable_pub)]
