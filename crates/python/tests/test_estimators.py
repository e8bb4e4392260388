"""The checks of scikit-learn. What does not apply is listed with the reason."""

import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tracehound import AutoClassifier, AutoRegressor

NAMES = "columns go by their names, in any order: a frame in another order is no mistake"
FEW = "folds hold rows out, and so few rows cannot be cut into them"

#: Checks that do not apply, and why.
NOT_APPLICABLE = {
    "check_dataframe_column_names_consistency": NAMES,
}


def expected(estimator):
    return NOT_APPLICABLE


ESTIMATORS = [cls(time_budget=0.2, methods=["linear"]) for cls in (AutoClassifier, AutoRegressor)]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected)
def test_scikit_learn(estimator, check):
    check(estimator)


def test_it_works_in_searches_and_pipelines(seen):
    import numpy as np

    X, y = np.random.default_rng(0).normal(size=(90, 2)), np.repeat([0, 1, 2], 30)
    model = AutoClassifier(time_budget=0.2, methods=["linear"])
    assert cross_val_score(model, X, y, cv=3).shape == (3,)
    search = GridSearchCV(make_pipeline(StandardScaler(), model), {"autoclassifier__seed": [0, 1]}, cv=2)
    assert search.fit(X, y).best_params_.keys() == {"autoclassifier__seed"}
