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
