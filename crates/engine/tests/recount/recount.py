#!/usr/bin/env python3
"""Counts again, from raw main-network blocks, what the product reports of its ledger and clusters.

    python3 recount.py FOLDER [--tags FILE] [--listed FILE] [--dump FOLDER]

In: a folder of `*.blk` files of one raw block each, in any order, which must be one chain. Out: one JSON object; with
--dump also addresses, aliases, links, clusters, cluster edges and mixing transactions as CSV files.
Written from the pages in docs/methods and ARCHITECTURE.md; shares no code with the product, on purpose.
Ids of addresses are given in order of first appearance. Python 3.9 or later, no packages.
"""

import argparse
import csv
import json
import sys
from collections import Counter, namedtuple
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is left in the source tree

from bitcoin import address_of, hash160, operations, read_chain, sha256, text_of, witness_address

Spent = namedtuple("Spent", "address amount")  # address: id, or None where nobody can spend
Row = namedtuple("Row", "txid inputs outputs mixing")  # inputs: Spent, or None where unknown; outputs: Spent
COIN, SUPPLY = 100_000_000, 21_000_000 * 100_000_000
COMMON_INPUT, SAME_KEY, WRAPPED_SCRIPT = "common_input", "same_key", "wrapped_script"

# --- Scripts ----------------------------------------------------------------------------------------------------------


def is_key(data):
    return len(data) == 33 and data[0] in (2, 3) or len(data) == 65 and data[0] in (4, 6, 7)


def small_number(operation):
    """1 to 20 in its shortest form, else 0."""
    opcode, data = operation
    if 81 <= opcode <= 96:
        return opcode - 80
    return data[0] if opcode == 1 and 17 <= data[0] <= 20 else 0


def is_multisig(script):
    parts = list(operations(script)) if script[-1:] == b"\xae" else []
    if len(parts) < 4 or None in parts or parts[-1] != (0xAE, None):
        return False
    m, keys, n = small_number(parts[0]), parts[1:-2], small_number(parts[-2])
    return 1 <= m <= n == len(keys) and all(data is not None and is_key(data) for _, data in keys)


def payee_key(script):
    """The key that a bare pay-to-public-key script names."""
    bare = len(script) in (35, 67) and script[0] == len(script) - 2 and script[-1] == 0xAC
    return script[1:-1] if bare and is_key(script[1:-1]) else None


def payee(script):
    """The address that an output script pays; None where nobody can ever spend it."""
    size = len(script)
    if size == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return "p2pkh", script[3:23]
    if size == 23 and script[:2] == b"\xa9\x14" and script[22] == 0x87:
        return "p2sh", script[2:22]
    if 4 <= size <= 42 and (script[0] == 0 or 0x51 <= script[0] <= 0x60) and script[1] == size - 2:
        return witness_address(script[0] and script[0] - 0x50, script[2:]) or ("script", sha256(script))
    if script[:1] == b"\x6a" or size > 10_000:
        return None
    if payee_key(script):
        return "p2pkh", hash160(payee_key(script))
    return ("multisig", hash160(script)) if is_multisig(script) else ("script", sha256(script))


# --- Aliases: (kind, address, address) --------------------------------------------------------------------------------


def nested(program):
    return "p2sh", hash160(bytes([0, len(program)]) + program)


def sibling_aliases(address):
    """What the same key or script controls, as far as the address alone tells."""
    family, payload = address
    if family in ("p2pkh", "p2wpkh"):
        yield SAME_KEY, address, ("p2wpkh" if family == "p2pkh" else "p2pkh", payload)
    if family in ("p2pkh", "p2wpkh", "p2wsh"):
        yield SAME_KEY if family == "p2pkh" else WRAPPED_SCRIPT, address, nested(payload)


def short_form(key):
    """The compressed form of a long key that lies on the curve."""
    if len(key) != 65 or not is_key(key):
        return None
    field = 2**256 - 2**32 - 977
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    on_curve = x < field and y < field and (y * y - x * x * x - 7) % field == 0
    return bytes([2 + y % 2]) + key[1:33] if on_curve and key[0] in (4, 6 + y % 2) else None


def key_aliases(key):
    short = short_form(key)
    if short:
        yield SAME_KEY, ("p2pkh", hash160(key)), ("p2pkh", hash160(short))


def input_aliases(spending, used):
    """What an input proves by its redeem script, key or witness script. Nothing is asked about the spent output: a
    wrong guess of what was shown names addresses that nobody uses."""
    pushes = list(operations(spending.script_sig))
    if pushes and None not in pushes and pushes[-1][1] and all(opcode <= 96 for opcode, _ in pushes):
        shown = pushes[-1][1]
        yield from key_aliases(shown)
        inner = payee(shown)
        if inner and inner[0] in ("p2pkh", "p2wpkh", "p2wsh", "multisig") and inner in used:
            yield WRAPPED_SCRIPT, ("p2sh", hash160(shown)), inner
        if inner and inner[0] == "p2wpkh" and ("p2pkh", inner[1]) in used:
            yield SAME_KEY, ("p2sh", hash160(shown)), ("p2pkh", inner[1])
    if spending.witness and ("p2wsh", sha256(spending.witness[-1])) in used:
        script = spending.witness[-1]
        inner = payee(script)
        if inner and inner[0] in ("p2pkh", "multisig"):
            yield WRAPPED_SCRIPT, ("p2wsh", sha256(script)), inner
        yield WRAPPED_SCRIPT, ("p2wsh", sha256(script)), ("p2sh", hash160(script))


# --- Possibly collaborative -------------------------------------------------------------------------------------------


class Shape:
    """What the rules look at. An unknown input has a script of its own and the amount that a rule wants."""

    def __init__(self, inputs, outputs):
        outputs = [output for output in outputs if output.address is not None]
        known = Counter(i.address for i in inputs if i and i.address is not None)
        self.n_in, self.n_out = len(inputs), len(outputs)
        self.unknown = inputs.count(None)
        self.in_amounts = [i.amount for i in inputs if i]
        self.in_scripts = len(known) + self.n_in - sum(known.values())
        self.in_top = max(known.values(), default=1)
        self.amounts = [output.amount for output in outputs]
        self.groups = Counter(self.amounts)
        self.distinct = len({output.address for output in outputs}) == self.n_out

    def most_frequent(self, accept):
        """Amounts that occur most often among those accepted (several on a tie), and how often."""
        accepted = {amount: n for amount, n in self.groups.items() if accept(amount)}
        n = max(accepted.values(), default=0)
        return [amount for amount, times in accepted.items() if times == n], n


def equal_outputs(s):
    amounts, n = s.most_frequent(lambda amount: True)
    return n == (s.n_out + 1) // 2 <= s.in_scripts and any(amount not in (546, 2730) for amount in amounts)


def whirlpool(s):
    pool = s.amounts[0]
    return (5 <= s.n_in == s.n_out <= 10 and len(s.groups) == 1
            and pool in (COIN // 1000, COIN // 100, COIN // 20, COIN // 2)
            and all(abs(amount - pool) <= 110_000 for amount in s.in_amounts)
            and (s.unknown > 0 or pool in s.in_amounts))


def near(amount, level):
    return 20 * abs(amount - level) <= level


def wasabi1(s):
    amounts, n = s.most_frequent(lambda amount: True)
    if (n >= 10 and s.n_in >= n and any(abs(amount - COIN // 10) <= COIN // 50 for amount in amounts)
            and list(s.groups.values()).count(1) >= 2):
        return True
    if s.n_in < 10 or 10 * s.in_top > s.n_in or not s.distinct:
        return False
    _, equal = s.most_frequent(lambda amount: near(amount, COIN // 10))
    counts = [sum(near(amount, COIN // 10 << i) for amount in s.amounts) for i in range(28)]
    levels = [count for count in counts if count >= 2]
    return any(1 <= largest <= s.in_scripts and 2 * held + 1 >= s.n_out
               for largest, held in ((equal, equal), (max(levels, default=0), sum(levels))))


def wasabi2(s):
    repeated = [n for n in s.groups.values() if n >= 2]
    return (s.n_in >= 20 and min(s.amounts) >= 5_000 and s.distinct and len(repeated) >= 3
            and 2 * sum(repeated) + 1 >= s.n_out and 1 in s.groups.values())


def powers(first, factor):
    return [first * factor**k for k in range(64) if 5_000 <= first * factor**k <= SUPPLY]


DENOMINATIONS = {d for pair in ((1, 2), (1, 3), (2, 3), (1, 10), (2, 10), (5, 10)) for d in powers(*pair)}


def falling(amounts):
    return all(a >= b for a, b in zip(amounts, amounts[1:]))


def wabisabi(s):
    return (s.n_in >= 5 and s.n_out >= 5 and falling(s.in_amounts) and falling(s.amounts)
            and 2 * sum(amount in DENOMINATIONS for amount in s.amounts) >= s.n_out)


def joinmarket(s):
    _, n = s.most_frequent(lambda amount: amount > 2_730)
    return (2 * n >= s.n_out > n and 3 <= n <= s.in_scripts and s.distinct
            and (s.n_in < 50 or s.n_in <= 20 * n and 10 * s.n_out >= 17 * n))


RULES = (equal_outputs, whirlpool, wasabi1, wasabi2, wabisabi, joinmarket)


def protocols(inputs, outputs):
    if len(inputs) < 2 or sum(output.address is not None for output in outputs) < 3:
        return []
    shape = Shape(inputs, outputs)
    return [rule.__name__ for rule in RULES if rule(shape)]


# --- Ledger, links, clusters ------------------------------------------------------------------------------------------


class Ledger:
    def __init__(self):
        self.ids, self.rows, self.made = {}, [], {}
        self.aliases, self.links = [], []  # (transaction, kind, smaller id, larger id)
        self.blocks = 0

    def add_block(self, transactions):
        self.blocks += 1
        for tx in transactions:
            self.add_transaction(tx)

    def add_transaction(self, tx):
        index, spendings = len(self.rows), [] if tx.coinbase else tx.inputs
        inputs = [self.spent(spending) for spending in spendings]
        found = []
        outputs = [Spent(self.id_of(payee(script), found), amount) for amount, script in tx.outputs]
        for _, script in tx.outputs:
            if payee_key(script):
                found += key_aliases(payee_key(script))
        for spending in spendings:
            found += input_aliases(spending, self.ids)
        self.made[tx.txid] = outputs
        self.rows.append(Row(tx.txid, inputs, outputs, protocols(inputs, outputs)))
        self.link(index, self.rows[-1], self.pairs(found))

    def spent(self, spending):
        made = self.made.get(spending.txid)
        return made[spending.index] if made else None

    def id_of(self, address, found):
        """Gives the next id to a new address, and notes its siblings that are older."""
        if address is None:
            return None
        if address not in self.ids:
            self.ids[address] = len(self.ids)
            found += [alias for alias in sibling_aliases(address) if alias[2] in self.ids]
        return self.ids[address]

    def pairs(self, found):
        """Aliases of one transaction between addresses in use by then, each pair once."""
        pairs = {}
        for kind, a, b in found:
            if a in self.ids and b in self.ids and a != b:
                pairs.setdefault(tuple(sorted((self.ids[a], self.ids[b]))), kind)
        return [(kind, a, b) for (a, b), kind in pairs.items()]

    def link(self, index, row, aliases):
        if not row.mixing:
            first, *others = sorted({i.address for i in row.inputs if i and i.address is not None}) or [None]
            self.links += [(index, COMMON_INPUT, first, other) for other in others]
        self.aliases += [(index, *alias) for alias in aliases]
        self.links += [(index, *alias) for alias in aliases]


def clusters(n_addresses, links):
    """The smallest address of its cluster, for each address."""
    label = list(range(n_addresses))

    def root(address):
        while label[address] != address:
            label[address] = label[label[address]]
            address = label[address]
        return address

    for _, _, a, b in links:
        a, b = sorted((root(a), root(b)))
        label[b] = a
    return [root(address) for address in range(n_addresses)]


def shares(paid, amount):
    """An output's amount by paying address: differences of rounded-down running totals, in order of address."""
    total, before, so_far = max(sum(paid.values()), 1), 0, 0
    for address in sorted(paid):
        so_far += paid[address]
        yield address, amount * so_far // total - before
        before = amount * so_far // total


def moved(row, label):
    """Amount from each source to each target, for a row whose payers are all known."""
    paid, amounts = Counter(), Counter()
    for spent in row.inputs:
        if spent and spent.address is not None:
            paid[spent.address] += spent.amount
    several = len({label[address] for address in paid}) > 1
    for output in (output for output in row.outputs if output.address is not None):
        for payer, amount in shares(paid, output.amount) if several else [(next(iter(paid)), output.amount)]:
            amounts[label[payer], label[output.address]] += amount
    return amounts


def cluster_edges(rows, label):
    """(source, target) to [amount, transactions, mixing, amount unknown]."""
    edges = {}
    for row in rows:
        sources = {label[i.address] for i in row.inputs if i and i.address is not None}
        targets = {label[o.address] for o in row.outputs if o.address is not None}
        mixing = len(sources) > 1 or bool(row.mixing)
        hidden = mixing and None in row.inputs
        amounts = Counter() if hidden or not sources else moved(row, label)
        for pair in ((a, b) for a in sources for b in targets if a != b):
            edge = edges.setdefault(pair, [0, 0, 0, 0])
            for i, n in enumerate((amounts[pair], 1, mixing, hidden)):
                edge[i] += n
    return edges


# --- Counts -----------------------------------------------------------------------------------------------------------


def known_addresses(path, ids):
    return len({address for address in map(address_of, path.read_text().split()) if address in ids})


def count(ledger):
    inputs = [i for row in ledger.rows for i in row.inputs]
    outputs = [o for row in ledger.rows for o in row.outputs]
    label = clusters(len(ledger.ids), ledger.links)
    sizes = {cluster: size for cluster, size in Counter(label).items() if size > 1}
    by_size, texts = sorted(sizes, key=lambda cluster: (-sizes[cluster], cluster)), list(ledger.ids)
    kinds = Counter(kind for _, kind, _, _ in ledger.links)
    numbers = {
        "blocks": ledger.blocks, "transactions": len(ledger.rows), "inputs": len(inputs),
        "inputs_unknown": inputs.count(None), "inputs_resolved": len(inputs) - inputs.count(None),
        "outputs": len(outputs), "outputs_without_address": sum(o.address is None for o in outputs),
        "addresses": len(ledger.ids), "aliases": len(ledger.aliases), "links": len(ledger.links),
        "links_by_heuristic": {kind: kinds[kind] for kind in (COMMON_INPUT, SAME_KEY, WRAPPED_SCRIPT)},
        "clusters": len(sizes), "clustered_addresses": sum(sizes.values()),
        "largest_clusters": [{"size": sizes[c], "address": text_of(texts[c])} for c in by_size[:5]],
        "mixing_transactions": sum(bool(row.mixing) for row in ledger.rows),
    }
    edges = cluster_edges(ledger.rows, label)
    numbers["cluster_edges"] = len(edges)
    return numbers, label, edges


def dump(folder, ledger, label, edges):
    folder.mkdir(parents=True, exist_ok=True)
    sizes = Counter(label)
    tables = {
        "addresses": (("address", "text"), enumerate(map(text_of, ledger.ids))),
        "aliases": (("tx", "kind", "address_a", "address_b"), ledger.aliases),
        "links": (("tx", "heuristic", "address_a", "address_b"), ledger.links),
        "clusters": (("cluster", "address"), sorted((c, a) for a, c in enumerate(label) if sizes[c] > 1)),
        "cluster_edges": (("source", "target", "amount", "n_transactions", "n_mixing", "n_amount_unknown"),
                          ((*pair, *edges[pair]) for pair in sorted(edges))),
        "mixing": (("tx", "tx_id", "rules"), ((n, row.txid[::-1].hex(), " ".join(row.mixing))
                                              for n, row in enumerate(ledger.rows) if row.mixing)),
    }
    for name, (header, rows) in tables.items():
        with open(folder / f"{name}.csv", "w", newline="") as file:
            csv.writer(file).writerows([header, *rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tags", type=Path, help="Bitcoin addresses, one a line")
    parser.add_argument("--listed", type=Path, help="Bitcoin addresses, one a line")
    parser.add_argument("--dump", type=Path, help="folder for the rows behind the numbers, as CSV")
    options = parser.parse_args()
    ledger = Ledger()
    for transactions in read_chain(options.folder):
        ledger.add_block(transactions)
    numbers, label, edges = count(ledger)
    for name, path in (("tagged_addresses", options.tags), ("listed_addresses", options.listed)):
        if path:
            numbers[name] = known_addresses(path, ledger.ids)
    if options.dump:
        dump(options.dump, ledger, label, edges)
    json.dump(numbers, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
