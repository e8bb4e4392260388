//! Unpacking gzip: labelled data is passed around compressed.
//!
//! Outside bytes: what is unpacked is bounded by the most that the caller allows; the checksum is checked by `flate2`.
//! Checked against: Python's `gzip` (stored, fixed and dynamic blocks, `tests` below).

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Whether bytes begin as gzip does.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8])
}

/// The bytes of all members of a gzip file, `bytes_max` at most.
pub(super) fn unpack(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(bytes).take(bound).read_to_end(&mut out);
    read.map_err(|error| format!("gzip: {error}"))?;
    match out.len() > bytes_max {
        true => Err(format!("gzip: unpacks to more than {bytes_max} bytes")),
        false => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::labelled::json::bytes_of_hex;

    // Each made by Python: gzip.GzipFile(filename="", compresslevel=level, mtime=0).
    const STORED: &str = "1f8b08000000000000ff010600f9ff73746f7265640bf9435606000000";
    const FIXED: &str = "1f8b08000000000002ff4b4c44064900cb6d9efa0f000000";
    const DYNAMIC: &str = "1f8b08000000000002ff5d91d10dc3200c44576104b01d28e35005b51f44aa9a485dbf6e7c4e\
        a27e41b0efeed9b9f7ad710e6dbc9e2de1e414e63ef43d864f1ba36f24e1ae7dd99e51a512da3cbffbbacacd74226828d025f1961c1e6d59\
        546a41a8b3d8b7fa43c0e6204ec27bb0061850723f75364339a32c1b2c940f3a0ff554018c53d251985c73998d7682544dc3052484b30034\
        1a28ca9a0eac04dde419d52fc52a1326a673553f27c626e87f2311d3b80f57173a9b0ebc23c7cbb2ecffd42f7ed26443ee010000";
    const WORDS: &str = "beta36 alpha16 alpha31 delta30 wallet24";

    fn packed(hex: &str) -> Vec<u8> {
        bytes_of_hex(hex).unwrap()
    }

    #[test]
    fn unpacks_what_python_packed() {
        assert_eq!(unpack(&packed(STORED), 100).unwrap(), b"stored");
        assert_eq!(unpack(&packed(FIXED), 100).unwrap(), b"aaaaaaaaaaaaaab");
        let text = unpack(&packed(DYNAMIC), 1000).unwrap();
        assert!(text.starts_with(WORDS.as_bytes()) && text.len() == 0x1ee, "{}", text.len());
        let both = [packed(STORED), packed(FIXED)].concat();
        assert_eq!(unpack(&both, 100).unwrap(), b"storedaaaaaaaaaaaaaab");
    }

    /// Foreign bytes: any cut and any bent byte is an error or another text, never more than allowed, never a panic.
    #[test]
    fn damage_is_an_error() {
        for hex in [STORED, FIXED, DYNAMIC] {
            let whole = packed(hex);
            for end in 3..whole.len() {
                assert!(unpack(&whole[..end], 1000).is_err(), "{end} of {hex}");
            }
            for at in 3..whole.len() {
                let mut bent = whole.clone();
                bent[at] ^= 1 << (at % 8);
                if let Ok(text) = unpack(&bent, 1000) {
                    assert!(text.len() <= 1000);
                }
            }
            assert!(unpack(&whole, 5).is_err());
        }
    }
}
