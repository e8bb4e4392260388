//! SHA-256 for the two things that decoding hashes most: whole transactions and pairs of 32-byte nodes.
//!
//! Works on `sha2`'s compression function directly, which uses the processor's SHA instructions where it has them.
//! The streaming interfaces copy every input through a 64-byte buffer; here a transaction is one slice and the
//! padding of a node never changes, so there is nothing to buffer. Checked against the `bitcoin` crate (`tests`).

use bitcoin::hashes::{Hash, ripemd160};
use sha2::block_api::compress256;

const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The second block of every 64-byte message: padding and the length, 512 bits.
const PADDING_OF_64: [u8; 64] = {
    let mut block = [0; 64];
    block[0] = 0x80;
    block[62] = 2;
    block
};

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    to_bytes(&state_after(bytes))
}

/// SHA-256 of SHA-256, Bitcoin's hash for everything with a name.
pub(crate) fn sha256d(bytes: &[u8]) -> [u8; 32] {
    sha256_of_state(&state_after(bytes))
}

/// SHA-256 of SHA-256 of three parts in a row: a transaction around its witnesses, without copying it together.
pub(crate) fn sha256d_around(before: [u8; 4], body: &[u8], after: [u8; 4]) -> [u8; 32] {
    let Some((head, body)) = body.split_at_checked(60) else {
        return sha256d(&[&before, body, &after].concat());
    };
    let mut first = [0; 64];
    first[..4].copy_from_slice(&before);
    first[4..].copy_from_slice(head);
    let (blocks, rest) = body.as_chunks::<64>();
    let mut state = START;
    compress256(&mut state, &[first]);
    compress256(&mut state, blocks);
    let mut last = [0; 68];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()..rest.len() + 4].copy_from_slice(&after);
    finish(&mut state, &last[..rest.len() + 4], head.len() + body.len() + 8);
    sha256_of_state(&state)
}

/// RIPEMD-160 of SHA-256.
pub(crate) fn hash160(bytes: &[u8]) -> [u8; 20] {
    ripemd160(&sha256(bytes))
}

/// RIPEMD-160 of a SHA-256 hash.
pub(crate) fn ripemd160(hash: &[u8; 32]) -> [u8; 20] {
    ripemd160::Hash::hash(hash).to_byte_array()
}

/// SHA-256 of SHA-256 of two hashes side by side.
pub(crate) fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(left);
    block[32..].copy_from_slice(right);
    let mut state = START;
    compress256(&mut state, &[block, PADDING_OF_64]);
    sha256_of_state(&state)
}

/// The Merkle root over `level`, which is used up, and whether some level had two equal neighbors.
///
/// Equal neighbors make a second list of transactions with the same root (CVE-2012-2459), so that a block which has
/// them may be a forgery of a good block with the same hash; Bitcoin Core refuses it, and so do we.
pub(crate) fn merkle_root(level: &mut Vec<[u8; 32]>) -> (Option<[u8; 32]>, bool) {
    let mut doubled = false;
    while level.len() > 1 {
        doubled |= level.chunks_exact(2).any(|pair| pair[0] == pair[1]);
        let n_nodes = level.len().div_ceil(2);
        for index in 0..n_nodes {
            let left = level[2 * index];
            let right = *level.get(2 * index + 1).unwrap_or(&left);
            level[index] = node(&left, &right);
        }
        level.truncate(n_nodes);
    }
    (level.first().copied(), doubled)
}

fn state_after(bytes: &[u8]) -> [u32; 8] {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut state = START;
    compress256(&mut state, blocks);
    finish(&mut state, rest, bytes.len());
    state
}

/// Takes in the last part of a message of `n_bytes`, at most 119 bytes, and the padding.
fn finish(state: &mut [u32; 8], rest: &[u8], n_bytes: usize) {
    let mut last = [[0; 64]; 2];
    let flat = last.as_flattened_mut();
    flat[..rest.len()].copy_from_slice(rest);
    flat[rest.len()] = 0x80;
    let n_last = (rest.len() + 9).div_ceil(64);
    let n_bits = (n_bytes as u64) * 8;
    last[n_last - 1][56..].copy_from_slice(&n_bits.to_be_bytes());
    compress256(state, &last[..n_last]);
}

fn sha256_of_state(state: &[u32; 8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(&to_bytes(state));
    block[32] = 0x80;
    block[62] = 1; // 256 bits
    let mut state = START;
    compress256(&mut state, &[block]);
    to_bytes(&state)
}

fn to_bytes(state: &[u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::{hash160 as oracle160, sha256 as oracle, sha256d as oracle_d};

    #[test]
    fn every_length_around_the_padding_agrees_with_the_bitcoin_crate() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in 0..=200 {
            let bytes = &bytes[..len];
            assert_eq!(sha256(bytes), oracle::Hash::hash(bytes).to_byte_array());
            assert_eq!(sha256d(bytes), oracle_d::Hash::hash(bytes).to_byte_array());
            assert_eq!(hash160(bytes), oracle160::Hash::hash(bytes).to_byte_array());
            let around = [&[1, 2, 3, 4], bytes, &[5, 6, 7, 8]].concat();
            let expected = oracle_d::Hash::hash(&around).to_byte_array();
            assert_eq!(sha256d_around([1, 2, 3, 4], bytes, [5, 6, 7, 8]), expected);
        }
    }

    #[test]
    fn merkle_roots_agree_with_the_bitcoin_crate() {
        for n in 0..20_u8 {
            let leaves: Vec<[u8; 32]> = (0..n).map(|leaf| sha256(&[leaf])).collect();
            let expected = bitcoin::merkle_tree::calculate_root(
                leaves.iter().map(|leaf| oracle_d::Hash::from_byte_array(*leaf)),
            );
            let (root, doubled) = merkle_root(&mut leaves.clone());
            assert_eq!(root, expected.map(|root| root.to_byte_array()));
            assert!(!doubled);
        }
    }

    #[test]
    fn a_doubled_leaf_has_the_same_root_and_is_seen() {
        let leaves: Vec<[u8; 32]> = (0..3).map(|leaf| sha256(&[leaf])).collect();
        let mut forged = leaves.clone();
        forged.push(leaves[2]);
        let (root, doubled) = merkle_root(&mut leaves.clone());
        assert!(!doubled);
        assert_eq!(merkle_root(&mut forged), (root, true));
    }
}
