//! Keys, locks and what unlocks them: addresses, output scripts, input scripts and witnesses.
//!
//! In: a world's seed and a key's place (purse, number). Out: 33-byte public keys and everything made of them.
//! Departures: nobody checks signatures, so signatures are random bytes in the right shape (DER of 71 or 72 bytes,
//! Schnorr of 64), and keys are hashes that are on the curve only where readers parse them (P2PK); half of all
//! 32-byte strings are the x of a point, so nothing that looks at bytes can tell.
//! Checked against: the `bitcoin` crate's reading of every script (`tests/it/worlds.rs`).

use std::collections::BTreeMap;

use bitcoin::opcodes::all as op;
use bitcoin::{PublicKey, ScriptBuf, Witness};
use bitcoin_hashes::{Hash, HashEngine, hash160, sha256};
use ledger::{Address, AddressFamily};

use crate::dice::Dice;

/// A purse of the simulation, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PurseId(pub(crate) u32);

impl PurseId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How an output is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lock {
    P2pk,
    P2pkUncompressed,
    P2pkh,
    /// With the long form of the key: wallets of the first years.
    P2pkhUncompressed,
    NestedP2wpkh,
    P2wpkh,
    P2tr,
    /// 2 of 3.
    P2wsh,
    /// 2 of 3 in P2WSH in P2SH.
    NestedP2wsh,
    /// Bare 2 of 3, over keys of three different owners.
    Multisig,
}

impl Lock {
    /// What an input of this lock adds to a transaction, in virtual bytes.
    pub(crate) fn input_vbytes(self) -> u64 {
        match self {
            Self::P2pk | Self::P2pkUncompressed => 114,
            Self::P2pkh => 148,
            Self::P2pkhUncompressed => 180,
            Self::NestedP2wpkh => 91,
            Self::P2wpkh => 68,
            Self::P2tr => 58,
            Self::P2wsh => 105,
            Self::NestedP2wsh => 140,
            Self::Multisig => 188,
        }
    }

    /// What an output of this lock adds to a transaction, in virtual bytes.
    pub(crate) fn output_vbytes(self) -> u64 {
        match self {
            Self::P2pk => 44,
            Self::P2pkUncompressed => 76,
            Self::P2pkh | Self::P2pkhUncompressed => 34,
            Self::NestedP2wpkh | Self::NestedP2wsh => 32,
            Self::P2wpkh => 31,
            Self::P2tr | Self::P2wsh => 43,
            Self::Multisig => 114,
        }
    }

    fn shows_long_key(self) -> bool {
        matches!(self, Self::P2pkUncompressed | Self::P2pkhUncompressed)
    }

    /// Whether readers parse the key itself. The lock is not hashed into a key otherwise: one key in several locks is
    /// what a wallet that moves from P2PKH to SegWit leaves on chain.
    fn needs_curve(self) -> bool {
        matches!(self, Self::P2pk | Self::P2pkUncompressed | Self::P2pkhUncompressed)
    }
}

/// A key by its place; everything else is computed from it, so nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyRef {
    pub(crate) purse: PurseId,
    pub(crate) number: u32,
    pub(crate) lock: Lock,
}

impl KeyRef {
    pub(crate) fn locked(self, lock: Lock) -> Self {
        Self { lock, ..self }
    }
}

/// All keys of a world.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    seed: u64,
    /// Whose keys a bare multisig holds, by its purse: they belong to three others.
    pub(crate) escrows: BTreeMap<PurseId, [KeyRef; 3]>,
}

impl Keys {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, escrows: BTreeMap::new() }
    }

    /// The output script.
    pub(crate) fn script(&self, key: KeyRef) -> ScriptBuf {
        let address = self.address(key);
        let payload = address.payload();
        let (head, tail): (&[u8], &[u8]) = match key.lock {
            Lock::P2pk | Lock::P2pkUncompressed => {
                let bytes = self.key_bytes(key, 0);
                return push_then(&bytes, op::OP_CHECKSIG.to_u8());
            }
            Lock::Multisig => return self.multisig(key),
            Lock::P2pkh | Lock::P2pkhUncompressed => (&[0x76, 0xa9, 20], &[0x88, 0xac]),
            Lock::NestedP2wpkh | Lock::NestedP2wsh => (&[0xa9, 20], &[0x87]),
            Lock::P2wpkh => (&[0, 20], &[]),
            Lock::P2wsh => (&[0, 32], &[]),
            Lock::P2tr => (&[0x51, 32], &[]),
        };
        ScriptBuf::from_bytes([head, payload, tail].concat())
    }

    /// The address as the ledger keeps it.
    pub(crate) fn address(&self, key: KeyRef) -> Address {
        let hash = |bytes: &[u8]| hash160::Hash::hash(bytes).to_byte_array();
        match key.lock {
            Lock::P2pk | Lock::P2pkUncompressed | Lock::P2pkh | Lock::P2pkhUncompressed => {
                Address::of_20(AddressFamily::P2pkh, hash(&self.key_bytes(key, 0)))
            }
            Lock::P2wpkh => Address::of_20(AddressFamily::P2wpkh, hash(&self.key_bytes(key, 0))),
            Lock::NestedP2wpkh | Lock::NestedP2wsh => {
                Address::of_20(AddressFamily::P2sh, hash(&self.redeem_script(key)))
            }
            Lock::P2tr => {
                let x = self.public_key(key, 0);
                Address::new(AddressFamily::P2tr, &x[1..]).expect("an x is 32 bytes")
            }
            Lock::P2wsh => {
                let hash = sha256::Hash::hash(self.multisig(key).as_bytes());
                Address::of_32(AddressFamily::P2wsh, hash.to_byte_array())
            }
            Lock::Multisig => {
                Address::of_20(AddressFamily::BareMultisig, hash(self.multisig(key).as_bytes()))
            }
        }
    }

    /// Input script and witness in the shape that spends `key`; `low_r` of a wallet that signs until R is short.
    pub(crate) fn unlock(&self, key: KeyRef, low_r: bool, dice: &mut Dice) -> (ScriptBuf, Witness) {
        let none = ScriptBuf::new();
        let mut sign = || signature(low_r, dice);
        match key.lock {
            Lock::P2pk | Lock::P2pkUncompressed => (pushes(&[&sign()]), Witness::new()),
            Lock::P2pkh | Lock::P2pkhUncompressed => {
                (pushes(&[&sign(), &self.key_bytes(key, 0)]), Witness::new())
            }
            Lock::P2wpkh => (none, self.key_witness(key, sign())),
            Lock::NestedP2wpkh => {
                (pushes(&[&self.redeem_script(key)]), self.key_witness(key, sign()))
            }
            Lock::P2tr => (none, Witness::from_slice(&[dice.bytes::<64>()])),
            Lock::P2wsh => (none, self.script_witness(key, [sign(), sign()])),
            Lock::NestedP2wsh => {
                let signed = [sign(), sign()];
                (pushes(&[&self.redeem_script(key)]), self.script_witness(key, signed))
            }
            Lock::Multisig => (pushes(&[&[], &sign(), &sign()]), Witness::new()),
        }
    }

    fn key_witness(&self, key: KeyRef, signature: Vec<u8>) -> Witness {
        Witness::from_slice(&[signature, self.public_key(key, 0).to_vec()])
    }

    fn script_witness(&self, key: KeyRef, [first, second]: [Vec<u8>; 2]) -> Witness {
        let script = self.multisig(key).into_bytes();
        Witness::from_slice(&[Vec::new(), first, second, script])
    }

    /// The witness program that a nested address wraps.
    fn redeem_script(&self, key: KeyRef) -> Vec<u8> {
        if key.lock == Lock::NestedP2wsh {
            let hash = sha256::Hash::hash(self.multisig(key).as_bytes());
            [&[0, 32], hash.as_byte_array().as_slice()].concat()
        } else {
            let hash = hash160::Hash::hash(&self.public_key(key, 0));
            [&[0, 20], hash.as_byte_array().as_slice()].concat()
        }
    }

    /// `2 <key> <key> <key> 3 OP_CHECKMULTISIG`.
    fn multisig(&self, key: KeyRef) -> ScriptBuf {
        let keys = match self.escrows.get(&key.purse) {
            Some(keys) if key.lock == Lock::Multisig => keys.map(|other| self.public_key(other, 0)),
            _ => [0, 1, 2].map(|cosigner| self.public_key(key, cosigner)),
        };
        let mut bytes = vec![op::OP_PUSHNUM_2.to_u8()];
        for key in keys {
            bytes.push(33);
            bytes.extend_from_slice(&key);
        }
        bytes.extend([op::OP_PUSHNUM_3.to_u8(), op::OP_CHECKMULTISIG.to_u8()]);
        ScriptBuf::from_bytes(bytes)
    }

    fn key_bytes(&self, key: KeyRef, cosigner: u8) -> Vec<u8> {
        let compressed = self.public_key(key, cosigner);
        if !key.lock.shows_long_key() {
            return compressed.to_vec();
        }
        let key = PublicKey::from_slice(&compressed).expect("P2PK keys are sought on the curve");
        key.inner.serialize_uncompressed().to_vec()
    }

    fn public_key(&self, key: KeyRef, cosigner: u8) -> [u8; 33] {
        for attempt in 0..=u8::MAX {
            let mut engine = sha256::Hash::engine();
            engine.input(b"tracehound key");
            engine.input(&self.seed.to_le_bytes());
            engine.input(&key.purse.0.to_le_bytes());
            engine.input(&key.number.to_le_bytes());
            engine.input(&[cosigner, attempt]);
            let x = sha256::Hash::from_engine(engine).to_byte_array();
            let mut bytes = [2 + (x[31] & 1); 33];
            bytes[1..].copy_from_slice(&x);
            if !key.lock.needs_curve() || PublicKey::from_slice(&bytes).is_ok() {
                return bytes;
            }
        }
        unreachable!("half of all x are on the curve: 256 misses in a row do not happen")
    }
}

/// A DER signature with the sighash byte: 71 bytes, or 72 where r needs a leading zero, which low-R wallets avoid.
fn signature(low_r: bool, dice: &mut Dice) -> Vec<u8> {
    let mut r = dice.bytes::<32>();
    r[0] &= if low_r { 0x7f } else { 0xff };
    let mut s = dice.bytes::<32>();
    s[0] = (s[0] & 0x7f) | 1; // low S, and no leading zero
    let padded = r[0] >= 0x80;
    r[0] |= 1;
    let r_len = 32 + u8::from(padded);
    let mut bytes = vec![0x30, 36 + r_len, 2, r_len];
    if padded {
        bytes.push(0);
    }
    bytes.extend_from_slice(&r);
    bytes.extend_from_slice(&[2, 32]);
    bytes.extend_from_slice(&s);
    bytes.push(1);
    bytes
}

/// Direct pushes, each of at most 75 bytes: an empty one is `OP_0`.
fn pushes(parts: &[&[u8]]) -> ScriptBuf {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.push(u8::try_from(part.len()).expect("signatures, keys and programs are short"));
        bytes.extend_from_slice(part);
    }
    ScriptBuf::from_bytes(bytes)
}

fn push_then(part: &[u8], opcode: u8) -> ScriptBuf {
    let mut bytes = pushes(&[part]).into_bytes();
    bytes.push(opcode);
    ScriptBuf::from_bytes(bytes)
}
