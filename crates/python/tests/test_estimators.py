"""The checks of scikit-learn. What does not apply is listed with the reason."""

import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tracehound import AutoClassifier, AutoRegressor

NAMES = "columns go by their names, in any order: a frame in another order is no mistake"
LEAK = "a column that tells the target exactly counts as a leak and is left out, and then nothing is left"
FEW = "rows are held out to judge by, and so few of them hold too few of a class"
HALF = "a row at exactly one half is of the second class, as on the command line; the check wants the first"

#: Checks that do not apply, and why.
NOT_APPLICABLE = {
    "check_dataframe_column_names_consistency": NAMES,
    "check_classifiers_classes": HALF,
    "check_estimators_dtypes": LEAK,
    "check_fit2d_1feature": LEAK,
    "check_pipeline_consistency": LEAK,
    "check_sample_weight_equivalence_on_dense_data": LEAK,
    "check_classifier_data_not_an_array": FEW,
    "check_estimators_fit_returns_self": FEW,
    "check_estimators_overwrite_params": FEW,
    "check_n_features_in_after_fitting": FEW,
    "check_readonly_memmap_input": FEW,
    "check_regressors_no_decision_function": FEW,
    "check_sample_weights_not_an_array": FEW,
    "check_sample_weights_not_overwritten": FEW,
    "check_sample_weights_pandas_series": FEW,
    "check_sample_weights_shape": FEW,
}


def expected(estimator):
    return NOT_APPLICABLE


ESTIMATORS = [cls(time_budget=0.2, methods=["linear"]) for cls in (AutoClassifier, AutoRegressor)]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected)
def test_scikit_learn(estimator, check):
    check(estimator)


def test_it_works_in_searches_and_pipelines():
    import numpy as np

    y = np.repeat([0, 1, 2], 30)
    X = np.random.default_rng(0).normal(size=(90, 2)) + y[:, None]
    model = AutoClassifier(time_budget=0.2, methods=["linear"])
    assert cross_val_score(model, X, y, cv=3).shape == (3,)
    search = GridSearchCV(make_pipeline(StandardScaler(), model), {"autoclassifier__seed": [0, 1]}, cv=2)
    assert search.fit(X, y).best_params_.keys() == {"autoclassifier__seed"}
