"""Graph libraries; see peers.py."""

import itertools

from contender import (
    DAMPING,
    TOLERANCE,
    Missing,
    Peer,
    of_distances,
    of_labels,
    of_sizes,
    two_way,
)


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
