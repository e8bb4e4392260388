"""Graph libraries of Python, and the databases, over the graph in a folder: a line of JSON a kernel.

    peers.py --dir FOLDER --peer NAME --kernels a,b --repeats N --budget-s S --threads T

The folder is what crates/bench-peers/src/graph/world.rs writes; kernels, checks and fields are those of kernel.rs.
Each peer does the work in the way its own documentation recommends. What is converted before the clock starts: the
arrays to the peer's own graph object (that is `build`). What is inside: everything up to a result in the peer's
own memory; turning a C++ result into a Python list only where the peer offers nothing else.
"""

import argparse
import importlib
import itertools
import json
import sqlite3
import statistics
import sys
import threading
import time
from pathlib import Path

DAMPING, TOLERANCE = 0.85, 1e-4
QUERY_S_MAX = 60  # of one query of a database; a recursion over a large graph may take hours
MISSING = "not in this library"


class Missing(Exception):
    """Why a kernel cannot be run."""


def emit(**line):
    print(json.dumps(line), flush=True)


def memory(reset=False):
    """The most memory of this process in MB; since the last reset where the system can tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1.024e-3 for line in lines if line.startswith("VmHWM")), None)


class Clock:
    """Repeats work: medians of CPU and wall seconds."""

    def __init__(self, repeats, budget_s):
        self.repeats, self.budget_s = repeats, budget_s

    def once(self, work, *arguments):
        cpu, wall = time.process_time(), time.perf_counter()
        result = work(*arguments)
        return time.process_time() - cpu, time.perf_counter() - wall, result

    def repeat(self, work, prepare=None):
        start, timings = time.perf_counter(), []
        while not timings or (
            len(timings) < self.repeats and time.perf_counter() - start < self.budget_s
        ):
            state = (prepare(),) if prepare else ()
            *timing, result = self.once(work, *state)
            timings.append(timing)
        return self.medians(timings), result

    def each(self, items, work):
        """One measurement an item, the first round complete unless the budget is gone; results of that round."""
        start, timings, results = time.perf_counter(), [], []
        for number in range(self.repeats):
            for item in items:
                if timings and time.perf_counter() - start > self.budget_s:
                    return self.medians(timings), results
                *timing, result = self.once(work, item)
                timings.append(timing)
                if number == 0:
                    results.append(result)
        return self.medians(timings), results

    def questions(self, items, work):
        """Like each, one round, with p50 and p99 of the wall time."""
        start, timings, results = time.perf_counter(), [], []
        for item in items:
            if len(timings) >= 3 and time.perf_counter() - start > self.budget_s:
                break
            *timing, result = self.once(work, item)
            timings.append(timing)
            results.append(result)
        walls = sorted(wall for _, wall in timings)
        more = {
            "p50_us": statistics.median(walls) * 1e6,
            "p99_us": walls[round((len(walls) - 1) * 0.99)] * 1e6,
            "n_questions": len(walls),
        }
        return self.medians(timings), results, more

    @staticmethod
    def medians(timings):
        return [statistics.median(column) for column in zip(*timings)]


class World:
    """The arrays of the folder, read when first asked for."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.meta = json.loads((self.folder / "meta.json").read_text())
        self.directed = self.meta["directed"]
        self.n = self.meta["n_nodes"]

    def __getattr__(self, name):
        import numpy

        wide = name.endswith("offsets")
        path = self.folder / f"{name}.{'u64' if wide else 'u32'}"
        values = numpy.fromfile(path, dtype="<i8" if wide else "<i4")
        setattr(self, name, values)
        return values

    def sources_of_items(self):
        """The row of every item of the rows."""
        import numpy

        return numpy.repeat(numpy.arange(self.n, dtype="<i4"), numpy.diff(self.out_offsets))

    def edges(self, super_source=False):
        """Source, target and weight of each edge, an undirected one once; if asked, with a node n before the
        flagged ones."""
        import numpy

        source, target, weight = self.sources_of_items(), self.out_targets, self.out_weights
        if not self.directed:
            once = source < target
            source, target, weight = source[once], target[once], weight[once]
        if super_source:
            added = numpy.full(len(self.flagged), self.n, dtype="<i4")
            source = numpy.concatenate([source, added])
            target = numpy.concatenate([target, self.flagged])
            weight = numpy.concatenate([weight, numpy.ones(len(added), dtype="<i4")])
        return source, target, weight

    def save_scores(self, peer, scores):
        import numpy

        numpy.asarray(scores, dtype="<f8").tofile(self.folder / f"scores-{peer}.f64")


def of_labels(labels):
    import numpy

    sizes = numpy.bincount(numpy.asarray(labels))
    sizes = sizes[sizes > 0].astype(int)
    return {"n_components": len(sizes), "squares": int((sizes**2).sum())}


def of_sizes(sizes):
    sizes = list(sizes)
    return {"n_components": len(sizes), "squares": sum(size * size for size in sizes)}


def of_distances(columns, offset=0):
    """Reached nodes and sums of distances; `offset` is the step from an added source, which is itself not counted."""
    import numpy

    reached, sums = [], []
    for column in columns:
        column = numpy.asarray(column, dtype=float)
        column = column[(column >= offset) & (column < 1e18)] - offset
        reached.append(len(column))
        sums.append(int(column.sum()))
    return {"reached": reached, "sum": sums}


def two_way(world):
    """The raw edges, both ways if undirected."""
    import numpy

    source, target = world.raw_source, world.raw_target
    if world.directed:
        return source, target
    return numpy.concatenate([source, target]), numpy.concatenate([target, source])


class Peer:
    """What all have: kernels are methods that return timing, check and more."""

    def __init__(self, world, clock, threads):
        self.world, self.clock, self.threads = world, clock, threads

    def run(self, kernel):
        if kernel.startswith("reach_"):
            return self.reach(int(kernel.removeprefix("reach_")))
        if kernel == "pagerank_iteration":
            timing, _, more = self.pagerank()
            if "iterations" not in more:
                raise Missing("it does not tell its iterations")
            return [part / more["iterations"] for part in timing], {}, more
        method = getattr(self, kernel, None)
        if method is None:
            raise Missing(MISSING)
        return method()

    def pagerank(self):
        raise Missing(MISSING)

    def reach(self, hops):
        raise Missing(MISSING)


class SciPy(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import numpy
        import scipy
        from scipy.sparse import csgraph, csr_matrix

        self.version, self.graphs, self.numpy = scipy.__version__, csgraph, numpy
        self.csr = csr_matrix
        world, n = self.world, self.world.n
        # csgraph converts to float64 with 32-bit indices, so that is given.
        rows = (world.out_targets, world.out_offsets.astype("<i4"))
        ones = numpy.ones(len(world.out_targets))
        self.plain = csr_matrix((ones, *rows), shape=(n, n))
        self.rows = rows

    def build(self):
        from scipy.sparse import coo_matrix

        n, (source, target) = self.world.n, two_way(self.world)
        ones = self.numpy.ones(len(source), dtype="i1")

        def work():
            rows = coo_matrix((ones, (source, target)), shape=(n, n)).tocsr()
            return rows, rows.tocsc() if self.world.directed else rows

        timing, (rows, _) = self.clock.repeat(work)
        n_items = rows.nnz - len(self.numpy.unique(source[source == target]))
        return timing, {"n_items": int(n_items)}, {"note": "keeps loops"}

    def components(self):
        # The fastest of its ways for each kind of graph.
        kind = {"directed": True, "connection": "weak"} if self.world.directed else {"directed": False}
        timing, (_, labels) = self.clock.repeat(
            lambda: self.graphs.connected_components(self.plain, **kind)
        )
        return timing, of_labels(labels), {}

    def pagerank(self):
        numpy, n = self.numpy, self.world.n
        incoming = self.plain.T.tocsr() if self.world.directed else self.plain
        degrees = numpy.diff(self.world.out_offsets)
        sinks = degrees == 0
        share = numpy.where(sinks, 0.0, 1.0 / numpy.maximum(degrees, 1))

        def work():
            scores = numpy.full(n, 1 / n)
            for iteration in range(1, 201):
                spread = DAMPING * scores[sinks].sum() + 1 - DAMPING
                after = DAMPING * (incoming @ (scores * share)) + spread / n
                change = numpy.abs(after - scores).sum()
                scores = after
                if change < TOLERANCE:
                    break
            return scores, iteration

        timing, (scores, iterations) = self.clock.repeat(work)
        self.world.save_scores("scipy", scores)
        return timing, {}, {"iterations": iterations}

    def _levels(self, found):
        """Hops from the order and the predecessors of a breadth-first search."""
        numpy = self.numpy
        order, predecessors = found
        place = numpy.empty(len(predecessors), dtype="i8")
        place[order] = numpy.arange(len(order))
        before = place[predecessors[order[1:]]]  # ascends: the order is one of levels
        hops, start, end, level = numpy.zeros(len(order)), 0, 1, 0
        while end < len(order):
            start, end, level = end, 1 + numpy.searchsorted(before, end, side="left"), level + 1
            hops[start:end] = level
            if start == end:
                break
        return hops

    def bfs(self):
        timing, found = self.clock.each(
            self.world.sources.tolist(),
            lambda source: self.graphs.breadth_first_order(self.plain, source),
        )
        return timing, of_distances(map(self._levels, found)), {}

    def hop_distance(self):
        numpy, world = self.numpy, self.world
        targets = numpy.concatenate([world.out_targets, world.flagged])
        ends = [len(targets)]
        offsets = numpy.concatenate([world.out_offsets, ends]).astype("<i4")
        shape = (world.n + 1, world.n + 1)
        graph = self.csr((numpy.ones(len(targets)), targets, offsets), shape=shape)
        timing, found = self.clock.repeat(
            lambda: self.graphs.breadth_first_order(graph, world.n)
        )
        return timing, of_distances([self._levels(found)], offset=1), {}

    def sssp(self):
        weights = self.world.out_weights.astype(float)
        graph = self.csr((weights, *self.rows), shape=(self.world.n, self.world.n))
        timing, found = self.clock.each(
            self.world.sources.tolist(), lambda source: self.graphs.dijkstra(graph, indices=source)
        )
        return timing, of_distances(found), {}


class NetworKit(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import networkit

        self.kit, self.version = networkit, networkit.__version__
        networkit.setNumberOfThreads(self.threads)
        self.plain = self._graph()

    def _graph(self, weighted=False, super_source=False, part=None):
        source, target, weight = self.world.edges(super_source)
        if part is not None:
            source, target, weight = source[part], target[part], weight[part]
        # Ids of 32 bits make it fault.
        source, target = source.astype("i8"), target.astype("i8")
        data = (weight.astype(float), (source, target)) if weighted else (source, target)
        return self.kit.GraphFromCoo(
            data, n=self.world.n + super_source, weighted=weighted, directed=self.world.directed
        )

    def build(self):
        source, target = (
            column.astype("i8") for column in [self.world.raw_source, self.world.raw_target]
        )

        def work():
            graph = self.kit.GraphFromCoo(
                (source, target), n=self.world.n, directed=self.world.directed
            )
            graph.removeMultiEdges()
            graph.removeSelfLoops()
            return graph

        timing, graph = self.clock.repeat(work)
        return timing, {"n_items": graph.numberOfEdges() * (1 if self.world.directed else 2)}, {}

    def components(self):
        parts = self.kit.components
        kind = parts.WeaklyConnectedComponents
        if not self.world.directed:
            kind = parts.ConnectedComponents if self.threads == 1 else parts.ParallelConnectedComponents
        timing, found = self.clock.repeat(lambda: kind(self.plain).run())
        return timing, of_sizes(found.getComponentSizes().values()), {}

    def pagerank(self):
        central = self.kit.centrality

        def work():
            ranks = central.PageRank(
                self.plain, DAMPING, TOLERANCE, distributeSinks=central.SinkHandling.DistributeSinks
            )
            ranks.norm = central.Norm.L1_NORM
            return ranks.run()

        timing, ranks = self.clock.repeat(work)
        self.world.save_scores("networkit", ranks.scores())
        return timing, {}, {"iterations": ranks.numberOfIterations()}

    def _search(self, kind, graph, sources, offset=0):
        timing, found = self.clock.each(
            sources, lambda source: kind(graph, source, storePaths=False).run()
        )
        return timing, of_distances((run.getDistances() for run in found), offset), {}

    def bfs(self):
        return self._search(self.kit.distance.BFS, self.plain, self.world.sources.tolist())

    def hop_distance(self):
        graph = self._graph(super_source=True)
        return self._search(self.kit.distance.BFS, graph, [self.world.n], offset=1)

    def sssp(self):
        graph = self._graph(weighted=True)
        return self._search(self.kit.distance.Dijkstra, graph, self.world.sources.tolist())

    def _events(self, pairs):
        kind = self.kit.dynamics.GraphEventType.EDGE_ADDITION
        return [self.kit.dynamics.GraphEvent(kind, u, v, 1.0) for u, v in pairs]

    def components_batch(self):
        """Its dynamic components, over the first nine tenths, a few batches of the rest."""
        if self.world.directed:
            raise Missing("its dynamic weak components need their graph rebuilt for an undirected answer")
        source, target, _ = self.world.edges()
        cut = len(source) * 9 // 10
        graph = self._graph(part=slice(0, cut))
        dynamic = self.kit.components.DynConnectedComponents(graph)
        dynamic.run()
        pairs = list(zip(source[cut:].tolist(), target[cut:].tolist()))
        batches = [pairs[at : at + 1000] for at in range(0, min(len(pairs), 20_000) - 999, 1000)]

        def work(events):
            dynamic.updateBatch(events)

        prepared = []
        for batch in batches:
            for u, v in batch:
                graph.addEdge(u, v)
            prepared.append(self._events(batch))
        timing, _, more = self.clock.questions(prepared, work)
        return timing, {}, more | {"note": "links at the end of a graph nearly complete"}

    def hop_distance_incremental(self):
        """Its dynamic search from an added node, the last tenth of the edges in one batch."""
        import numpy

        world = self.world
        source, target, _ = world.edges()
        cut = len(source) * 9 // 10
        graph = self.kit.GraphFromCoo(
            (
                numpy.concatenate([source[:cut], numpy.full(len(world.flagged), world.n)]).astype("i8"),
                numpy.concatenate([target[:cut], world.flagged]).astype("i8"),
            ),
            n=world.n + 1,
            directed=world.directed,
        )
        dynamic = self.kit.distance.DynBFS(graph, world.n)
        dynamic.run()
        pairs = list(zip(source[cut:].tolist(), target[cut:].tolist()))
        for u, v in pairs:
            graph.addEdge(u, v)
        events = self._events(pairs)
        cpu, wall, _ = self.clock.once(dynamic.updateBatch, events)
        rate = len(pairs) / cpu / 1e6
        check = of_distances([dynamic.getDistances()], offset=1)
        return (cpu, wall), check, {"m_edges_per_s": rate}


class IGraph(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import igraph

        self.igraph, self.version = igraph, igraph.__version__
        self.plain = self._graph()

    def _graph(self, super_source=False):
        import numpy

        source, target, _ = self.world.edges(super_source)
        pairs = numpy.column_stack([source, target]).astype("i8")
        return self.igraph.Graph(
            n=self.world.n + super_source, edges=pairs, directed=self.world.directed
        )

    def build(self):
        import numpy

        world = self.world
        pairs = numpy.column_stack([world.raw_source, world.raw_target]).astype("i8")

        def work():
            graph = self.igraph.Graph(n=world.n, edges=pairs, directed=world.directed)
            return graph.simplify()

        timing, graph = self.clock.repeat(work)
        return timing, {"n_items": graph.ecount() * (1 if world.directed else 2)}, {}

    def components(self):
        timing, found = self.clock.repeat(lambda: self.plain.connected_components(mode="weak"))
        return timing, of_labels(found.membership), {}

    def pagerank(self):
        timing, scores = self.clock.repeat(lambda: self.plain.pagerank(damping=DAMPING))
        self.world.save_scores("igraph", scores)
        return timing, {}, {"note": "PRPACK, solves exactly"}

    def _search(self, graph, sources, weights=None, offset=0):
        timing, found = self.clock.each(
            sources,
            lambda source: graph.distances(source=source, weights=weights, mode="out")[0],
        )
        return timing, of_distances(found, offset), {}

    def bfs(self):
        return self._search(self.plain, self.world.sources.tolist())

    def hop_distance(self):
        return self._search(self._graph(super_source=True), [self.world.n], offset=1)

    def sssp(self):
        weights = self.world.edges()[2].tolist()
        return self._search(self.plain, self.world.sources.tolist(), weights)

    def neighborhood_3(self):
        timing, counts, more = self.clock.questions(
            self.world.small_queries.tolist(),
            lambda node: len(self.plain.neighborhood(node, order=3, mode="out")),
        )
        return timing, {"n_nodes": counts}, more


class RustworkX(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import rustworkx

        self.rx, self.version = rustworkx, rustworkx.__version__
        source, target, weight = self.world.edges()
        self.plain = self._graph(zip(source.tolist(), target.tolist(), weight.tolist()))

    def _graph(self, triples=(), pairs=None):
        graph = (self.rx.PyDiGraph if self.world.directed else self.rx.PyGraph)()
        graph.add_nodes_from(range(self.world.n))
        if pairs is not None:
            graph.add_edges_from_no_data(pairs)
        else:
            triples = iter(triples)
            while part := list(itertools.islice(triples, 1_000_000)):
                graph.add_edges_from(part)
        return graph

    def build(self):
        """Keeps loops and duplicates: it offers no removal in one call that is not far slower."""
        world = self.world
        pairs = list(zip(world.raw_source.tolist(), world.raw_target.tolist()))
        timing, _ = self.clock.repeat(lambda: self._graph(pairs=pairs))
        return timing, {}, {"partial": "keeps loops and duplicates"}

    def components(self):
        rx = self.rx
        kind = rx.weakly_connected_components if self.world.directed else rx.connected_components
        timing, found = self.clock.repeat(lambda: kind(self.plain))
        return timing, of_sizes(map(len, found)), {}

    def pagerank(self):
        if not self.world.directed:
            raise Missing("only for directed graphs")
        tolerance = TOLERANCE / self.world.n  # it stops at a change of nodes x tolerance
        timing, scores = self.clock.repeat(
            lambda: self.rx.pagerank(self.plain, alpha=DAMPING, tol=tolerance, max_iter=200)
        )
        self.world.save_scores("rustworkx", [scores[node] for node in range(self.world.n)])
        return timing, {}, {}

    def _layers(self, sources):
        return self.rx.bfs_layers(self.plain, sources)

    def _sums(self, found):
        reached = [sum(map(len, layers)) for layers in found]
        sums = [sum(hops * len(layer) for hops, layer in enumerate(layers)) for layers in found]
        return {"reached": reached, "sum": sums}

    def bfs(self):
        timing, found = self.clock.each(
            self.world.sources.tolist(), lambda source: self._layers([source])
        )
        return timing, self._sums(found), {}

    def hop_distance(self):
        flagged = self.world.flagged.tolist()
        timing, found = self.clock.repeat(lambda: self._layers(flagged))
        return timing, self._sums([found]), {}

    def sssp(self):
        timing, found = self.clock.each(
            self.world.sources.tolist(),
            lambda source: self.rx.dijkstra_shortest_path_lengths(self.plain, source, float),
        )
        # It leaves the source out.
        lengths = [list(lengths.values()) + [0.0] for lengths in found]
        return timing, of_distances(lengths), {}


class NetworkX(Peer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import networkx

        self.nx, self.version = networkx, networkx.__version__
        source, target, weight = self.world.edges()
        self.plain = self._graph()
        self.plain.add_weighted_edges_from(zip(source.tolist(), target.tolist(), weight.tolist()))

    def _graph(self):
        graph = (self.nx.DiGraph if self.world.directed else self.nx.Graph)()
        graph.add_nodes_from(range(self.world.n))
        return graph

    def build(self):
        world = self.world
        pairs = list(zip(world.raw_source.tolist(), world.raw_target.tolist()))

        def work():
            graph = self._graph()
            graph.add_edges_from(pair for pair in pairs if pair[0] != pair[1])
            return graph

        timing, graph = self.clock.repeat(work)
        return timing, {"n_items": graph.number_of_edges() * (1 if world.directed else 2)}, {}

    def components(self):
        nx = self.nx
        kind = nx.weakly_connected_components if self.world.directed else nx.connected_components
        timing, found = self.clock.repeat(lambda: list(kind(self.plain)))
        return timing, of_sizes(map(len, found)), {}

    def components_incremental(self):
        world = self.world
        pairs = list(zip(world.shuffled_source.tolist(), world.shuffled_target.tolist()))

        def work(sets):
            for a, b in pairs:
                sets.union(a, b)
            return sets

        timing, sets = self.clock.repeat(work, lambda: self.nx.utils.UnionFind(range(world.n)))
        rate = len(pairs) / timing[0] / 1e6
        return timing, of_sizes(map(len, sets.to_sets())), {"m_links_per_s": rate}

    def pagerank(self):
        tolerance = TOLERANCE / self.world.n  # it stops at a change of nodes x tolerance
        timing, scores = self.clock.repeat(
            lambda: self.nx.pagerank(self.plain, alpha=DAMPING, tol=tolerance, weight=None)
        )
        self.world.save_scores("networkx", [scores[node] for node in range(self.world.n)])
        return timing, {}, {}

    def bfs(self):
        timing, found = self.clock.each(
            self.world.sources.tolist(),
            lambda source: self.nx.single_source_shortest_path_length(self.plain, source),
        )
        return timing, of_distances(list(lengths.values()) for lengths in found), {}

    def hop_distance(self):
        flagged = set(self.world.flagged.tolist())
        timing, found = self.clock.repeat(
            lambda: self.nx.multi_source_dijkstra_path_length(self.plain, flagged, weight=None)
        )
        return timing, of_distances([list(found.values())]), {}

    def sssp(self):
        timing, found = self.clock.each(
            self.world.sources.tolist(),
            lambda source: self.nx.single_source_dijkstra_path_length(self.plain, source),
        )
        return timing, of_distances(list(lengths.values()) for lengths in found), {}

    def neighborhood_3(self):
        timing, counts, more = self.clock.questions(
            self.world.small_queries.tolist(),
            lambda node: len(self.nx.single_source_shortest_path_length(self.plain, node, cutoff=3)),
        )
        return timing, {"n_nodes": counts}, more


class Database(Peer):
    """Questions of one node at a time, in a query language."""

    def ask(self, *query):
        """The first row, unless that takes too long."""
        timer = threading.Timer(QUERY_S_MAX, self.base.interrupt)
        timer.start()
        try:
            return self.base.execute(*query).fetchone()
        except Exception as fault:
            if "nterrupt" in str(fault):
                raise Missing(f"not done in {QUERY_S_MAX} s") from fault
            raise
        finally:
            timer.cancel()

    def reach(self, hops):
        if not self.world.directed:
            raise Missing("asked of directed graphs")
        timing, found, more = self.clock.questions(
            self.world.queries.tolist(), lambda node: self.nearest(node, hops)
        )
        return timing, {"hops": [-1 if hops is None else hops for hops in found]}, more

    def neighborhood_3(self):
        timing, counts, more = self.clock.questions(
            self.world.small_queries.tolist(), self.neighborhood
        )
        return timing, {"n_nodes": counts}, more

    def nearest_flagged(self):
        timing, _, more = self.clock.questions(self.world.queries.tolist(), self.column)
        return timing, {}, more | {"note": "one row by key from a column of hops"}


# Hops to a node are counted with the node, so UNION keeps the recursion finite by its bound and not by the nodes seen.
REACH_SQL = """
WITH RECURSIVE walk(node, hops) AS (
    SELECT {start}, 0 UNION
    SELECT edge.target, walk.hops + 1 FROM walk JOIN edge ON edge.source = walk.node
    WHERE walk.hops < {hops}
)
"""


class DuckDB(Database):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import duckdb

        self.version = duckdb.__version__
        self.base = duckdb.connect(config={"threads": self.threads})
        source, target, weight = (self._both(column) for column in self.world.edges())
        del weight
        if not self.world.directed:
            half = len(source) // 2
            source[half:], target[half:] = target[:half].copy(), source[:half].copy()
        self._load(source, target, "edge")
        for name, values in [("flagged", self.world.flagged), ("node", range(self.world.n))]:
            self._register(name, {"id": values})
        self.base.execute("CREATE TABLE known AS SELECT id, id % 7 AS hops FROM node")
        self.base.execute("CREATE UNIQUE INDEX known_id ON known(id)")

    def _both(self, column):
        import numpy

        return column if self.world.directed else numpy.concatenate([column, column])

    def _register(self, name, columns):
        import numpy
        import pyarrow

        arrow = pyarrow.table({key: numpy.asarray(values, "<i4") for key, values in columns.items()})
        self.base.register("arriving", arrow)
        self.base.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arriving")

    def _load(self, source, target, name):
        self._register(name, {"source": source, "target": target})

    def build(self):
        source, target = two_way(self.world)
        self._load(source, target, "raw")

        def work():
            self.base.execute(
                "CREATE OR REPLACE TABLE built AS SELECT DISTINCT source, target FROM raw"
                " WHERE source <> target ORDER BY source, target"
            )

        timing, _ = self.clock.repeat(work)
        count = self.base.execute("SELECT count(*) FROM built").fetchone()[0]
        self.base.execute("DROP TABLE built; DROP TABLE raw")
        return timing, {"n_items": count}, {"partial": "one way only"}

    def components(self):
        """Least label among neighbors until none changes."""
        query = """
        WITH RECURSIVE both_ways AS MATERIALIZED (
            SELECT source, target FROM edge UNION ALL SELECT target, source FROM edge
        ), label(node, least) USING KEY (node) AS (
            SELECT id, id FROM node UNION
            SELECT both_ways.target, min(label.least) FROM label
            JOIN both_ways ON both_ways.source = label.node
            JOIN recurring.label AS known ON known.node = both_ways.target
            WHERE label.least < known.least GROUP BY both_ways.target
        ) SELECT count(*), sum(size * size) FROM
            (SELECT count(*) AS size FROM label GROUP BY least)"""
        timing, found = self.clock.repeat(lambda: self.ask(query))
        return timing, {"n_components": found[0], "squares": int(found[1])}, {}

    def _hops(self, start):
        query = f"""
        WITH RECURSIVE known(node, hops) USING KEY (node) AS (
            {start} UNION
            SELECT edge.target, min(known.hops) + 1 FROM known
            JOIN edge ON edge.source = known.node
            LEFT JOIN recurring.known AS seen ON seen.node = edge.target
            WHERE seen.node IS NULL GROUP BY edge.target
        ) SELECT count(*), sum(hops) FROM known"""
        return [int(value) for value in self.ask(query)]

    def bfs(self):
        timing, found = self.clock.each(
            self.world.sources.tolist(),
            lambda source: self._hops(f"SELECT {source}::INTEGER, 0::INTEGER"),
        )
        return timing, {"reached": [n for n, _ in found], "sum": [hops for _, hops in found]}, {}

    def hop_distance(self):
        start = "SELECT id::INTEGER, 0::INTEGER FROM flagged"
        timing, (reached, hops) = self.clock.repeat(lambda: self._hops(start))
        return timing, {"reached": [reached], "sum": [hops]}, {}

    def nearest(self, node, hops):
        query = REACH_SQL.format(start=f"{node}::INTEGER", hops=hops)
        query += "SELECT min(hops) FROM walk JOIN flagged ON flagged.id = walk.node"
        return self.ask(query)[0]

    def neighborhood(self, node):
        query = REACH_SQL.format(start=f"{node}::INTEGER", hops=3)
        return self.ask(query + "SELECT count(DISTINCT node) FROM walk")[0]

    def column(self, node):
        return self.base.execute("SELECT hops FROM known WHERE id = ?", [node]).fetchone()[0]


class SQLite(Database):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.version = sqlite3.sqlite_version
        if not self.world.directed:
            raise Missing("asked of directed graphs")
        path = self.world.folder / "peer.sqlite"
        self.base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        source, target, _ = self.world.edges()
        *self.load, _ = self.clock.once(self._load, source.tolist(), target.tolist())

    def _load(self, source, target):
        run = self.base.execute
        for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"]:
            run(f"PRAGMA {pragma}")
        for name in ["edge", "flagged", "known"]:
            run(f"DROP TABLE IF EXISTS {name}")
        run("CREATE TABLE edge (source INT, target INT, PRIMARY KEY (source, target)) WITHOUT ROWID")
        run("CREATE TABLE flagged (id INTEGER PRIMARY KEY)")
        run("CREATE TABLE known (id INTEGER PRIMARY KEY, hops INT)")
        run("BEGIN")
        many = self.base.executemany
        many("INSERT OR IGNORE INTO edge VALUES (?, ?)", zip(source, target))
        many("INSERT INTO flagged VALUES (?)", ((node,) for node in self.world.flagged.tolist()))
        many("INSERT INTO known VALUES (?, ?)", ((node, node % 7) for node in range(self.world.n)))
        run("COMMIT")

    def build(self):
        return self.load, {}, {"partial": "one way only, edges already sorted"}

    def nearest(self, node, hops):
        query = REACH_SQL.format(start=node, hops=hops)
        query += "SELECT min(hops) FROM walk JOIN flagged ON flagged.id = walk.node"
        return self.ask(query)[0]

    def neighborhood(self, node):
        query = REACH_SQL.format(start=node, hops=3)
        return self.ask(query + "SELECT count(DISTINCT node) FROM walk")[0]

    def column(self, node):
        return self.base.execute("SELECT hops FROM known WHERE id = ?", [node]).fetchone()[0]


class Kuzu(Database):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        import kuzu
        import numpy
        import pyarrow
        from pyarrow import parquet

        self.version = kuzu.__version__
        if not self.world.directed:
            raise Missing("asked of directed graphs")
        world, folder = self.world, self.world.folder
        ids = numpy.arange(world.n, dtype="<i4")
        flags = numpy.isin(ids, world.flagged)
        nodes = pyarrow.table({"id": ids, "flagged": flags, "hops": ids % 7})
        source, target, _ = world.edges()
        parquet.write_table(nodes, folder / "node.parquet")
        parquet.write_table(pyarrow.table({"from": source, "to": target}), folder / "edge.parquet")
        base = kuzu.Database(str(folder / f"peer-{self.threads}.kuzu"))
        self.base = kuzu.Connection(base, num_threads=self.threads)
        *self.load, _ = self.clock.once(self._load)
        self.base.set_query_timeout(QUERY_S_MAX * 1000)
        self.prepared = {}

    def _load(self):
        folder = self.world.folder
        for statement in [
            "CREATE NODE TABLE Node(id INT32, flagged BOOLEAN, hops INT32, PRIMARY KEY(id))",
            "CREATE REL TABLE Edge(FROM Node TO Node)",
            f'COPY Node FROM "{folder}/node.parquet"',
            f'COPY Edge FROM "{folder}/edge.parquet"',
        ]:
            self.base.execute(statement)

    def build(self):
        return self.load, {}, {"partial": "from Parquet, without removal of duplicates"}

    def _ask(self, query, node):
        if query not in self.prepared:
            self.prepared[query] = self.base.prepare(query)
        try:
            result = self.base.execute(self.prepared[query], {"node": node})
        except RuntimeError as fault:
            if "nterrupt" in str(fault):
                raise Missing(f"not done in {QUERY_S_MAX} s") from fault
            raise
        value = result.get_next()[0] if result.has_next() else None
        result.close()
        return value

    def nearest(self, node, hops):
        if self._ask("MATCH (a:Node {id: $node}) RETURN a.flagged", node):
            return 0
        return self._ask(
            f"MATCH (a:Node {{id: $node}})-[e:Edge* SHORTEST 1..{hops}]->(b:Node)"
            " WHERE b.flagged RETURN min(length(e))",
            node,
        )

    def neighborhood(self, node):
        """Others within three hops, and itself, which SHORTEST never returns."""
        return 1 + self._ask(
            "MATCH (a:Node {id: $node})-[e:Edge* SHORTEST 1..3]->(b:Node) WHERE b.id <> $node"
            " RETURN count(b)",
            node,
        )

    def column(self, node):
        return self._ask("MATCH (a:Node {id: $node}) RETURN a.hops", node)


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
