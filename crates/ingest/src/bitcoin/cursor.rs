//! A position in untrusted bytes: every read is checked, and a failed one says where.

use super::decode::{DecodeError, DecodeFault};

/// Reads forward through a slice.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The bytes from `from` (a position read earlier) to here.
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        &self.bytes[from..self.at]
    }

    pub(crate) fn fault(&self, kind: DecodeFault) -> DecodeError {
        DecodeError { offset: self.at, kind }
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        match self.bytes[self.at..].get(..len) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(self.fault(DecodeFault::Truncated)),
        }
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes[self.at..].first_chunk::<N>() {
            Some(taken) => {
                self.at += N;
                Ok(*taken)
            }
            None => Err(self.fault(DecodeFault::Truncated)),
        }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length or count in its shortest form; another form of the same number would be another block with the
    /// same transactions.
    #[inline]
    pub(crate) fn compact_size(&mut self) -> Result<usize, DecodeError> {
        let from = self.at;
        let (size, least) = match self.u8()? {
            small @ 0..=0xfc => return Ok(usize::from(small)),
            0xfd => (u64::from(u16::from_le_bytes(self.array()?)), 0xfd),
            0xfe => (u64::from(self.u32()?), 0x1_0000),
            0xff => (self.u64()?, 0x1_0000_0000),
        };
        if size < least {
            return Err(DecodeError { offset: from, kind: DecodeFault::LongSize });
        }
        usize::try_from(size)
            .map_err(|_| DecodeError { offset: from, kind: DecodeFault::Truncated })
    }

    /// A count of things of at least `each_min` bytes: refused at once where so many cannot follow, so that a
    /// count of four billion allocates nothing.
    #[inline]
    pub(crate) fn count(&mut self, each_min: usize) -> Result<usize, DecodeError> {
        let from = self.at;
        let count = self.compact_size()?;
        if count > self.left() / each_min {
            return Err(DecodeError { offset: from, kind: DecodeFault::Truncated });
        }
        Ok(count)
    }

    /// A byte string with its length before it.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.compact_size()?;
        self.take(len)
    }

    /// Bitcoin Core's base-128 number (`VARINT` of `serialize.h`), in which every number has one form only.
    pub(crate) fn var_int(&mut self) -> Result<u64, DecodeError> {
        let mut number: u64 = 0;
        loop {
            let byte = self.u8()?;
            if number > u64::MAX >> 7 {
                return Err(self.fault(DecodeFault::LongSize));
            }
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
            number = number.checked_add(1).ok_or_else(|| self.fault(DecodeFault::LongSize))?;
        }
    }
}
