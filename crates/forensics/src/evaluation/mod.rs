//! How right ownership is, where the truth is known.
