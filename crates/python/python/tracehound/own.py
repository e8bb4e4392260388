"""`Model`: a learner of your own behind the same types, features, folds and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _native
from .errors import DataError
from .models import _aligned, _class_values, _free, _options, _type_of
from .parameters import Parameters, not_fitted
from .tables import TableLike, float_bytes, floats, is_named, numpy, table_of


class Model(Parameters):
    """Override `fit_one` and `predict_one`; tables become matrices, and answers classes, by themselves.

    >>> import numpy as np
    >>> class Nearest(Model):
    ...     def fit_one(self, X, y, weights):
    ...         self.means = [np.average(X[y == c], axis=0, weights=weights[y == c]) for c in (0, 1)]
    ...     def predict_one(self, X):
    ...         far, near = (((X - mean) ** 2).sum(axis=1) for mean in self.means)
    ...         return far / (far + near)

    ``Nearest(target="churned").fit(table).predict(table)`` works then, and `tracehound.evaluate` sets it beside `AutoModel`
    on the same folds. Needs NumPy.
    """

    #: Features without missing values and categories, and on one scale; False for NaN and codes of levels.
    dense = True
    #: The column to predict.
    target: str | None = None
    #: "classification", "binary" or "regression"; None to tell by the values.
    task: str | None = None
    split: Any = "auto"
    seed = 0
    columns: Mapping[str, str] | None = None
    time_budget = 60.0
    methods = None

    def __init__(self, target: str | None = None) -> None:
        self.target = target

    def fit_one(self, X: Any, y: Any, weights: Any) -> None:
        """Fits to features (rows x features), targets (numbers, or classes as 0.0, 1.0, ...) and weights."""
        raise NotImplementedError("override fit_one")

    def predict_one(self, X: Any) -> Any:
        """A number a row; for two classes the probability of the second; for more, rows x classes."""
        raise NotImplementedError("override predict_one")

    def fit(self, table: TableLike, y: Any = None) -> Any:
        """Fits to a table that holds the target, or to features and targets apart."""
        whole, target = table_of(table), self.target
        if y is not None:
            target = _free(target or getattr(y, "name", None) or "y", whole)
            whole = whole.beside(_aligned(y, target, whole))
        elif target is None:
            raise DataError("there is no target", f"name it, {type(self).__name__}(target=...)")
        folds = folds_of(self, whole, target)
        self.features_ = folds.feature_names
        if folds.task != "regression":
            kind = _type_of(target, table, y, whole)
            self.classes_ = numpy().array(_class_values(folds.classes, kind))
        self.fit_one(*arrays(folds.training()))
        self._folds = folds
        return self

    def predict(self, table: TableLike) -> Any:
        """The class or the number of every row."""
        answers = self._answers(table)
        if self._folds.task == "regression":
            return answers
        if self._folds.task == "binary":
            return self.classes_[(answers >= 0.5).astype(int)]
        return self.classes_[answers.argmax(axis=1)]

    def predict_proba(self, table: TableLike) -> Any:
        """The probability of every class, a row each."""
        answers = self._answers(table)
        if self._folds.task == "regression":
            raise DataError("a number has no probability", "use predict(...)")
        return numpy().column_stack([1.0 - answers, answers]) if answers.ndim == 1 else answers

    def _answers(self, table: TableLike) -> Any:
        if "_folds" not in self.__dict__:
            raise not_fitted(self)
        return numpy().asarray(self.predict_one(matrix(self._folds.transform(table_of(table)))))


def folds_of(model: Any, table: _native.Table, target: str) -> _native.Folds:
    """The folds that a model asks for."""
    if numpy() is None:
        raise DataError("models of your own need NumPy", "pip install numpy")
    return _native.Folds(table, _options(model, target), bool(getattr(model, "dense", True)))


def matrix(features: tuple[bytes, int, int]) -> Any:
    """Features as rows x columns."""
    data, n_rows, n_features = features
    return floats(data).reshape(n_features, n_rows).T


def arrays(rows: tuple[tuple[bytes, int, int], bytes, bytes]) -> tuple[Any, Any, Any]:
    """Features, targets and weights."""
    features, targets, weights = rows
    return matrix(features), floats(targets), floats(weights)


__all__ = ["Model", "arrays", "float_bytes", "folds_of", "is_named", "matrix"]
