"""Training, predicting, explaining, and the file."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import BUDGET

import tracehound
from tracehound import AutoClassifier, AutoModel, AutoRegressor, DataError, NotFittedError


def test_a_planted_world_is_learned(model, new):
    shares = model.predict_proba(new)
    assert shares.shape == (200, 2) and np.allclose(shares.sum(axis=1), 1)
    assert list(model.classes_) == ["no", "yes"]
    assert list(model.predict(new)) == [model.classes_[int(p >= 0.5)] for p in shares[:, 1]]
    # The best predictor of this world has an area of 0.87 to 0.90.
    assert 0.82 < model.figures(new)["auc"] < 0.95
    assert model.score(new) == pytest.approx(np.mean(model.predict(new) == np.array(new["left"])))
    assert np.all((model.decision_function(new) > 0) == (shares[:, 1] > 0.5))
    assert model.n_features_in_ == 4 and list(model.feature_names_in_) == ["id", "size", "plan", "visits"]


def test_explanations_add_up(model, new):
    found = model.explain(new)
    assert len(found) == 200 and found.column_names[0] == "base"
    parts = [name for name in found.column_names if name.startswith("contribution_")]
    assert np.allclose(found["base"] + sum(found[name] for name in parts), found["margin"], atol=1e-6)
    for read in (pa.table(found), pl.DataFrame(found), found.to_pandas()):
        assert np.array_equal(np.asarray(read["margin"]), found["margin"])
    reasons = model.reasons(new, 2)
    assert len(reasons) == 200 and all(len(row) <= 2 for row in reasons)
    first = reasons[0][0]
    assert first["contribution"] == found["contribution_" + first["column"]][0]
    assert "left = yes" in first["words"]


def test_the_same_seed_is_the_same_file(seen, model, tmp_path):
    again = AutoModel("left", time_budget=BUDGET).fit(seen)
    model.save(tmp_path / "a.model")
    again.save(tmp_path / "b.model", name="a")
    assert (tmp_path / "a.model").read_bytes() == (tmp_path / "b.model").read_bytes()
    other = AutoModel("left", time_budget=BUDGET, seed=1).fit(seen)
    other.save(tmp_path / "c.model", name="a")
    assert (tmp_path / "a.model").read_bytes() != (tmp_path / "c.model").read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_a_file_is_the_model(model, new, tmp_path):
    model.save(tmp_path / "m.model")
    for back in (
        tracehound.load(tmp_path / "m.model"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        assert np.array_equal(back.predict_proba(new), model.predict_proba(new))
        assert list(back.predict(new)) == list(model.predict(new))
        assert (back.target, back.time_budget, back.seed) == ("left", BUDGET, 0)
    model.report(tmp_path / "r.html")
    model.report(tmp_path / "r.json")
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "r.json").read_text().startswith("{")
    (tmp_path / "m.model").write_bytes(b"no model")
    with pytest.raises(DataError, match="file of the model"):
        tracehound.load(tmp_path / "m.model")
    with pytest.raises(OSError, match="none.model"):
        tracehound.load(tmp_path / "none.model")
    with pytest.raises(OSError, match="nowhere"):
        model.save(tmp_path / "nowhere" / "m.model")


def test_rows_at_serving_time(model, new):
    with pytest.warns(UserWarning, match="plan"):
        one = model.predict_proba([{"size": 1.0, "plan": "weekly", "visits": 3}])
    assert one.shape == (1, 2)
    with pytest.raises(DataError, match='no column "size"'):
        model.predict({"plan": ["free"], "visits": [1]})
    with pytest.raises(DataError, match="left"):
        model.figures({name: new[name] for name in ("id", "size", "plan", "visits")})
    with pytest.raises(NotFittedError, match="not fitted"):
        AutoModel("left").predict(new)
    by_place = np.array([new[name] for name in ("id", "size", "plan", "visits")], dtype=object).T
    with pytest.warns(UserWarning, match="valid feature names"):
        assert np.array_equal(model.predict_proba(by_place), model.predict_proba(new))


def test_features_and_targets_apart(seen, new):
    frame, later = pd.DataFrame(seen), pd.DataFrame(new)
    options = dict(time_budget=BUDGET, methods=["linear"])
    whole = AutoModel("left", **options).fit(frame)
    apart = AutoModel(**options).fit(frame.drop(columns="left"), frame["left"])
    assert np.array_equal(whole.predict_proba(later), apart.predict_proba(later))
    weighted = AutoModel(**options)
    weighted.fit(frame.drop(columns="left"), frame["left"], sample_weight=np.where(frame.plan == "free", 1, 0))
    assert not np.array_equal(weighted.predict_proba(later), apart.predict_proba(later))
    assert "sample_weight" not in weighted.feature_names_in_


def test_classes_come_back_as_they_were_written():
    dice = np.random.default_rng(0)
    X = dice.normal(size=(120, 3))

    def check(y, cls=AutoClassifier, dtype=None):
        y = np.asarray(y)
        model = cls(time_budget=BUDGET, methods=["linear"]).fit(X, y)
        assert list(model.classes_) == sorted(set(y.tolist())), model.classes_
        assert model.predict(X).dtype.kind == y.dtype.kind
        assert model.predict_proba(X).shape == (120, len(set(y.tolist())))

    check((X[:, 0] > 0).astype(int))
    check(X[:, 0] > 0)
    check(np.where(X[:, 0] > 0, "b", "a"))
    check(np.where(X[:, 0] > 0, 1.0, -1.0))
    check((X[:, 0] * 2).round().clip(-1, 1).astype(int) + 1, AutoModel)
    check(np.digitize(X[:, 0], np.linspace(-1.5, 1.5, 11)))


def test_numbers_are_predicted():
    dice = np.random.default_rng(0)
    X = dice.normal(size=(200, 3))
    y = 3 * X[:, 0] - X[:, 1] + 0.1 * dice.normal(size=200)
    model = AutoRegressor(time_budget=BUDGET).fit(X[:150], y[:150])
    assert model.score(X[150:], y[150:]) > 0.9
    assert not hasattr(model, "predict_proba") and not hasattr(model, "classes_")
    with pytest.raises(DataError, match="3 features"):
        model.predict(X[:, :2])
    with pytest.raises(DataError, match="no probability"):
        AutoModel("y", time_budget=BUDGET).fit({"x": X[:, 0], "y": y}).predict_proba({"x": X[:, 0]})


def test_pages_escape_what_is_shown(seen):
    hostile = {name: list(values) for name, values in seen.items()}
    hostile["<script>"] = hostile.pop("visits")
    model = AutoModel("left", time_budget=BUDGET, methods=["linear"])
    assert "not fitted" in model._repr_html_()
    page = model.fit(hostile)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    for part in ("Leaderboard", "elastic net", "What counts", "auc"):
        assert part in page
    assert repr(model) == f"AutoModel(methods=['linear'], target='left', time_budget={BUDGET})"


def test_constraints_and_the_balance_of_classes(seen, tmp_path):
    bound = AutoModel("left", time_budget=BUDGET, monotone={"size": "rising"}, imbalance="balanced", progress=False).fit(seen)
    grid = {"size": np.linspace(-2, 2, 50), "plan": ["free"] * 50, "visits": [3] * 50, "id": [f"c{i:05}" for i in range(50)]}
    shares = bound.predict_proba(grid)[:, 1]
    assert np.all(np.diff(shares) >= 0) and shares[-1] > shares[0]
    bound.save(tmp_path / "b.model")
    again = tracehound.load(tmp_path / "b.model")
    assert (again.monotone, again.imbalance) == ({"size": "rising"}, "balanced")
    heavy = AutoModel("left", time_budget=0.1, methods=["linear"], imbalance=5, progress=False).fit(seen)
    heavy.save(tmp_path / "h.model")
    assert tracehound.load(tmp_path / "h.model").imbalance == 5
    told = AutoModel("left", time_budget=0.1, methods=["linear"], task="binary", columns={"visits": "category"}, progress=False).fit(seen)
    told.save(tmp_path / "t.model")
    again = tracehound.load(tmp_path / "t.model")
    assert (again.columns, again.task) == ({"visits": "category"}, "binary")
    for wrong, match in (({"monotone": {"size": "up"}}, "way to be monotone"), ({"imbalance": "even"}, "imbalance")):
        with pytest.raises(DataError, match=match):
            AutoModel("left", time_budget=0.1, progress=False, **wrong).fit(seen)
