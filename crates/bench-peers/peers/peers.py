"""Graph libraries of Python, and the databases, over the graph in a folder: a line of JSON a kernel.

    peers.py --dir FOLDER --peer NAME --kernels a,b --repeats N --budget-s S --threads T

The folder is what crates/bench-peers/src/graph/world.rs writes; kernels, checks and fields are those of kernel.rs.
Each peer does the work in the way its own documentation recommends. What is converted before the clock starts: the
arrays to the peer's own graph object (that is `build`). What is inside: everything up to a result in the peer's
own memory; turning a C++ result into a Python list only where the peer offers nothing else.
"""

import argparse
import importlib
import sys

from contender import MISSING, Clock, Missing, Peer, World, emit, memory
from databases import DuckDB, Kuzu, SQLite
from libraries import IGraph, NetworKit, NetworkX, RustworkX, SciPy

PEERS = {
    "scipy": (SciPy, ["numpy", "scipy"]),
    "networkit": (NetworKit, ["numpy", "networkit"]),
    "igraph": (IGraph, ["numpy", "igraph"]),
    "rustworkx": (RustworkX, ["numpy", "rustworkx"]),
    "networkx": (NetworkX, ["numpy", "networkx", "scipy"]),
    "duckdb": (DuckDB, ["numpy", "pyarrow", "duckdb"]),
    "kuzu": (Kuzu, ["numpy", "pyarrow", "kuzu"]),
    "sqlite": (SQLite, ["numpy"]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, kind in [
        ("dir", str), ("peer", str), ("kernels", str),
        ("repeats", int), ("budget-s", float), ("threads", int),
    ]:  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, required=True)
    options = parser.parse_args()
    kernels = options.kernels.split(",")
    kind, modules = PEERS[options.peer]
    # What no method answers needs no graph.
    asked = [kernel for kernel in kernels if answers(kind, kernel)]
    for kernel in kernels:
        if kernel not in asked:
            emit(kernel=kernel, missing=MISSING)
    try:
        for module in modules:
            importlib.import_module(module)
        peer = asked and kind(World(options.dir), Clock(options.repeats, options.budget_s), options.threads)
    except (ImportError, Missing) as why:
        for kernel in asked:
            emit(kernel=kernel, missing=str(why))
        return
    for kernel in asked:
        memory(reset=True)
        try:
            (cpu_s, wall_s), check, more = peer.run(kernel)
        except Exception as why:  # one kernel that fails must not take the others with it
            told = str(why) if isinstance(why, Missing) else f"{type(why).__name__}: {why}"
            emit(kernel=kernel, missing=told)
            continue
        more["version"] = peer.version
        emit(kernel=kernel, cpu_s=cpu_s, wall_s=wall_s, rss_mb=memory(), check=check, more=more)


def answers(kind, kernel):
    if kernel.startswith("reach_"):
        return kind.reach is not Peer.reach
    if kernel.startswith("pagerank"):
        return kernel in ("pagerank", "pagerank_iteration") and kind.pagerank is not Peer.pagerank
    return hasattr(kind, kernel)


if __name__ == "__main__":
    sys.exit(main())
