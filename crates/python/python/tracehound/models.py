"""`AutoModel`: trains, predicts, explains, and is one file."""

from __future__ import annotations

import copy
import json
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _native, pages
from .errors import DataError, FileError
from .parameters import Parameters, not_fitted
from .progress import ProgressBar
from .tables import TableLike, column_table, float_bytes, floats, is_named, numpy, table_of

_AS = {
    "integers": int,
    "numbers": float,
    "booleans": lambda text: text == "true",
    "texts": str,
}


class Contributions:
    """What every column did to the margin of every row, as columns; ``base`` and all of them add up to ``margin``.

    Any reader of the Arrow C stream takes it: ``pyarrow.table(c)``, ``polars.DataFrame(c)``, DuckDB.
    """

    def __init__(self, columns: _native.Columns) -> None:
        self._columns = columns

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._columns.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self._columns.__arrow_c_schema__()

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, name: str) -> Any:
        """The numbers of a column."""
        found = self._columns.numbers(name)
        if found is None:
            raise KeyError(name)
        return found if (np := numpy()) is None else np.asarray(found)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        return self._columns.column_names

    def to_pandas(self) -> Any:
        """As a pandas data frame (needs pandas and pyarrow)."""
        import pyarrow

        return pyarrow.table(self).to_pandas()

    def __repr__(self) -> str:
        return repr(self._columns)


class AutoModel(Parameters):
    """A model of one column of a table: types, features, learners, blend and report in one call.

    target: the column to predict; not needed where targets are passed apart, as in ``fit(X, y)``.
    time_budget: seconds of one core, counted by the work done, so that the same seed gives the same model.
    task: "classification", "binary" or "regression"; None to tell by the target's values.
    split: how rows are held out: "auto", "random", "stratified", "time:COL", "group:COL", or a fold number a row.
    weight: a column that says how many cases a row stands for.
    columns: what a column is where it was taken for something else, such as {"zip": "category"}.
    methods: learners to try ("linear", "boosted", "forest", "network"); None for all.
    monotone: columns with which the prediction must move, all else equal, such as {"income": "falling"}.
    imbalance: "balanced", or what the second of two classes weighs while learning; probabilities stay those of the table.
    members: `Model`s of your own that are trained on the same folds and blended with the others. Where one gets weight, the
        model lives in its process: it is code, so `save` and pickle refuse it.
    progress: whether to draw progress on standard error; None where that is a terminal.
    """

    def __init__(
        self,
        target: str | None = None,
        *,
        time_budget: float = 60.0,
        task: str | None = None,
        split: Any = "auto",
        seed: int = 0,
        weight: str | None = None,
        columns: Mapping[str, str] | None = None,
        methods: Sequence[str] | None = None,
        monotone: Mapping[str, str] | None = None,
        imbalance: str | float | None = None,
        members: Sequence[Any] | None = None,
        progress: bool | None = None,
    ) -> None:
        self.target = target
        self.time_budget = time_budget
        self.task = task
        self.split = split
        self.seed = seed
        self.weight = weight
        self.columns = columns
        self.methods = methods
        self.monotone = monotone
        self.imbalance = imbalance
        self.members = members
        self.progress = progress

    # Training

    def fit(self, table: TableLike, y: Any = None, sample_weight: Any = None) -> AutoModel:
        """Trains on a table that holds the target, or on a table of features and targets apart."""
        features, rows = table_of(table), {}
        target, weight = _column(self.target, "target"), _column(self.weight, "weight")
        if y is not None:
            named = getattr(y, "name", None)
            target = _free(target or (named if isinstance(named, str) and named else "y"), features)
            rows[target] = self._targets(y)
        elif target is None:
            name = type(self).__name__
            raise DataError(
                f"This {name} estimator requires y to be passed, but the target y is None",
                f"name the column to predict, {name}(target=...), or pass fit(X, y)",
            )
        if features.n_rows == 1:
            raise DataError("the table has 1 sample (n_samples = 1)", "bring rows to learn from and rows to judge by")
        if sample_weight is not None:
            weight = _free("sample_weight", features)
            rows[weight] = _weights(sample_weight, y, _task_of(self))
        whole = features
        for name, values in rows.items():
            whole = whole.beside(_aligned(values, name, features))
        options = _options(self, target, weight)
        with ProgressBar("training", self.progress) as bar:
            model = _native.Model.train(whole, options, "model", bar, members_of(self.members))
        self._take(model, _type_of(target, table, y, whole), [c for c in whole.columns if c not in (target, weight)])
        self._named = is_named(table)
        if not self._named:
            del self.feature_names_in_
        return self

    def _task(self) -> str | None:
        return None

    def _targets(self, y: Any) -> Any:
        return y

    def _take(self, model: _native.Model, kind: str | None, columns: list[str]) -> None:
        """Takes a trained model; `kind` says what the target's values were, None where only a file tells."""
        self._model, self._columns, self._named = model, columns, True
        self.n_features_in_ = len(columns)
        self.feature_names_in_ = columns if (np := numpy()) is None else np.array(columns, dtype=object)
        if model.task != "regression":
            classes = _class_values(model.classes, kind)
            self.classes_ = classes if np is None else np.array(classes)

    # Predictions

    def predict(self, table: TableLike) -> Any:
        """The class or the number of every row: an array of NumPy, or a list where there is none."""
        model = self._fitted()
        values, labels, unseen = model.predict(self._rows(table))
        self._tell(unseen)
        if model.task == "regression":
            return floats(values)
        if numpy() is None:
            return [self.classes_[label] for label in labels]
        return self.classes_[labels]

    def predict_proba(self, table: TableLike) -> Any:
        """The probability of every class (in the order of ``classes_``), a row each."""
        model = self._fitted()
        if model.task == "regression":
            raise DataError("a number has no probability", "use predict(...)")
        values, _, unseen = model.predict(self._rows(table))
        self._tell(unseen)
        values = floats(values)
        if (np := numpy()) is not None:
            if model.task == "binary":
                return np.column_stack([1.0 - values, values])
            return values.reshape(-1, len(model.classes))
        if model.task == "binary":
            return [[1.0 - value, value] for value in values]
        n = len(model.classes)
        return [values[at : at + n] for at in range(0, len(values), n)]

    def decision_function(self, table: TableLike) -> Any:
        """Log-odds of class 1, or the logarithm of the probability of every class (needs NumPy)."""
        import numpy as np

        shares = np.clip(self.predict_proba(table), 1e-15, 1.0)
        if shares.shape[1] == 2:
            return np.log(shares[:, 1]) - np.log(shares[:, 0])
        return np.log(shares)

    def figures(self, table: TableLike) -> dict[str, float]:
        """How good the predictions of a table are that holds the target: log loss, AUC, ... by name."""
        found = self._fitted().figures(table_of(table))
        if found is None:
            raise DataError(
                f"the table has no column {self._fitted().target!r} with the classes of the model",
                "pass a table that holds the target in every row",
            )
        return dict(found)

    def score(self, table: TableLike, y: Any = None, sample_weight: Any = None) -> float:
        """The share of right classes, or of the variance that is explained."""
        model = self._fitted()
        if y is None and sample_weight is None:
            return self.figures(table)["r2" if model.task == "regression" else "accuracy"]
        import numpy as np

        y, weights = np.asarray(y), 1.0 if sample_weight is None else np.asarray(sample_weight)
        predicted = self.predict(table)
        if model.task != "regression":
            return float(np.average(predicted == y, weights=np.broadcast_to(weights, y.shape)))
        residual = (weights * (y - predicted) ** 2).sum()
        mean = np.average(y, weights=np.broadcast_to(weights, y.shape))
        return float(1.0 - residual / (weights * (y - mean) ** 2).sum())

    # Explanations

    def explain(self, table: TableLike) -> Contributions:
        """What every column did to the margin of every row (and class)."""
        return Contributions(self._fitted().explain(self._rows(table)))

    def reasons(self, table: TableLike, n: int = 3) -> list[list[dict[str, Any]]]:
        """The strongest reasons of every row, in words."""
        keys = ("column", "value", "contribution", "words")
        rows = self._fitted().reasons(self._rows(table), n)
        return [[dict(zip(keys, reason)) for reason in row] for row in rows]

    # The file

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Writes the model as one file: the same that ``tracehound model train`` writes."""
        path = Path(path)
        data = self._fitted().to_bytes(path.stem if name is None else name)
        _write(path, data)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AutoModel:
        """Opens the file of a model, by whichever program it was trained."""
        return cls._of(_native.Model.open(os.fspath(path)))

    @classmethod
    def _of(cls, native: _native.Model) -> AutoModel:
        options = json.loads(native.options())
        split = options["split"]
        if isinstance(split, dict):
            ((how, by),) = split.items()
            split = by if how == "folds" else f"{how}:{by}"
        imbalance = options["imbalance"]
        if isinstance(imbalance, dict):
            imbalance = imbalance["positive_weight"]
        model = cls(
            options["target"],
            time_budget=options["budget_s"],
            split=split,
            seed=options["seed"],
            weight=options["weight"],
            methods=options["methods"] or None,
            monotone=options["monotone"] or None,
            imbalance=None if imbalance == "as_is" else imbalance,
        )
        given = options["roles"].items()
        model.columns = {column: own["kind"] for column, own in given if not own.get("by_table")} or None
        model.task = "classification" if isinstance(options["task"], dict) else options["task"]
        known = (options["target"], options["weight"])
        model._take(native, None, [c for c in native.table_columns if c not in known])
        return model

    def report(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Writes the report: a page of HTML, or JSON where the name ends so; without a path, gives the HTML."""
        if path is None:
            return self._fitted().report(False)
        path = Path(path)
        _write(path, self._fitted().report(path.suffix == ".json").encode())
        return None

    @property
    def answer_(self) -> dict[str, Any]:
        """What is told of the model: figures on held-out rows, leaderboard, importance, roles, warnings."""
        return json.loads(self._fitted().answer())

    # Manners

    def _fitted(self) -> _native.Model:
        model = self.__dict__.get("_model")
        if model is None:
            raise not_fitted(self)
        return model

    def _rows(self, table: TableLike) -> _native.Table:
        """The table to predict; columns without names are taken by their place, which is said."""
        name, named, found = type(self).__name__, is_named(table), table_of(table)
        n = len(found.columns)
        if not (named and self._named) and n != self.n_features_in_:
            raise DataError(
                f"X has {n} features, but {name} is expecting {self.n_features_in_} features as input",
                "pass the columns of the training, in their order",
            )
        if named == self._named:
            return found
        if named:
            message = f"X has feature names, but {name} was fitted without feature names"
        else:
            message = f"X does not have valid feature names, but {name} was fitted with feature names"
        warnings.warn(message, stacklevel=3)
        return found.renamed(self._columns)

    @staticmethod
    def _tell(unseen: list[str]) -> None:
        for words in unseen:
            warnings.warn(words, stacklevel=3)

    def __sklearn_is_fitted__(self) -> bool:
        return self.__dict__.get("_model") is not None

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        task = self._task() or self.task
        kind = {None: None, "regression": "regressor"}.get(task, "classifier")
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
            input_tags=InputTags(allow_nan=True, string=True, categorical=True),
        )

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if (model := state.get("_model")) is not None:
            state["_model"] = model.to_bytes(model.name)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if (data := state.get("_model")) is not None:
            state = {**state, "_model": _native.Model.from_bytes(data)}
        self.__dict__.update(state)

    def _repr_html_(self) -> str:
        return pages.model(self, self.answer_ if self.__sklearn_is_fitted__() else None)


class AutoClassifier(AutoModel):
    """`AutoModel` for classes, whatever their names look like."""

    def _task(self) -> str | None:
        return "classification"

    def _targets(self, y: Any) -> Any:
        try:
            from sklearn.utils.multiclass import check_classification_targets
        except ImportError:
            return y
        check_classification_targets(y)
        return y


class AutoRegressor(AutoModel):
    """`AutoModel` for numbers."""

    def _task(self) -> str | None:
        return "regression"

    @property
    def predict_proba(self) -> Any:  # type: ignore[override]
        raise AttributeError("a number has no probability")

    @property
    def decision_function(self) -> Any:  # type: ignore[override]
        raise AttributeError("a number has no margin between classes")


def load(path: str | os.PathLike[str]) -> AutoModel:
    """Opens the file of a model."""
    return AutoModel.load(path)


def _column(name: Any, option: str) -> str | None:
    """The name of a column, or none."""
    if name is None or isinstance(name, str):
        return name
    hint = "name the column by its text; targets that stand apart go to fit(X, y), weights to sample_weight"
    raise DataError(f"{option} is {name!r}, expected the name of a column", hint)


def _task_of(model: Any) -> str | None:
    """The task that a model is asked for, or that its class stands for."""
    return model.task or (model._task() if isinstance(model, AutoModel) else None)


def _type_of(target: str, table: Any, y: Any, whole: _native.Table) -> str | None:
    """The type of the targets as they were passed; None where a file holds them as text."""
    is_file = isinstance(table, (str, os.PathLike)) and y is None
    return None if is_file else dict(zip(whole.columns, whole.types)).get(target)


def _options(model: Any, target: str, weight: str | None = None) -> dict[str, Any]:
    """Options of training, as the engine takes them."""
    split = model.split
    named = isinstance(split, str)
    return {
        "target": target,
        "task": _task_of(model),
        "time_budget": float(model.time_budget),
        "split": split if named else "auto",
        "folds": None if named else [int(fold) for fold in split],
        "seed": int(model.seed),
        "weight": weight or getattr(model, "weight", None),
        "columns": dict(model.columns or {}),
        "methods": list(model.methods or []),
        "monotone": dict(getattr(model, "monotone", None) or {}),
        "imbalance": getattr(model, "imbalance", None),
    }


def members_of(models: Sequence[Any] | None) -> list[Any]:
    """Models of one's own as the engine calls them: each fit is a fresh copy, so the one passed stays as it was."""
    found: list[Any] = []
    for model in models or ():
        if not (hasattr(model, "fit_one") and hasattr(model, "predict_one")):
            raise DataError(
                f"the member {model!r} has no fit_one and predict_one",
                "derive it from tracehound.Model, and pass it fitted or not: members=[MyModel()]",
            )
        name = type(model).__name__
        taken = sum(other == name or other.startswith(name + " ") for other, _, _ in found)
        name = f"{name} {taken + 1}" if taken else name
        found.append((name, bool(getattr(model, "dense", True)), _fitting(model)))
    return found


def _fitting(model: Any) -> Any:
    from .own import arrays, matrix

    def fit(rows: Any) -> Any:
        one = copy.deepcopy(model)
        one.fit_one(*arrays(rows))
        return lambda features: float_bytes(one.predict_one(matrix(features)))

    return fit


def _free(name: Any, table: _native.Table) -> str:
    """A name that no column has."""
    name = str(name)
    while name in table.columns:
        name += "_"
    return name


def _aligned(values: Any, name: str, features: _native.Table) -> _native.Table:
    column = column_table(values, name)
    if column.n_rows != features.n_rows:
        raise DataError(
            f"Found input variables with inconsistent numbers of samples: [{features.n_rows}, {column.n_rows}]",
            f"pass one {name} for every row",
        )
    return column


def _weights(weights: Any, y: Any, task: str | None) -> Any:
    """Weights under which something can be learned."""
    flat = _flat(weights)
    if not any(flat):
        raise DataError("sample_weight is zero in every row: all weights are zero", "weigh cases that count by 1")
    if task == "classification" and y is not None:
        classes = {target for target, weight in zip(_flat(y), flat) if weight}
        if len(classes) == 1:
            raise DataError(f"every row that weighs anything is of one class, {classes.pop()!r}", "weigh two classes")
    return weights


def _flat(values: Any) -> list[Any]:
    return list(values) if (np := numpy()) is None else np.asarray(values).ravel().tolist()


def _class_values(names: list[str], kind: str | None) -> list[Any]:
    """Classes as the caller wrote them. A file holds only their names: there whole numbers are taken for such."""
    if kind is None:
        whole = all(re.fullmatch("0|-?[1-9][0-9]{0,17}", name) for name in names)
        kind = "integers" if whole else "texts"
    return [_AS[kind](name) for name in names]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a reader never sees half a file."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}", "choose a folder that can be written") from error
