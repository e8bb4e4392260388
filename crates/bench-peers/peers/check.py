"""Our graph kernels against NetworkX and SciPy: what crates/bench-peers/tests/networkx.rs computed, computed again.

    check.py FOLDER

A file a case: {"name", "n_nodes", "source", "target", "weight", "time", and what ours answered}. Prints a line a case;
exits with 1 at the first difference. Exact: labels, hops, lengths, widths, lengths of the k shortest paths, cycles.
PageRank to 1e-9 in every score (both are iterated far below that).
"""

import json
import sys
from itertools import islice
from pathlib import Path

import networkx as nx
import numpy
from scipy.sparse import csr_matrix
from scipy.sparse import csgraph

NONE = -1
SCORE_DIFFERENCE_MAX = 1e-9


class Case:
    def __init__(self, path):
        self.ours = json.loads(path.read_text())
        ours = self.ours
        self.name, self.n = ours["name"], ours["n_nodes"]
        # Edges between the same nodes are one with the sum of the weights; loops stay.
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from(range(self.n))
        for source, target, weight in zip(ours["source"], ours["target"], ours["weight"]):
            if self.graph.has_edge(source, target):
                self.graph[source][target]["weight"] += weight
            else:
                self.graph.add_edge(source, target, weight=weight)
        edges = list(self.graph.edges(data="weight"))
        self.rows = self.matrix(edges)
        self.by_width = sorted(edges, key=lambda edge: -edge[2])

    def matrix(self, edges):
        source, target, weight = (numpy.array(column) for column in zip(*edges)) if edges else ([],) * 3
        return csr_matrix((weight, (source, target)), shape=(self.n, self.n), dtype=float)

    def equal(self, what, ours, theirs):
        if ours != theirs:
            place = next((at for at, (a, b) in enumerate(zip(ours, theirs)) if a != b), "the length")
            detail = "" if place == "the length" else f": {ours[place]} and not {theirs[place]}"
            sys.exit(f"{self.name}: {what} differ at {place}{detail}")

    def column(self, found):
        """A dictionary by node as a list."""
        return [found.get(node, NONE) for node in range(self.n)]

    def components(self):
        labels = [0] * self.n
        for members in nx.weakly_connected_components(self.graph):
            least = min(members)
            for node in members:
                labels[node] = least
        for way, found in self.ours["labels"].items():
            self.equal(f"labels ({way})", found, labels)
        _, of_scipy = csgraph.connected_components(self.rows, directed=True, connection="weak")
        first = {}
        for node, label in enumerate(of_scipy):
            first.setdefault(label, node)
        self.equal("labels of SciPy", [first[label] for label in of_scipy], labels)

    def searches(self):
        for source, hops in self.ours["bfs"]:
            self.equal("hops", hops, self.column(nx.single_source_shortest_path_length(self.graph, source)))
        flagged = self.ours["flagged"]
        for direction, graph in [("forward", self.graph), ("backward", self.graph.reverse(copy=False))]:
            found = nx.multi_source_dijkstra_path_length(graph, set(flagged), weight=None)
            for way in ["whole", "incremental"]:
                self.equal(f"{way} hops {direction}", self.ours[f"{way}_{direction}"], self.column(found))
        for source, nodes in self.ours["within_3"]:
            found = nx.single_source_shortest_path_length(self.graph, source, cutoff=3)
            self.equal("neighborhood", nodes, [list(pair) for pair in sorted(found.items())])

    def lengths(self):
        for source, lengths in self.ours["lengths"]:
            found = nx.single_source_dijkstra_path_length(self.graph, source)
            self.equal("lengths", lengths, self.column(found))
            of_scipy = csgraph.dijkstra(self.rows, indices=source)
            whole = [NONE if numpy.isinf(length) else int(length) for length in of_scipy]
            self.equal("lengths of SciPy", lengths, whole)
        for source, target, lengths in self.ours["k_shortest"]:
            found = list(islice(self.simple_path_lengths(source, target), 5))
            self.equal(f"k shortest {source} to {target}", lengths, found)

    def simple_path_lengths(self, source, target):
        """Lengths of the simple paths, shortest first: the algorithm of Yen over single searches of NetworkX.
        Its own `shortest_simple_paths` is not used: it may miss the shortest path of a graph with weights."""
        taken, candidates = [], {}
        path = self.best(source, target, set(), set())
        while path:
            taken.append(path)
            yield nx.path_weight(self.graph, path, "weight")
            for at in range(len(path) - 1):
                root = path[: at + 1]
                banned = {tuple(other[at : at + 2]) for other in taken if other[: at + 1] == root}
                spur = self.best(path[at], target, set(root[:-1]), banned)
                if spur:
                    candidate = root[:-1] + spur
                    candidates[tuple(candidate)] = nx.path_weight(self.graph, candidate, "weight")
            path = list(min(candidates, key=candidates.get)) if candidates else None
            candidates.pop(tuple(path or ()), None)

    def best(self, source, target, nodes, edges):
        """A shortest path that enters none of the nodes and uses none of the edges."""
        allowed = nx.restricted_view(self.graph, nodes, edges)
        try:
            return nx.dijkstra_path(allowed, source, target)
        except nx.NetworkXNoPath:
            return None

    def widths(self):
        """By definition: a node is reached over edges of its width and more, and not over wider ones alone."""
        for source, widths in self.ours["widths"]:
            reached = set(nx.descendants(self.graph, source)) | {source}
            positive = [node for node in range(self.n) if widths[node] > 0]
            if self.n <= 100:
                self.equal("reached at a width", sorted(positive), sorted(reached))
            others = sorted(reached - {source})
            for node in others[:: max(1, len(others) // 40)]:
                width = widths[node]
                for is_in, edges in [
                    (True, [edge for edge in self.by_width if edge[2] >= width]),
                    (False, [edge for edge in self.by_width if edge[2] > width]),
                ]:
                    order = csgraph.breadth_first_order(
                        self.matrix(edges), source, return_predecessors=False
                    )
                    self.equal(f"width of {node} from {source}", [node in set(order)], [is_in])

    def pagerank(self):
        for what in self.ours["pagerank"]:
            seeds = {node: weight for node, weight in what["seeds"]} or None
            weight = "weight" if what["weighted"] else None
            found = nx.pagerank(
                self.graph, alpha=0.85, personalization=seeds, weight=weight, tol=1e-15, max_iter=2000
            ) if self.n < 1000 else nx.pagerank(
                self.graph, alpha=0.85, personalization=seeds, weight=weight, tol=1e-17, max_iter=400
            )
            worst = max(abs(found[node] - score) for node, score in enumerate(what["scores"]))
            if not worst <= SCORE_DIFFERENCE_MAX:
                sys.exit(f"{self.name}: pagerank {what['weighted']} {seeds}: differs by {worst}")

    def cycles(self):
        """Simple cycles whose times ascend from some edge on, within the window."""
        if "cycles" not in self.ours:
            return
        window, length = self.ours["cycles"]["window"], self.ours["cycles"]["length_max"]
        graph, time = nx.DiGraph(), {}
        for source, target, at in zip(*(self.ours["cycles"][name] for name in ["source", "target", "time"])):
            graph.add_edge(source, target)
            time[source, target] = at
        found = 0
        for nodes in nx.simple_cycles(graph, length_bound=length):
            times = [time[pair] for pair in zip(nodes, nodes[1:] + nodes[:1])]
            start = times.index(min(times))
            times = times[start:] + times[:start]
            ascends = all(a < b for a, b in zip(times, times[1:]))
            found += len(nodes) > 1 and ascends and times[-1] - times[0] <= window
        self.equal("cycles", [self.ours["cycles"]["n"]], [found])


def main(folder):
    for path in sorted(Path(folder).glob("*.json")):
        case = Case(path)
        for check in [case.components, case.searches, case.lengths, case.widths, case.pagerank, case.cycles]:
            check()
        print(f"{case.name}: {case.n} nodes, {case.graph.number_of_edges()} edges agree")


if __name__ == "__main__":
    main(sys.argv[1])
