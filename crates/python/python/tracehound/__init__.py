"""Tracehound: from a table to a model you can explain and serve, and forecasts with bounds.

>>> from tracehound import AutoModel
>>> model = AutoModel(target="churned", time_budget=60).fit("customers.csv")  # doctest: +SKIP
>>> model.predict_proba("new.csv")  # doctest: +SKIP
"""

from ._native import CODE_VERSION as __version__
from .errors import DataError, FileError, InternalError, NotFittedError, TracehoundError
from .evaluation import Evaluation, evaluate
from .forecasting import Forecast, forecast
from .models import AutoClassifier, AutoModel, AutoRegressor, Contributions, load
from .own import Model

__all__ = [
    "AutoClassifier",
    "AutoModel",
    "AutoRegressor",
    "Contributions",
    "DataError",
    "Evaluation",
    "FileError",
    "Forecast",
    "InternalError",
    "Model",
    "NotFittedError",
    "TracehoundError",
    "__version__",
    "evaluate",
    "forecast",
    "load",
]
