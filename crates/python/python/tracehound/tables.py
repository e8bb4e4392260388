"""Whatever holds a table, as a table of the engine.

Anything with the Arrow C stream (pyarrow, Polars, DuckDB, ...) is read without a copy by Python; pandas, NumPy, dictionaries and
records column by column, so that pandas needs no pyarrow and its index never becomes a feature. Nothing is coerced: a column
of mixed types is an error that names the first row that differs.
"""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
import os
import struct
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from ._native import Table
from .errors import DataError, TracehoundError

#: A path (CSV, TSV, Parquet, Arrow), an object with ``__arrow_c_stream__``, a pandas data frame, a mapping of
#: names to columns, a list of mappings, or a matrix (NumPy, or a list of lists).
TableLike = Union[str, "os.PathLike[str]", Mapping[str, Any], Sequence[Any], Any]

_UTC = datetime.timezone.utc
_EPOCH = datetime.datetime(1970, 1, 1)
_CELLS = "numbers, booleans, texts, dates or times"
_WHOLE = range(-(2**63), 2**63)


def table_of(data: TableLike, name: str = "table") -> Table:
    """The table of anything that holds one."""
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, os.PathLike)):
        return Table.open(os.fspath(data))
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        raise TypeError("Sparse data was passed, but dense data is required: use .toarray()")
    if _is_of(data, "pandas", "DataFrame"):
        return _of_columns(_pandas_columns(data), name)
    if _is_of(data, "pandas", "Series") or _is_of(data, "polars", "Series"):
        raise DataError(
            "a Series is one column, not a table",
            "pass rows as a data frame: frame.loc[[label]] for one row, series.to_frame() for one column",
        )
    if hasattr(data, "__arrow_c_stream__"):
        return _of_stream(data, name)
    if isinstance(data, Mapping):
        return _of_columns({_name(key): values for key, values in data.items()}, name)
    if isinstance(data, Sequence) and data and all(isinstance(row, Mapping) for row in data):
        return _of_columns(_record_columns(data), name)
    return _of_columns(_matrix_columns(data), name)


def _of_stream(data: Any, name: str) -> Table:
    try:
        return Table.from_arrow(data, name)
    except TracehoundError:
        raise
    except Exception as error:  # whatever the library that exports it raises
        what = f"the Arrow stream of {type(data).__name__} is no table: {error}"
        raise DataError(what, "pass a table or record batches, not one array") from error


def column_table(values: Any, name: str) -> Table:
    """One column as a table."""
    return _of_columns({name: _vector(values, name)}, name)


def is_named(data: TableLike) -> bool:
    """Whether the columns have names of their own."""
    if isinstance(data, (str, os.PathLike, Mapping, Table)):
        return True
    if _is_of(data, "pandas", "DataFrame"):
        return any(isinstance(column, str) for column in data.columns)
    if hasattr(data, "__arrow_c_stream__"):
        return True
    return isinstance(data, Sequence) and bool(data) and all(isinstance(r, Mapping) for r in data)


def numpy() -> Any:
    """NumPy where there is one."""
    try:
        import numpy as module
    except ImportError:
        return None
    return module


def floats(data: bytes) -> Any:
    """Little-endian numbers as an array of NumPy, or a list."""
    if (np := numpy()) is not None:
        return np.frombuffer(data, dtype="<f8").astype(float)
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def float_bytes(values: Any) -> bytes:
    """The reverse of `floats`, for any nesting of numbers."""
    if (np := numpy()) is not None:
        return np.ascontiguousarray(values, dtype="<f8").tobytes()
    flat = [v for row in values for v in (row if isinstance(row, Sequence) else [row])]
    return struct.pack(f"<{len(flat)}d", *flat)


def _is_of(data: Any, module: str, name: str) -> bool:
    """Whether it is of a class of a module, without importing that."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(data, getattr(loaded, name, ()))


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise DataError(f"the name of a column is {key!r}", "name columns by texts")
    return key


def _pandas_columns(frame: Any) -> dict[str, Any]:
    keys = list(frame.columns)
    if keys and not any(isinstance(key, str) for key in keys):
        keys = [f"x{place}" for place in range(len(keys))]
    names = [_name(key) for key in keys]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataError(f"two columns are named {name!r}", "give every column a name of its own")
    return {name: frame.iloc[:, place] for place, name in enumerate(names)}


def _record_columns(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(_name(key) for record in records for key in record)
    return {name: [record.get(name) for record in records] for name in names}


def _matrix_columns(data: Any) -> dict[str, Any]:
    if (np := numpy()) is not None:
        matrix = np.asarray(data)
        if matrix.ndim != 2:
            raise DataError(
                f"Expected 2D array, got {matrix.ndim}D array instead. Reshape your data",
                "pass a table: a row a case and a column a feature",
            )
        if 0 in matrix.shape:
            what = "sample" if matrix.shape[0] == 0 else "feature"
            raise DataError(
                f"Found array with 0 {what}(s) (shape={matrix.shape}) while a minimum of 1 is required.",
                "pass at least one row and one column",
            )
        return {f"x{place}": matrix[:, place] for place in range(matrix.shape[1])}
    rows = [list(row) for row in data] if isinstance(data, Iterable) else []
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise DataError("this is no table", "pass columns by name, or rows of equal length")
    return {f"x{place}": [row[place] for row in rows] for place in range(len(rows[0]))}


def _vector(values: Any, name: str) -> Any:
    """A column of targets or weights: one dimension."""
    np = numpy()
    if np is None or _is_of(values, "pandas", "Series"):
        return values
    if isinstance(values, (list, tuple)) and not any(isinstance(v, (list, tuple)) for v in values):
        return values
    if _is_of(values, "pandas", "DataFrame") or isinstance(values, (list, tuple, np.ndarray)):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            text = "A column-vector y was passed when a 1d array was expected; its one column is taken."
            theirs = sys.modules.get("sklearn.exceptions")
            warnings.warn(text, theirs.DataConversionWarning if theirs else UserWarning, stacklevel=4)
            return array[:, 0]
        if array.ndim != 1:
            shape = array.shape
            raise DataError(f"{name} should be a 1d array, got shape {shape}", "pass one value a row")
    return values


def _of_columns(columns: Mapping[str, Any], name: str) -> Table:
    given = []
    n_rows = None
    for column, values in columns.items():
        kind, cells, missing, length = _cells(values, column)
        if n_rows is not None and length != n_rows:
            raise DataError(
                f"column {column!r} has {length} rows, the columns before it have {n_rows}",
                "pass columns of equal length",
            )
        n_rows = length
        given.append((column, kind, cells, missing))
    if not given or not n_rows:
        raise DataError("the table has no row", "pass a table with named columns and rows")
    return Table.from_columns(given, name)


def _cells(values: Any, column: str) -> tuple[str, Any, bytes | None, int]:
    """Kind, cells, a mark a missing row, and how many rows."""
    np = numpy()
    if _is_of(values, "pandas", "Series"):
        values = _of_pandas(values, np)
    elif not isinstance(values, (list, tuple)) and np is not None:
        if hasattr(values, "to_list"):  # Polars, whose arrays hold what is missing as NaN
            values = values.to_list()
        elif hasattr(values, "to_pylist"):  # pyarrow
            values = values.to_pylist()
        else:
            values = np.asarray(values)
            if values.ndim != 1:
                raise DataError(f"column {column!r} has {values.ndim} dimensions", "pass one a column")
    if np is not None and isinstance(values, np.ndarray):
        if (found := _of_array(values, column, np)) is not None:
            return found
        values = values.tolist()
    return _of_list(list(values), column)


def _of_pandas(series: Any, np: Any) -> Any:
    """The array of a series; a list where something is missing that an array cannot say."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy()
    if getattr(dtype, "tz", None) is not None:
        return series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return series.astype(object).tolist()


def _of_array(array: Any, column: str, np: Any) -> tuple[str, Any, bytes | None, int] | None:
    kind, n_rows = array.dtype.kind, len(array)
    if kind == "f" and array.dtype.itemsize <= 8:
        return "f64", np.ascontiguousarray(array, dtype="<f8").tobytes(), None, n_rows
    if kind == "i":
        return "i64", np.ascontiguousarray(array, dtype="<i8").tobytes(), None, n_rows
    if kind == "u":
        return "u64", np.ascontiguousarray(array, dtype="<u8").tobytes(), None, n_rows
    if kind == "b":
        return "bool", np.ascontiguousarray(array).tobytes(), None, n_rows
    if kind == "M":
        missing = np.isnat(array)
        micros = np.where(missing, np.datetime64(0, "us"), array.astype("datetime64[us]"))
        return "us", micros.astype("<i8").tobytes(), missing.tobytes(), n_rows
    if kind in "OU":
        return None
    if kind == "c":
        raise DataError(f"Complex data not supported: column {column!r}", "pass real numbers")
    raise DataError(f"column {column!r} is {array.dtype}, expected {_CELLS}", "cast it, or leave it out")


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if type(value).__module__.startswith("pandas"):
        return type(value).__name__ in ("NAType", "NaTType")
    return False


def _kind(value: Any) -> str | None:
    """What one value is: `f64`, `i64`, `bool`, `text` or `us`."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "bool"
    if isinstance(value, numbers.Integral):
        return "i64"
    if isinstance(value, (numbers.Real, decimal.Decimal)):
        return "f64"
    if isinstance(value, str):
        return "text"
    if isinstance(value, datetime.date):
        return "us"
    return None


def _of_list(values: list[Any], column: str) -> tuple[str, Any, bytes | None, int]:
    found = None
    for row, value in enumerate(values):
        if _is_missing(value):
            continue
        kind = _kind(value)
        if kind is None:
            raise _unreadable(column, row, value)
        if found not in (None, kind) and {found, kind} != {"i64", "f64"}:
            raise DataError(
                f"column {column!r}, row {row + 1} is {value!r}, the rows before it are "
                f"of another type",
                "make all values of a column one type: str(...) them where they are codes",
            )
        found = "f64" if "f64" in (found, kind) else kind
    if found in (None, "text"):
        return "text", [None if _is_missing(v) else str(v) for v in values], None, len(values)
    if found == "i64" and any(not _is_missing(v) and int(v) not in _WHOLE for v in values):
        # Hashes and the like are codes: as floats, neighbors would be one.
        return "text", [None if _is_missing(v) else str(int(v)) for v in values], None, len(values)
    missing = bytes(_is_missing(value) for value in values)
    known = [None if gone else value for value, gone in zip(values, missing)]
    if found == "f64":
        cells = [math.nan if value is None else float(value) for value in known]
        return "f64", struct.pack(f"<{len(cells)}d", *cells), None, len(values)
    if found == "bool":
        return "bool", bytes(bool(value) for value in known), missing, len(values)
    whole = _micros if found == "us" else int
    cells = [0 if value is None else whole(value) for value in known]
    return found, struct.pack(f"<{len(cells)}q", *cells), missing, len(values)


def _unreadable(column: str, row: int, value: Any) -> Exception:
    if isinstance(value, numbers.Complex):
        return DataError(f"Complex data not supported: column {column!r}", "pass real numbers")
    text = (
        f"column {column!r}, row {row + 1} is a {type(value).__name__}: argument must be "
        f"a string or a number; expected {_CELLS}"
    )
    return TypeError(text)


def _micros(value: Any) -> int:
    """Microseconds since 1970 UTC; times without a zone are read as UTC."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        value = value.astimezone(_UTC).replace(tzinfo=None)
    return (value - _EPOCH) // datetime.timedelta(microseconds=1)
