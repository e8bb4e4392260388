"""The package and the command line are one program: the same file, the same numbers, bit for bit."""

import csv
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from conftest import BUDGET, customers, to_csv

import tracehound
from tracehound import AutoModel


def run(binary, *words):
    subprocess.run([binary, *map(str, words)], check=True, capture_output=True, text=True)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_training_writes_the_same_file(binary, seen, tmp_path, suffix):
    table = tmp_path / f"seen.{suffix}"
    if suffix == "csv":
        to_csv(seen, table)
    else:
        pa.parquet.write_table(pa.table(seen), table)
    (tmp_path / "cli").mkdir()
    theirs, ours = tmp_path / "cli" / "left.model", tmp_path / "left.model"
    words = ["--target", "left", "--seed", "7", "--time-budget", f"{BUDGET}s"]
    run(binary, "model", "train", table, *words, "--split", "stratified", "--out", theirs)
    AutoModel("left", time_budget=BUDGET, seed=7, split="stratified").fit(table).save(ours)
    assert ours.read_bytes() == theirs.read_bytes()


def test_predictions_are_the_same_bits(binary, model, tmp_path):
    new = customers(100, 5)
    table, out = to_csv(new, tmp_path / "new.csv"), tmp_path / "out.csv"
    model.save(tmp_path / "m.model")
    run(binary, "model", "predict", tmp_path / "m.model", table, "--explain", "--out", out)
    rows = list(csv.DictReader(out.open()))
    for predicted in (model.predict_proba(table), tracehound.load(tmp_path / "m.model").predict_proba(new)):
        assert [float(row["probability_yes"]) for row in rows] == predicted[:, 1].tolist()
    assert [row["predicted_left"] for row in rows] == model.predict(new).tolist()
    reasons = model.reasons(table, 1)
    assert [row["reason_1"] for row in rows] == [row[0]["words"] for row in reasons]
    assert [float(row["contribution_1"]) for row in rows] == [row[0]["contribution"] for row in reasons]


def test_a_file_of_the_command_line_opens(binary, seen, new, tmp_path):
    table = to_csv({**seen, "left": [int(v == "yes") for v in seen["left"]]}, tmp_path / "seen.csv")
    run(binary, "model", "train", table, "--target", "left", "--time-budget", "0.1s", "--out", tmp_path / "a.model")
    model = tracehound.load(tmp_path / "a.model")
    assert model.classes_.tolist() == [0, 1] and model.predict(new).dtype == np.int64
    assert model.get_params()["time_budget"] == 0.1
