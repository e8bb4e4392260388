"""What all contenders of peers.py share: clock, graph, and the checks that every result must pass."""

import json
import statistics
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
