"""What Bitcoin itself defines: hashes, the wire format of blocks, operations of scripts, texts of addresses.

Written from the protocol documentation and BIPs 141, 144, 173 and 350, for `recount.py`. An address is a pair (family,
payload); None stands for "no address".
"""

import hashlib
import struct
from collections import namedtuple

Input = namedtuple("Input", "txid index script_sig witness")
Tx = namedtuple("Tx", "txid coinbase inputs outputs")  # outputs: (amount, script)

# --- Hashes -----------------------------------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def sha256d(data):
    return sha256(sha256(data))


LEFT_ORDER = [list(range(16)), [7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8],
              [3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12],
              [1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2],
              [4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13]]
RIGHT_ORDER = [[5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12],
               [6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2],
               [15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13],
               [8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14],
               [12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11]]
LEFT_SHIFT = [[11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8],
              [7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12],
              [11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5],
              [11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12],
              [9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6]]
RIGHT_SHIFT = [[8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6],
               [9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11],
               [9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5],
               [15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8],
               [8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11]]
LEFT_CONSTANT = [0, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E]
RIGHT_CONSTANT = [0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0]
MIX = [lambda x, y, z: x ^ y ^ z, lambda x, y, z: (x & y) | (~x & z), lambda x, y, z: (x | ~y) ^ z,
       lambda x, y, z: (x & z) | (y & ~z), lambda x, y, z: x ^ (y | ~z)]


def ripemd_line(state, words, orders, shifts, constants, mixes):
    a, b, c, d, e = state
    for order, shift, constant, mix in zip(orders, shifts, constants, mixes):
        for word, bits in zip(order, shift):
            t = (a + (mix(b, c, d) & 0xFFFFFFFF) + words[word] + constant) & 0xFFFFFFFF
            t = ((t << bits | t >> 32 - bits) + e) & 0xFFFFFFFF
            a, e, d, c, b = e, d, (c << 10 | c >> 22) & 0xFFFFFFFF, b, t
    return a, b, c, d, e


def ripemd160_here(data):
    """RIPEMD-160 for OpenSSL builds that leave it out."""
    state = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
    padded = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    for at in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, at)
        x = ripemd_line(state, words, LEFT_ORDER, LEFT_SHIFT, LEFT_CONSTANT, MIX)
        y = ripemd_line(state, words, RIGHT_ORDER, RIGHT_SHIFT, RIGHT_CONSTANT, MIX[::-1])
        state = tuple((state[(i + 1) % 5] + x[(i + 2) % 5] + y[(i + 3) % 5]) & 0xFFFFFFFF for i in range(5))
    return struct.pack("<5I", *state)


try:
    hashlib.new("ripemd160", b"")
    ripemd160 = lambda data: hashlib.new("ripemd160", data).digest()
except ValueError:
    ripemd160 = ripemd160_here


def hash160(data):
    return ripemd160(sha256(data))


# --- Blocks -----------------------------------------------------------------------------------------------------------


class Wire:
    """Reads fields in the order in which the protocol writes them."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        piece = self.data[self.at:self.at + n]
        if len(piece) != n:
            raise ValueError("the block ends too early")
        self.at += n
        return piece

    def number(self, n):
        return int.from_bytes(self.take(n), "little")

    def count(self):
        first = self.number(1)
        return first if first < 0xFD else self.number({0xFD: 2, 0xFE: 4, 0xFF: 8}[first])

    def many(self, read):
        return [read() for _ in range(self.count())]

    def string(self):
        return self.take(self.count())

    def input(self):
        txid, index, script_sig = self.take(32), self.number(4), self.string()
        self.take(4)
        return Input(txid, index, script_sig, [])

    def transaction(self):
        start = self.at
        version = self.take(4)
        segwit = self.data[self.at] == 0  # no transaction has no inputs: the marker of BIP 144
        if segwit:
            self.take(2)
        body = self.at
        inputs = self.many(self.input)
        outputs = self.many(lambda: (self.number(8), self.string()))
        body = self.data[body:self.at]
        if segwit:
            inputs = [i._replace(witness=self.many(self.string)) for i in inputs]
        lock_time = self.take(4)
        txid = sha256d(version + body + lock_time if segwit else self.data[start:self.at])
        return Tx(txid, inputs[0].txid == bytes(32), inputs, outputs)


def merkle_root(hashes):
    while len(hashes) > 1:
        if len(hashes) % 2:
            hashes = hashes + hashes[-1:]
        hashes = [sha256d(a + b) for a, b in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


def read_block(path):
    """Hash, hash of the block before, transactions; checks proof of work and merkle root."""
    wire = Wire(path.read_bytes())
    header = wire.take(80)
    transactions = wire.many(wire.transaction)
    block_hash, bits = sha256d(header), int.from_bytes(header[72:76], "little")
    if int.from_bytes(block_hash, "little") > (bits & 0xFFFFFF) << 8 * ((bits >> 24) - 3):
        raise ValueError(f"{path}: not enough work")
    if merkle_root([tx.txid for tx in transactions]) != header[36:68]:
        raise ValueError(f"{path}: another merkle root")
    if wire.at != len(wire.data):
        raise ValueError(f"{path}: {len(wire.data) - wire.at} bytes too many")
    return block_hash, header[4:36], transactions


def read_chain(folder):
    """The blocks' transactions in order of the chain."""
    blocks = {block: (previous, txs) for block, previous, txs in map(read_block, sorted(folder.glob("*.blk")))}
    next_of = {previous: block for block, (previous, _) in blocks.items()}
    starts = [block for block, (previous, _) in blocks.items() if previous not in blocks]
    if len(next_of) != len(blocks) or len(starts) != 1:
        raise ValueError(f"{folder}: the blocks are not one chain")
    at = starts[0]
    while at is not None:
        yield blocks[at][1]
        at = next_of.get(at)


# --- Scripts ----------------------------------------------------------------------------------------------------------


def operations(script):
    """(opcode, pushed bytes or None) of each operation; None in place of a push that the script is too short for."""
    at = 0
    while at < len(script):
        opcode, at, length = script[at], at + 1, 0
        if opcode <= 75:
            length = opcode
        elif opcode <= 78:
            width = {76: 1, 77: 2, 78: 4}[opcode]
            length, at = int.from_bytes(script[at:at + width], "little"), at + width
        if at + length > len(script):
            yield None
            return
        yield opcode, script[at:at + length] if opcode <= 78 else None
        at += length


def witness_address(version, program):
    """The address of a witness program; None if it is too long for one."""
    known = {(0, 20): "p2wpkh", (0, 32): "p2wsh", (1, 32): "p2tr"}.get((version, len(program)))
    if known:
        return known, program
    return ("witness", bytes([version]) + program) if len(program) <= 31 else None


# --- Texts ------------------------------------------------------------------------------------------------------------

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
HRP = [3, 3, 0, 2, 3]  # "bc", spread out


def base58_text(version, payload):
    data = bytes([version]) + payload
    data += sha256d(data)[:4]
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check


def regroup(values, old, new):
    """Bits from groups of one width into groups of another, and the bits that are left over."""
    bits = "".join(f"{value:0{old}b}" for value in values)
    cut = len(bits) // new * new
    return [int(bits[i:i + new], 2) for i in range(0, cut, new)], bits[cut:]


def segwit_text(version, program):
    groups, rest = regroup(program, 8, 5)
    values = [version] + groups + ([int(rest.ljust(5, "0"), 2)] if rest else [])
    check = polymod(HRP + values + [0] * 6) ^ (0x2BC830A3 if version else 1)
    return "bc1" + "".join(BECH32[v] for v in values + [check >> 5 * (5 - i) & 31 for i in range(6)])


def text_of(address):
    family, payload = address
    if family in ("p2pkh", "p2sh"):
        return base58_text(5 if family == "p2sh" else 0, payload)
    if family == "witness":
        return segwit_text(payload[0], payload[1:])
    if family in ("p2wpkh", "p2wsh", "p2tr"):
        return segwit_text(int(family == "p2tr"), payload)
    return f"{family}:{payload.hex()}"


def base58_address(text):
    number = 0
    for char in text:
        number = number * 58 + BASE58.index(char)
    data = bytes(len(text) - len(text.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(data) == 25 and sha256d(data[:21])[:4] == data[21:] and data[0] in (0, 5):
        return "p2sh" if data[0] else "p2pkh", data[1:21]
    return None


def segwit_address(text):
    values = [BECH32.index(char) for char in text.lower()[3:]]
    if len(values) < 8 or polymod(HRP + values) != (0x2BC830A3 if values[0] else 1):
        return None
    program, rest = regroup(values[1:-6], 5, 8)
    valid = values[0] <= 16 and "1" not in rest and len(rest) < 5
    valid = valid and (len(program) in (20, 32) if values[0] == 0 else 2 <= len(program) <= 40)
    return witness_address(values[0], bytes(program)) if valid else None


def address_of(text):
    """The address of a Bitcoin text; None for every other text."""
    try:
        if text[:3] in ("bc1", "BC1") and text in (text.lower(), text.upper()):
            return segwit_address(text)
        return base58_address(text)
    except ValueError:
        return None
