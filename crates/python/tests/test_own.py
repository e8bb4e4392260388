"""Models of one's own, beside `AutoModel` on the same folds."""

import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import BUDGET, customers, to_csv

from tracehound import AutoClassifier, AutoModel, AutoRegressor, DataError, Model, NotFittedError, evaluate


class Nearest(Model):
    def fit_one(self, X, y, weights):
        self.means = [np.average(X[y == c], axis=0, weights=weights[y == c]) for c in np.unique(y)]

    def predict_one(self, X):
        near = np.array([1 / (1e-9 + ((X - mean) ** 2).sum(axis=1)) for mean in self.means]).T
        shares = near / near.sum(axis=1, keepdims=True)
        return shares[:, 1] if len(self.means) == 2 else shares


class Mean(Model):
    def fit_one(self, X, y, weights):
        self.mean = np.average(y, weights=weights)

    def predict_one(self, X):
        return np.full(len(X), self.mean)


def test_it_fits_and_predicts_tables(seen, new):
    model = Nearest("left").fit(seen)
    shares = model.predict_proba(new)
    assert shares.shape == (200, 2) and model.classes_.tolist() == ["no", "yes"]
    assert np.mean(model.predict(new) == new["left"]) > 0.6
    apart = Nearest().fit(pd.DataFrame(seen).drop(columns="left"), seen["left"])
    assert np.array_equal(apart.predict_proba(new), shares)
    with pytest.raises(NotFittedError):
        Nearest("left").predict(new)
    with pytest.raises(DataError, match="no target"):
        Nearest().fit(seen)


def test_the_same_rows_are_held_out(seen):
    against = AutoModel("left", time_budget=BUDGET, methods=["linear"])
    folds = [row % 3 for row in range(300)]
    found = evaluate([Mean(), Nearest()], seen, "left", folds, against=against)
    assert list(found.figures) == ["Mean", "Nearest", "AutoModel"]
    assert sorted(found.rows) == list(range(300)) and len(found.folds["Mean"]) == 3
    # The mean of the other rows knows nothing of a row.
    assert found.figures["Mean"]["auc"] < 0.55
    # What is planted can be found by both; which of them finds more of it is no law.
    assert found.figures["AutoModel"]["auc"] > 0.8 and found.figures["Nearest"]["auc"] > 0.8
    # Log loss by hand.
    y = np.array([v == "yes" for v in np.array(seen["left"])[found.rows]])
    p = found.predictions["AutoModel"]
    loss = -np.mean(np.where(y, np.log(p), np.log(1 - p)))
    assert found.figures["AutoModel"]["log_loss"] == pytest.approx(loss, abs=1e-12)
    # A model that is trained on the other rows alone says the same of these.
    frame = pd.DataFrame(seen)
    outer = against.fit(frame[np.array(folds) != 0]).predict_proba(frame[np.array(folds) == 0])[:, 1]
    assert np.array_equal(outer, p[:100])
    assert "AutoModel" in repr(found) and "<table>" in found._repr_html_()


def test_classes_and_numbers():
    columns = customers(120, 4)
    three = evaluate(Nearest(), columns, "plan", against=AutoModel(time_budget=0.05, methods=["linear"]))
    assert three.task == "multiclass" and three.predictions["AutoModel"].shape == (120, 3)
    numbers = evaluate(Mean(), columns, "visits", against=False)
    assert numbers.figures["Mean"]["r2"] < 0.05


def test_what_is_judged_is_what_fit_would_train(tmp_path):
    columns = customers(240, 5)
    columns["weight"] = [1 + row % 3 for row in range(240)]
    columns["month"] = [row % 12 for row in range(240)]
    fast = {"time_budget": 0.05, "methods": ["linear"]}
    assert evaluate(AutoClassifier("month", **fast), columns, against=False).task == "multiclass"
    assert evaluate(AutoRegressor("month", **fast), columns, against=False).task == "regression"

    class Width(Mean):
        def fit_one(self, X, y, weights):
            super().fit_one(X, y, weights)
            seen.append((X.shape[1], set(weights)))

    def widths(**weight):
        seen.clear()
        found = evaluate([Width(), AutoModel("left", **fast, **weight)], columns, "left", against=False)
        return seen[0], found

    seen = []
    (plain, one), _ = widths()
    (weighed, all_weights), found = widths(weight="weight")
    assert plain > weighed and (one, all_weights) == ({1.0}, {1.0, 2.0, 3.0})
    y = np.array([v == "yes" for v in np.array(columns["left"])[found.rows]])
    p, w = found.predictions["Width"], np.array(columns["weight"])[found.rows]
    loss = -np.average(np.where(y, np.log(p), np.log(1 - p)), weights=w)
    assert found.figures["Width"]["log_loss"] == pytest.approx(loss, abs=1e-12)
    with pytest.raises(DataError, match="weigh rows by different columns: month, weight"):
        two = [AutoModel(weight="weight", **fast), AutoModel(weight="month", **fast)]
        evaluate(two, columns, "left", against=False)
    to_csv(columns, tmp_path / "t.csv")
    classes = [Nearest("weight").fit(path).classes_.tolist() for path in (tmp_path / "t.csv", str(tmp_path / "t.csv"))]
    assert classes[0] == classes[1]


def test_answers_that_are_none(seen):
    class Wrong(Mean):
        def predict_one(self, X):
            return np.full(len(X), 2.0)

    class Short(Mean):
        def predict_one(self, X):
            return np.zeros(1)

    with pytest.raises(DataError, match="probability, 0 to 1"):
        evaluate(Wrong(), seen, "left", against=False)
    with pytest.raises(DataError, match="predictions for"):
        evaluate(Short(), seen, "left", against=False)


def test_a_member_of_the_blend(seen, new, tmp_path):
    class Planted(Model):
        """Knows which columns matter."""

        def fit_one(self, X, y, weights):
            self.weights = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]

        def predict_one(self, X):
            return np.clip(np.column_stack([X, np.ones(len(X))]) @ self.weights, 0.0, 1.0)

    member = Planted()
    model = AutoModel("left", time_budget=BUDGET, methods=["forest"], members=[member], progress=False).fit(seen)
    parts = {part["name"]: part["weight"] for part in model.answer_["parts"]}
    assert parts["Planted"] > 0 and not hasattr(member, "weights"), parts
    shares = model.predict_proba(new)
    assert np.array_equal(shares, model.predict_proba(new)) and model.figures(new)["auc"] > 0.8
    explained = model.explain(new)
    names = [name for name in explained.column_names if name not in ("base", "margin")]
    total = explained["base"] + sum(explained[name] for name in names)
    assert np.allclose(total, explained["margin"], atol=1e-6)
    assert "Planted" in model.report()
    with pytest.raises(DataError, match="Planted.* is code of your own"):
        model.save(tmp_path / "m.model")
    assert not (tmp_path / "m.model").exists()
    with pytest.raises(DataError, match="code of your own"):
        pickle.dumps(model)
    found = evaluate([model], seen, "left", [row % 2 for row in range(300)], against=False)
    assert found.figures["AutoModel"]["auc"] > 0.8


def test_members_that_fail(seen):
    class Broken(Mean):
        def fit_one(self, X, y, weights):
            raise ValueError("no idea")

    def check(member, match):
        with pytest.raises(DataError, match=match):
            AutoModel("left", time_budget=0.1, methods=["linear"], members=[member], progress=False).fit(seen)

    check(Broken(), "Broken.*failed in fit_one: ValueError: no idea.*test_own.py")
    check(object(), "no fit_one and predict_one")
    # Without weight in the blend a member leaves a model that is a file.
    twice = AutoModel("left", time_budget=BUDGET, methods=["linear"], members=[Mean(), Mean()], progress=False).fit(seen)
    assert {"Mean", "Mean 2"} <= {row["name"] for row in twice.answer_["leaderboard"]}
