"""Importance of the hyperparameters: permutation importance of a random forest fitted on the trials of a search.

Breiman, Random forests, Machine Learning 45, 2001. The forest learns the logarithm of a trial's validation loss minus
the mean of its cell, which removes differences in difficulty between folds. It is cross-validated by fold: cells of the
same fold share the random seed of the search and so their configurations. `importance` is the fall of R2 on held-out
folds when one hyperparameter is shuffled there. `low` and `high` hold 95% of the shuffles, each with a bootstrap.
"""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

COLUMNS = ["architecture", "hyperparameter", "importance", "low", "high", "r2", "n_trials", "verdict"]
MATTERS, NO_EFFECT = "matters", "no effect shown"
FEWEST = 20  # distinct configurations; leaves of five learn little from fewer
TREES, LEAF, SPLITS, SHUFFLES = 200, 5, 5, 200
# Columns of trials.csv that are no hyperparameters.
ABOUT = ["architecture", "protocol", "fold", "trial", "status", "best", "score", "val_accuracy", "epochs", "seconds"]


def importance(trials: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return importance.csv; `trials` are rows of trials.csv, with a column for each hyperparameter after ABOUT."""
    rows = []
    for architecture, own in trials.groupby("architecture", sort=False):
        own = own[np.isfinite(own["score"]) & (own["score"] > 0)]
        # Hyperparameters of other architectures have no value in these trials.
        names = [name for name in own.columns if name not in ABOUT and own[name].notna().any()]
        n_trials = len(own[names].drop_duplicates())
        scores = _scores(own, names, n_trials, seed)
        rows += [
            {"architecture": architecture, "hyperparameter": name, "n_trials": n_trials} | row
            for name, row in zip(names, scores, strict=True)
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _scores(trials: pd.DataFrame, names: list[str], n_trials: int, seed: int) -> list[dict]:
    """Return importance, low, high, r2 and verdict of each of the hyperparameters `names`."""
    if n_trials < FEWEST:
        return [{"verdict": f"not evaluable: too few distinct trials ({n_trials} < {FEWEST})"}] * len(names)
    if trials["fold"].nunique() < 2:
        return [{"verdict": "not evaluable: one fold, so no other to test the fit on"}] * len(names)
    loss = np.log(trials["score"])
    target = (loss - loss.groupby([trials["protocol"], trials["fold"]]).transform("mean")).to_numpy()
    r2, fall, drawn = falls(encoded(trials[names]), target, trials["fold"].to_numpy(), seed)
    if r2 <= 0:
        why = f"not evaluable: the fit explains nothing (cross-validated R2 {r2:.2f})"
        return [{"r2": r2, "verdict": why}] * len(names)
    limits = np.quantile(drawn, [0.025, 0.975], axis=1).T
    return [
        {"importance": own, "low": low, "high": high, "r2": r2, "verdict": MATTERS if low > 0 else NO_EFFECT}
        for own, (low, high) in zip(fall, limits, strict=True)
    ]


def encoded(table: pd.DataFrame) -> np.ndarray:
    """Return hyperparameters as float (N, H): categories numbered in alphabetical order, NaN where inactive."""
    columns = [
        column.astype(float)
        if pd.api.types.is_numeric_dtype(column)
        else pd.Categorical(column.astype("string")).codes.astype(float)
        for _, column in table.items()
    ]
    return np.where(table.isna(), np.nan, np.transpose(columns))


def falls(x: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute R2 on held-out groups, and its fall when a column of `x` (N, H) is shuffled there.

    The fall is a mean over the shuffles (H,), and for each shuffle on a bootstrap of the distinct rows (H, SHUFFLES).
    """
    rng = np.random.default_rng(seed)
    answers, shuffled = np.empty(len(y)), np.empty((x.shape[1], SHUFFLES, len(y)))
    splitter = GroupKFold(min(SPLITS, len(set(groups))))
    for train, test in splitter.split(x, y, groups):
        forest = RandomForestRegressor(TREES, min_samples_leaf=LEAF, random_state=seed).fit(x[train], y[train])
        answers[test] = forest.predict(x[test])
        for feature in range(x.shape[1]):
            copies = np.tile(x[test], (SHUFFLES, 1))
            copies[:, feature] = np.concatenate([rng.permutation(x[test, feature]) for _ in range(SHUFFLES)])
            shuffled[feature][:, test] = forest.predict(copies).reshape(SHUFFLES, len(test))
    total, error = (y - y.mean()) ** 2, (y - answers) ** 2
    rise = (y - shuffled) ** 2 - error
    # NaN equals no other NaN: equal configurations would not be recognised.
    _, configuration = np.unique(np.nan_to_num(x, nan=np.inf), axis=0, return_inverse=True)
    n = configuration.max() + 1
    weights = rng.multinomial(n, np.full(n, 1 / n), SHUFFLES)[:, configuration]
    drawn = (rise * weights).sum(axis=2) / (total * weights).sum(axis=1)
    return 1 - error.sum() / total.sum(), rise.mean(axis=1).sum(axis=1) / total.sum(), drawn
