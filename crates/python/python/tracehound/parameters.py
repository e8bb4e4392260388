"""Parameters the way scikit-learn keeps them: those of the constructor, stored as they came."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from .errors import DataError, NotFittedError


class Parameters:
    """Reads and sets the parameters of the constructor, so that clones and grid searches work."""

    @classmethod
    def _names(cls) -> list[str]:
        if cls.__init__ is object.__init__:
            return []
        given = list(inspect.signature(cls.__init__).parameters.values())[1:]
        plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return sorted(parameter.name for parameter in given if parameter.kind in plain)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of the constructor by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Any:
        """Sets parameters of the constructor; a model that was fitted stays as it was fitted."""
        for name, value in params.items():
            if name not in self._names():
                raise DataError(
                    f"Invalid parameter {name!r} for estimator {self}",
                    f"parameters are {', '.join(self._names())}",
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        shown = []
        for name in self._names():
            value, default = getattr(self, name, None), defaults[name].default
            if value is not default and not (type(value) is type(default) and value == default):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def not_fitted(model: Any) -> NotFittedError:
    """The error of a model that is asked too early; also scikit-learn's where that is loaded."""
    name = type(model).__name__
    kind: type[NotFittedError] = NotFittedError
    if (theirs := sys.modules.get("sklearn.exceptions")) is not None:
        kind = type("NotFittedError", (NotFittedError, theirs.NotFittedError), {})
    return kind(f"This {name} instance is not fitted yet", "call fit(...) or load(...) first")
