//! Unpacking gzip: labelled data is passed around compressed.
//!
//! Source: RFC 1952 (gzip), RFC 1951 (deflate).
//! Departures: own code, because no dependency of the build unpacks deflate and the format is two pages; the checksum is
//! checked. Outside bytes: every length is bounded by what is left and by the most that the caller allows.
//! Cost: a bit at a time, about 40 MB/s: files here are a few MB.
//! Checked against: Python's `gzip` (stored, fixed and dynamic blocks, `tests` below).

/// Whether bytes begin as gzip does.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8])
}

/// The bytes of all members of a gzip file, `bytes_max` at most.
pub(super) fn unpack(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while is_gzip(rest) {
        let start = out.len();
        let body = rest.get(header_len(rest)?..).ok_or(CUT)?;
        let mut bits = Bits { bytes: body, at: 0, held: 0, n_held: 0 };
        while !block(&mut bits, &mut out, start, bytes_max)? {}
        let trailer = body.get(bits.at..).and_then(|rest| rest.first_chunk::<8>()).ok_or(CUT)?;
        let [a, b, c, d, ..] = *trailer;
        if u32::from_le_bytes([a, b, c, d]) != crc32(&out[start..]) {
            return Err("gzip: checksum fails");
        }
        rest = &body[bits.at + 8..];
    }
    Ok(out)
}

const CUT: &str = "gzip: ends too early";
const BAD_CODE: &str = "gzip: no such code";

fn header_len(bytes: &[u8]) -> Result<usize, &'static str> {
    let flags = *bytes.get(3).ok_or(CUT)?;
    let mut at = 10;
    if flags & 4 != 0 {
        let extra = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()).ok_or(CUT)?;
        at += 2 + usize::from(u16::from_le_bytes(*extra));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let rest = bytes.get(at..).ok_or(CUT)?;
            at += 1 + rest.iter().position(|byte| *byte == 0).ok_or(CUT)?;
        }
    }
    Ok(at + if flags & 2 != 0 { 2 } else { 0 })
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let table: Vec<u32> = (0..256).map(|byte| (0..8).fold(byte, step)).collect();
    let next = |crc: u32, byte: &u8| table[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8;
    !bytes.iter().fold(!0, next)
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    n_held: u32,
}

impl Bits<'_> {
    fn take(&mut self, n: u32) -> Result<usize, &'static str> {
        while self.n_held < n {
            let byte = self.bytes.get(self.at).ok_or(CUT)?;
            self.held |= u32::from(*byte) << self.n_held;
            (self.at, self.n_held) = (self.at + 1, self.n_held + 8);
        }
        let value = self.held & ((1 << n) - 1);
        (self.held, self.n_held) = (self.held >> n, self.n_held - n);
        Ok(value as usize)
    }

    fn align(&mut self) {
        (self.held, self.n_held) = (0, 0);
    }
}

/// A canonical Huffman code: how many codes each length has, and the symbols in order of their codes.
struct Code {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Code {
    fn of(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        counts[0] = 0;
        let mut symbols: Vec<u16> = (0..).take(lengths.len()).collect();
        symbols.retain(|symbol| lengths[usize::from(*symbol)] > 0);
        symbols.sort_by_key(|symbol| lengths[usize::from(*symbol)]);
        Self { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Result<usize, &'static str> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            let count = usize::from(*count);
            code |= bits.take(1)?;
            if code < first + count {
                let symbol = self.symbols.get(index + (code - first)).ok_or(BAD_CODE)?;
                return Ok(usize::from(*symbol));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(BAD_CODE)
    }
}

/// One block; whether it was the last.
fn block(
    bits: &mut Bits<'_>,
    out: &mut Vec<u8>,
    start: usize,
    bytes_max: usize,
) -> Result<bool, &'static str> {
    let last = bits.take(1)? == 1;
    match bits.take(2)? {
        0 => stored(bits, out, bytes_max)?,
        1 => {
            let length = |symbol: usize| match symbol {
                144..=255 => 9,
                256..=279 => 7,
                _ => 8,
            };
            let lengths: Vec<u8> = (0..288).map(length).collect();
            codes(bits, out, start, bytes_max, &Code::of(&lengths), &Code::of(&[5; 30]))?;
        }
        2 => {
            let (literals, distances) = dynamic(bits)?;
            codes(bits, out, start, bytes_max, &literals, &distances)?;
        }
        _ => return Err("gzip: no such kind of block"),
    }
    Ok(last)
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>, bytes_max: usize) -> Result<(), &'static str> {
    bits.align();
    let (length, check) = (bits.take(16)?, bits.take(16)?);
    if length != !check & 0xffff {
        return Err("gzip: a stored block contradicts itself");
    }
    let bytes = bits.bytes.get(bits.at..bits.at + length).ok_or(CUT)?;
    room(out, length, bytes_max)?;
    out.extend_from_slice(bytes);
    bits.at += length;
    Ok(())
}

fn room(out: &[u8], more: usize, bytes_max: usize) -> Result<(), &'static str> {
    if out.len() + more > bytes_max {
        return Err("gzip: unpacks to more than is read");
    }
    Ok(())
}

/// The codes that a dynamic block tells in front.
fn dynamic(bits: &mut Bits<'_>) -> Result<(Code, Code), &'static str> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (n_literals, n_distances) = (bits.take(5)? + 257, bits.take(5)? + 1);
    let n_lengths = bits.take(4)? + 4;
    let mut of_lengths = [0u8; 19];
    for place in &ORDER[..n_lengths] {
        of_lengths[*place] = u8::try_from(bits.take(3)?).expect("three bits");
    }
    let of_lengths = Code::of(&of_lengths);
    let mut lengths: Vec<u8> = Vec::with_capacity(n_literals + n_distances);
    while lengths.len() < n_literals + n_distances {
        let (length, times) = match of_lengths.read(bits)? {
            16 => (*lengths.last().ok_or(BAD_CODE)?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (u8::try_from(length).map_err(|_| BAD_CODE)?, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    let (literals, distances) = lengths.split_at(n_literals);
    let distances = distances.get(..n_distances).ok_or(BAD_CODE)?;
    Ok((Code::of(literals), Code::of(distances)))
}

#[rustfmt::skip]
const LENGTHS: [(usize, u32); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1),
    (15, 1), (17, 1), (19, 2), (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3),
    (67, 4), (83, 4), (99, 4), (115, 4), (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
];
#[rustfmt::skip]
const DISTANCES: [(usize, u32); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3),
    (33, 4), (49, 4), (65, 5), (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8),
    (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12289, 12),
    (16385, 13), (24577, 13),
];

fn codes(
    bits: &mut Bits<'_>,
    out: &mut Vec<u8>,
    start: usize,
    bytes_max: usize,
    literals: &Code,
    distances: &Code,
) -> Result<(), &'static str> {
    loop {
        let symbol = literals.read(bits)?;
        if let Ok(byte) = u8::try_from(symbol) {
            room(out, 1, bytes_max)?;
            out.push(byte);
            continue;
        }
        let Some(symbol) = symbol.checked_sub(257) else { return Ok(()) };
        let (length, extra) = *LENGTHS.get(symbol).ok_or(BAD_CODE)?;
        let length = length + bits.take(extra)?;
        let (distance, extra) = *DISTANCES.get(distances.read(bits)?).ok_or(BAD_CODE)?;
        let distance = distance + bits.take(extra)?;
        let from = out.len().checked_sub(distance).filter(|from| *from >= start);
        let from = from.ok_or("gzip: a copy from before the beginning")?;
        room(out, length, bytes_max)?;
        for at in from..from + length {
            out.push(out[at]);
        }
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
