"""Models side by side on the same folds."""

from __future__ import annotations

import copy
from typing import Any

from . import _native, pages
from .errors import DataError
from .models import AutoModel, _options, _task_of, members_of
from .own import Model, arrays, folds_of, matrix
from .progress import ProgressBar
from .tables import TableLike, float_bytes, floats, numpy, table_of


class Evaluation:
    """Figures of models on rows that they were not fitted to.

    figures: for every model its figures over all held-out rows, by name.
    folds: for every model its figures fold by fold.
    predictions: for every model its answers for the held-out rows, in the order of ``rows``.
    """

    def __init__(self, target: str, task: str, held_out: str, rows: Any) -> None:
        self.target, self.task, self.held_out, self.rows = target, task, held_out, rows
        self.figures: dict[str, dict[str, float]] = {}
        self.folds: dict[str, list[dict[str, float]]] = {}
        self.predictions: dict[str, Any] = {}

    @property
    def measures(self) -> list[str]:
        """Names of the figures that any model has, in order."""
        return list(dict.fromkeys(name for row in self.figures.values() for name in row))

    def __repr__(self) -> str:
        width = max(len(name) for name in [*self.figures, "model"])
        lines = [f"{self.target}, {self.held_out}"]
        lines.append("  ".join(["model".ljust(width), *(name.rjust(12) for name in self._short())]))
        for name, row in self.figures.items():
            cells = [f"{row[m]:12.4f}" if m in row else " " * 12 for m in self.measures]
            lines.append("  ".join([name.ljust(width), *cells]))
        return "\n".join(lines)

    def _short(self) -> list[str]:
        return [m.replace("average_precision", "avg_prec").replace("calibration_", "cal_") for m in self.measures]

    def _repr_html_(self) -> str:
        return pages.evaluation(self)


def evaluate(
    model: Any,
    table: TableLike,
    target: str | None = None,
    split: Any = "auto",
    *,
    against: Any = None,
    seed: int = 0,
    progress: bool | None = None,
) -> Evaluation:
    """Judges models on the same held-out rows: `Model`s of your own, `AutoModel`s, one or a list.

    Every fold is trained on without its held-out rows, types and features included. ``against`` is the model that stands
    beside them; None for an `AutoModel` with ten seconds a fold, False for none.
    """
    models = list(model) if isinstance(model, (list, tuple)) else [model]
    target = target or next((m.target for m in models if m.target), None) or ""
    weights = {m.weight for m in models if getattr(m, "weight", None)}
    if len(weights) > 1:
        names = ", ".join(sorted(weights))
        raise DataError(f"the models weigh rows by different columns: {names}", "give all the same weight, or evaluate them apart")
    weight = next(iter(weights), None)
    if against is None:
        against = AutoModel(target, time_budget=10.0, weight=weight)
    if against is not False:
        models.append(against)
    whole, np = table_of(table), numpy()
    task = next((task for task in map(_task_of, models) if task), None)
    frame = AutoModel(target, split=split, seed=seed, task=task, weight=weight)
    cut = folds_of(frame, whole, target)
    parts = [cut.rows(fold) for fold in range(len(cut))]
    rows = np.concatenate([held for _, held in parts])
    found = Evaluation(target, cut.task, cut.held_out, rows)
    with ProgressBar("evaluating", progress) as bar:
        for place, one in enumerate(models):
            answers = []
            folds = None if isinstance(one, AutoModel) else _own_folds(one, whole, frame, target)
            for fold, part in enumerate(parts):
                bar(place * len(parts) + fold, len(models) * len(parts))
                if folds is None:
                    answers.append(_auto(one, whole, target, part, cut))
                else:
                    answers.append(_own(one, folds, fold))
            name = _name(one, found.figures)
            figures = [dict(cut.assess(float_bytes(a), fold)) for fold, a in enumerate(answers)]
            found.folds[name] = figures
            found.predictions[name] = np.concatenate(answers)
            found.figures[name] = dict(cut.assess(float_bytes(found.predictions[name])))
    return found


def _name(model: Any, taken: Any) -> str:
    name = type(model).__name__
    return name if name not in taken else f"{name} {sum(t.startswith(name) for t in taken) + 1}"


def _own_folds(model: Model, table: _native.Table, frame: AutoModel, target: str) -> _native.Folds:
    """The same folds, with the features that this model asks for."""
    options = _options(frame, target)
    options["columns"] = dict(model.columns or {})
    return _native.Folds(table, options, bool(model.dense))


def _own(model: Model, folds: _native.Folds, fold: int) -> Any:
    one = copy.deepcopy(model)
    one.fit_one(*arrays(folds.training(fold)))
    return numpy().asarray(one.predict_one(matrix(folds.held(fold)[0])), dtype=float)


def _auto(model: AutoModel, table: _native.Table, target: str, part: Any, cut: _native.Folds) -> Any:
    rows, held = part
    options = _options(model, target)
    options["folds"], options["task"] = None, options["task"] or cut.task
    # A fold may lack a class of the table: then it has one class less to learn.
    if cut.task == "multiclass":
        options["task"] = "classification"
    native = _native.Model.train(table.take(rows), options, "model", None, members_of(model.members))
    values = floats(native.predict(table.take(held))[0])
    if cut.task != "multiclass":
        return values
    np = numpy()
    known = values.reshape(len(held), -1)
    known = np.column_stack([1.0 - known, known]) if native.task == "binary" else known
    shares = np.zeros((len(held), len(cut.classes)))
    shares[:, [cut.classes.index(name) for name in native.classes]] = known
    return shares
