//! Change: which output of a transaction went back to its sender.
