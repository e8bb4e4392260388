//! Ownership as one resident state: links, clusters, cluster edges, block by block.
