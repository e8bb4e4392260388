"""Databases with a query language; see peers.py."""

import sqlite3
import threading

from contender import QUERY_S_MAX, Missing, Peer, two_way


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
