"""Forecasts from Python."""

import datetime
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tracehound import DataError, forecast

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
TIMES = [START + datetime.timedelta(hours=at) for at in range(24 * 14)]
VALUES = [100 + 20 * math.sin(2 * math.pi * at / 24) + at % 7 for at in range(24 * 14)]


def test_all_kinds_of_series_are_one():
    found = forecast({"time": TIMES, "value": VALUES}, 48, method="ets", levels=(50, 80))
    assert len(found) == 48 and found.times[0] == TIMES[-1] + datetime.timedelta(hours=1)
    assert np.all(found.lower[80] <= found.lower[50]) and np.all(found.mean <= found.upper[50])
    ahead = [100 + 20 * math.sin(2 * math.pi * at / 24) + 3 for at in range(24 * 14, 24 * 16)]
    assert np.abs(found.mean - ahead).mean() < 5
    index = pd.DatetimeIndex(TIMES)
    for series in (
        pl.DataFrame({"time": TIMES, "value": VALUES}),
        pd.DataFrame({"time": index, "value": VALUES}),
        pd.Series(VALUES, index=index),
    ):
        assert np.array_equal(forecast(series, 48, method="ets").mean, found.mean)
    assert list(found.to_dict()) == ["time", "mean", "lower_50", "upper_50", "lower_80", "upper_80"]
    page = found._repr_html_()
    assert "<svg" in page and "2026-01-15" in page


def test_what_is_no_series_is_refused():
    with pytest.raises(DataError, match="no method"):
        forecast({"time": TIMES, "value": VALUES}, method="etz")
    with pytest.raises(DataError, match="column"):
        forecast({"when": TIMES, "a": VALUES, "b": VALUES})
    with pytest.raises(DataError, match="row to keep"):
        forecast({"time": TIMES, "value": VALUES}, keep="middle")


def test_quantiles_are_in_order_and_in_every_form():
    found = forecast({"time": TIMES, "value": VALUES}, 24, method="ets", quantiles=(0.9, 0.1, 0.5))
    assert list(found.quantiles) == [0.9, 0.1, 0.5]
    assert np.all(found.quantiles[0.1] <= found.quantiles[0.5]) and np.all(found.quantiles[0.5] <= found.quantiles[0.9])
    assert np.allclose(found.quantiles[0.9], found.upper[80]) and np.allclose(found.quantiles[0.5], found.mean)
    assert list(found.to_dict())[-3:] == ["quantile_0.9", "quantile_0.1", "quantile_0.5"]
    assert "quantile 0.9" in found._repr_html_() and found.to_svg().startswith("<svg")
    with pytest.raises(DataError, match="quantile"):
        forecast({"time": TIMES, "value": VALUES}, 24, method="ets", quantiles=(1.5,), strict=True)


def test_indicators_are_used_and_carried_on():
    n = len(TIMES)
    pulse = [float(at % 37 == 5) for at in range(n + 24)]
    values = [value + 50 * p for value, p in zip(VALUES, pulse)]
    ahead = [TIMES[-1] + datetime.timedelta(hours=at + 1) for at in range(24)]
    known = {"time": [*TIMES, *ahead], "pulse": pulse}
    found = forecast({"time": TIMES, "value": values}, 24, method="dhr", indicators=known)
    assert found.answer["indicators"] == ["pulse"] and found.instead_of is None
    without = forecast({"time": TIMES, "value": values}, 24, method="dhr")
    for at, p in enumerate(pulse[n:]):
        assert (found.mean[at] - without.mean[at] > 30) == (p > 0)
    short = {"time": TIMES, "pulse": pulse[:n]}
    told = forecast({"time": TIMES, "value": values}, 24, method="dhr", indicators=short).answer["repairs"]
    assert any("known for 0 of 24 steps" in words for words in told)
    with pytest.raises(DataError, match="no value at"):
        forecast({"time": TIMES, "value": values}, 24, method="dhr", indicators={"time": TIMES[9:], "pulse": pulse[9:n]})


def test_a_scenario_stands_beside_the_forecast():
    n = len(TIMES)
    price = [100 + 10 * ((at * 7) % 13) for at in range(n)]
    values = [value + p for value, p in zip(VALUES, price)]
    beside = {"time": TIMES, "price": price}
    asked = {"method": "regression", "indicators": beside}
    found = forecast({"time": TIMES, "value": values}, 12, scenarios=["price=+500 in 1h"], **asked)
    ahead = found.answer["indicators_ahead"][0]
    assert (ahead["source"], ahead["steps_scenario"]) == ("scenario", 12)
    assert ahead["assumed"] == [price[-1] + 500.0] * 12
    assert np.allclose(found.mean, forecast({"time": TIMES, "value": values}, 12, **asked).mean)
    assert np.all(found.scenario > found.mean + 100) and list(found.to_dict())[-1] == "scenario_mean"
    with pytest.raises(DataError, match="no indicator is named"):
        forecast({"time": TIMES, "value": values}, 12, scenarios=["btc=+8% in 1h"], **asked)
    with pytest.raises(DataError, match="auto uses no indicators"):
        forecast({"time": TIMES, "value": values}, 12, indicators=beside, scenarios=["price=1"])


def test_the_last_season_stands_in_and_says_so():
    found = forecast({"time": TIMES, "value": VALUES}, 24, method="ets", late_after=datetime.timedelta(days=1))
    late = datetime.datetime.now(datetime.timezone.utc) - TIMES[-1] > datetime.timedelta(days=1)
    assert (found.instead_of == "ets") == late
    if late:
        assert found.answer["method"] == "seasonal_naive" and "instead of ets" in found._repr_html_()
        with pytest.raises(DataError, match="late"):
            forecast({"time": TIMES, "value": VALUES}, 24, method="ets", late_after=3600, strict=True)
