"""Every way to bring a table gives the same model, and a bad one is refused by column and row."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import BUDGET

from tracehound import AutoModel, DataError, FileError
from tracehound.tables import table_of

AWARE = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))


def probabilities(table, new):
    model = AutoModel("left", time_budget=BUDGET, methods=["linear"]).fit(table)
    return model.predict_proba(new)


def test_all_kinds_of_tables_are_one(seen, new, tmp_path):
    expected = probabilities(seen, new)
    frame = pd.DataFrame(seen).sample(frac=1, random_state=0).sort_index()
    frame.index = [f"row {at}" for at in range(len(frame))]
    records = [dict(zip(seen, row)) for row in zip(*seen.values())]
    kinds = {
        "pandas": frame,
        "pandas with objects": frame.astype(object),
        "categories": frame.astype({"plan": "category", "left": "category"}),
        "polars": pl.DataFrame(seen),
        "pyarrow": pa.table(seen),
        "two batches": pa.concat_tables([pa.table(seen).slice(0, 100), pa.table(seen).slice(100)]),
        "reader": pa.table(seen).to_reader(max_chunksize=64),
        "records": records,
        "arrays": {name: np.array(values, dtype=object) for name, values in seen.items()},
        "series": {name: pl.Series(values) for name, values in seen.items()},
    }
    for name, table in kinds.items():
        assert np.array_equal(probabilities(table, new), expected), name
    for name, table in [("pandas", pd.DataFrame(new)), ("polars", pl.DataFrame(new))]:
        model = AutoModel("left", time_budget=BUDGET, methods=["linear"]).fit(seen)
        assert np.array_equal(model.predict_proba(table), expected), name


def check(column, kind, first=None):
    table = table_of({"x": column})
    assert table.types == [kind], column
    if first is not None:
        assert table.distinct("x")[0][0] == first, column


def test_what_a_column_holds():
    check([1, None, 3], "integers", "1")
    check([True, None], "booleans", "true")
    check([1, 2.5, float("nan")], "numbers", "1")
    check([decimal.Decimal("0.1"), 2], "numbers", "0.1")
    check(["a", None, float("nan")], "texts", "a")
    check([None, None], "texts")
    check([2**63, 1], "texts", "9223372036854775808")
    check([datetime.date(1970, 1, 2), None], "times", "86400000000")
    check([AWARE], "times", "1767315845000006")
    check([np.int64(3), np.float32(0.5), np.bool_(True)][:2], "numbers", "3")
    check(np.array([2**64 - 1], dtype="u8"), "texts", "18446744073709551615")
    check(np.array([1, 2], dtype="u1"), "integers", "1")
    check(np.array(["1970-01-01T00:00:01", "NaT"], dtype="datetime64[ns]"), "times", "1000000")
    check(pd.Series([1, None], dtype="Int64"), "integers", "1")
    check(pd.Series([True, None], dtype="boolean"), "booleans", "true")
    check(pd.Series(["b", None], dtype="string"), "texts", "b")
    check(pd.Series([AWARE, None]), "times", "1767315845000006")
    check(pd.Series([3, 4], dtype="category"), "integers", "3")
    check(pa.array([1, None]), "integers", "1")


def refused(table, *words, kind=DataError):
    with pytest.raises(kind) as caught:
        AutoModel("y", time_budget=BUDGET).fit(table)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_bad_tables_name_their_place(tmp_path):
    y = ["a", "b"] * 20
    x = list(range(40))
    refused({"x": x[:-1] + ["oops"], "y": y}, "'x'", "row 40", "'oops'", "hint:")
    refused({"x": x[:-1] + [float("inf")], "y": y}, "x", "row 40", "inf")
    refused({"x": x[:-1], "y": y}, "'y'", "40 rows", "39")
    refused({"x": x[:-1] + [1j], "y": y}, "Complex data not supported")
    refused({"x": x[:-1] + [{}], "y": y}, "'x'", "row 40", "dict", kind=TypeError)
    refused({"x": np.array(x, dtype="m8[s]"), "y": y}, "'x'", "timedelta64")
    refused({3: x, "y": y}, "3")
    refused({"x": x}, "no column", '"y"')
    refused({"x": [], "y": []}, "no row")
    refused({}, "no row")
    refused(pa.table({"x": [[1]] * 40, "y": y}), "x", "List")
    refused(pd.DataFrame([[1, 2, "a"]] * 4, columns=["x", "x", "y"]), "two columns", "'x'")
    refused({"x": x, "y": ["a"] * 40}, "one value in every row")
    refused({"x": x, "y": ["a", None] * 20}, "y", "row 2")
    refused(np.zeros((3, 2, 2)), "Expected 2D array")
    refused(pd.Series(x, name="x"), "a Series is one column", "to_frame()")
    refused(pa.chunked_array([x]), "is no table", "not one array")
    refused(str(tmp_path / "none.csv"), "none.csv", kind=FileError)
    assert issubclass(DataError, ValueError) and issubclass(FileError, OSError)


def test_a_target_is_the_name_of_a_column(seen):
    for options in ({"target": 0}, {"target": "left", "weight": 3}):
        with pytest.raises(DataError, match="expected the name of a column"):
            AutoModel(**options).fit(seen)
    y = pd.Series([0.0, 1.0] * 20, name=0)
    model = AutoModel(time_budget=BUDGET).fit({"x": list(range(40))}, y)
    assert model.predict({"x": [3]}).shape == (1,)


def test_bad_options_say_what_is_known(seen):
    def refuse(word, **options):
        with pytest.raises(DataError, match=word):
            AutoModel("left", **options).fit(seen)

    refuse("did you mean", split="randon")
    refuse("did you mean", methods=["liner"])
    refuse("is no task", task="guess")
    refuse("is no kind of column", columns={"plan": "level"})
    refuse("budget", time_budget=-1.0)
    refuse("folds", split=[0, 1, 2])
