"""Forecasts of a series, with bounds."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from . import _native, pages
from .tables import TableLike, numpy, table_of


class Forecast:
    """The next steps of a series.

    ``mean`` and, by level in per cent, ``lower`` and ``upper``, and by probability ``quantiles`` are arrays of NumPy (lists where
    there is none); ``times`` are aware datetimes; ``instead_of`` is the method that was asked for where the last season stands
    in for it (``answer["instead_of"]`` says why); ``scenario`` is the mean under the scenarios, None without any; ``answer`` is
    all that is told, as plain data (``answer["indicators_ahead"]``: known, forecast or scenario, by indicator).
    """

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.times = [datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in answer["times"]]
        self.mean = _array(answer["mean"])
        self.lower = {bounds["level"]: _array(bounds["lower"]) for bounds in answer["bounds"]}
        self.upper = {bounds["level"]: _array(bounds["upper"]) for bounds in answer["bounds"]}
        self.quantiles = {path["quantile"]: _array(path["values"]) for path in answer.get("quantiles", [])}
        self.scenario = _array(answer["scenario"]["mean"]) if "scenario" in answer else None
        self.instead_of: str | None = answer.get("instead_of", {}).get("method")

    def __len__(self) -> int:
        return len(self.answer["mean"])

    def to_dict(self) -> dict[str, list[Any]]:
        """As columns: time, mean, lower_80, upper_80, ..., quantile_0.1, ..."""
        columns: dict[str, list[Any]] = {"time": list(self.times)} if self.times else {}
        columns["mean"] = list(self.answer["mean"])
        for bounds in self.answer["bounds"]:
            columns[f"lower_{bounds['level']:g}"] = list(bounds["lower"])
            columns[f"upper_{bounds['level']:g}"] = list(bounds["upper"])
        for path in self.answer.get("quantiles", []):
            columns[f"quantile_{path['quantile']:g}"] = list(path["values"])
        if "scenario" in self.answer:
            columns["scenario_mean"] = list(self.answer["scenario"]["mean"])
        return columns

    def __repr__(self) -> str:
        first = f" from {self.times[0]:%Y-%m-%d %H:%M}" if self.times else ""
        return f"<Forecast of {len(self)} steps{first} by {self.answer['method']}>"

    def to_svg(self) -> str:
        """The last values, what is expected and the bounds, as a picture."""
        return pages.forecast_svg(self.answer)

    def _repr_html_(self) -> str:
        return pages.forecast(self.answer)


def forecast(
    series: TableLike,
    horizon: int | None = None,
    *,
    method: str = "auto",
    levels: Sequence[float] = (80, 95),
    quantiles: Sequence[float] = (),
    indicators: TableLike | None = None,
    scenarios: Sequence[str] = (),
    late_after: float | datetime.timedelta | None = None,
    strict: bool = False,
    time: str | None = None,
    value: str | None = None,
    keep: str | None = None,
) -> Forecast:
    """Forecasts a series: a table with a column of times and one of values, or a pandas series with a time index.

    horizon: steps ahead; None for two seasons.
    method: "auto", "ets", "theta", "mstl", "regression", "prophet", "sarimax", "auto_arima", "dhr" or
        "seasonal_naive".
    levels: of the bounds, in per cent.
    quantiles: probabilities between 0 and 1, such as (0.1, 0.5, 0.9).
    indicators: a table with a column of times and columns of numbers, over the history and as far ahead as they are known; from
        there on the last season of each is repeated, and the answer says so. Used by "dhr", "regression", "prophet", "sarimax"
        and "auto_arima".
    scenarios: what indicators are assumed to do: "btc=+8% in 1h" (a straight line, then kept), "btc=-120 in 2h",
        "fees=42 at 2026-01-01T12:00:00Z", "fees=42"; the answer has the forecast under them beside the one without.
    late_after: seconds (or a timedelta) after which the last measured value is too old to go on from.
    strict: raise where the method fails or the data are late, instead of repeating the last season and saying so.
    time, value: the columns, where their names do not tell.
    keep: which of several values of one time counts: "first", "last" or "mean"; None for an error.
    """
    if not isinstance(series, str) and hasattr(series, "index") and hasattr(series, "to_numpy"):
        if getattr(series, "ndim", 0) == 1:
            series = {"time": series.index.to_series(), "value": series}
            time, value = "time", "value"
    asked = {
        "time": time,
        "value": value,
        "keep": keep,
        "method": method,
        "horizon": horizon,
        "levels": [level / 100 for level in levels],
        "quantiles": list(quantiles),
        "late": None if late_after is None else (_now(), _seconds(late_after)),
        "strict": strict,
        "scenarios": list(scenarios),
    }
    beside = None if indicators is None else table_of(indicators, "indicators")
    return Forecast(json.loads(_native.forecast(table_of(series, "series"), beside, asked)))


def _now() -> int:
    return int(datetime.datetime.now(datetime.timezone.utc).timestamp())


def _seconds(span: float | datetime.timedelta) -> int:
    return int(span.total_seconds() if isinstance(span, datetime.timedelta) else span)


def _array(values: list[float]) -> Any:
    return values if (np := numpy()) is None else np.array(values, dtype=float)
