//! Probabilistic entity resolution: suggested links.
