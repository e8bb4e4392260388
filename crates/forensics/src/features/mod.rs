//! Behavioral features of clusters.
