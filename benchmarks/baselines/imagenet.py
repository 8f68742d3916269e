"""Logistic regression on frozen ImageNet features: standardised, and its penalty chosen, within a fold.

One regression for each head (severity, density; benchmarks/cells/heads.py). The test part is touched by nothing: the
means and standard deviations, the regression and its C come from the training and the validation part alone.
"""

import dataclasses
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.cells.heads import Heads, product

PENALTIES = (1e-4, 1e-3, 1e-2)  # scikit-learn's C, the strongest penalty first
INNER_FOLDS = 4
LEAST = 1e-7  # probability in a log loss


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The fitted regressions by head, the chosen C of each, and the answers of the inner validation.

    `left_out` are probabilities float (N, K) of the fitted rows, each by regressions that its group had no part in.
    """

    models: dict[str, Pipeline]
    penalties: dict[str, float]
    left_out: np.ndarray
    numbers: Heads

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes, float (N, K), of features (N, C)."""
        found = {name: _answers(model, features, self.numbers[name]) for name, model in self.models.items()}
        return product(found, self.numbers)


def fit(
    features: np.ndarray, classes: np.ndarray, groups: np.ndarray, sources: np.ndarray, numbers: Heads, seed: int
) -> Fitted:
    """Fit features (N, C) to classes int (N,), where each of `sources` (N,) counts once, however many copies it has.

    C is the one with the lowest log loss over inner folds of `groups` (N,), on one image of each source. With fewer
    than two groups there are no inner folds: the strongest penalty is taken.
    """
    _, once, source, copies = np.unique(sources, return_index=True, return_inverse=True, return_counts=True)
    weights = 1 / copies[source]
    models, penalties, left_out = {}, {}, {}
    for name, own in numbers.items():
        truth = own[classes]
        answers = np.full((len(PENALTIES), len(truth), own.max() + 1), 1 / (own.max() + 1))
        for rest, out in _folds(features[once], truth[once], groups[once], seed):
            tested = np.isin(groups, groups[once[out]])
            for number, model in enumerate(_path(features[once[rest]], truth[once[rest]])):
                answers[number, tested] = _answers(model, features[tested], own)
        losses = [-np.log(np.clip(each[once, truth[once]], LEAST, 1)).mean() for each in answers]
        best = int(np.argmin(losses))
        penalties[name], left_out[name] = PENALTIES[best], answers[best]
        models[name] = _path(features, truth, PENALTIES[best : best + 1], weights)[0]
    return Fitted(models, penalties, product(left_out, numbers), numbers)


def _folds(
    features: np.ndarray, truth: np.ndarray, groups: np.ndarray, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    n_folds = min(INNER_FOLDS, len(set(groups)), np.bincount(truth).max())
    if n_folds < 2:
        return []
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class in y")
        folds = list(splitter.split(features, truth, groups))
    # A rest of one class can't be fitted.
    return [(rest, out) for rest, out in folds if len(set(truth[rest])) > 1]


def _path(
    features: np.ndarray,
    truth: np.ndarray,
    penalties: tuple[float, ...] = PENALTIES,
    weights: np.ndarray | None = None,
) -> list[Pipeline]:
    scaler = StandardScaler().fit(features, sample_weight=weights)
    scaled, models = scaler.transform(features), []
    with warnings.catch_warnings():
        # The weakest penalties are not always at their optimum after these steps, and then seldom the best.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for penalty in penalties:
            regression = LogisticRegression(C=penalty, max_iter=300, tol=1e-3)
            models.append(make_pipeline(scaler, regression.fit(scaled, truth, weights)))
    return models


def _answers(model: Pipeline, features: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the probabilities of all values of a head; 0 for a value that training lacked."""
    answers = np.zeros((len(features), own.max() + 1))
    answers[:, model.classes_] = model.predict_proba(features)
    return answers
