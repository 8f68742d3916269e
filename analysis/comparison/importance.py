"""Which hyperparameters mattered: permutation importance of a random forest fitted on the trials of a search.

Breiman, Random forests, Machine Learning 45, 2001. The forest learns the logarithm of a trial's validation loss, minus
the mean of its cell, which takes out that some folds are harder. It is cross-validated by fold: cells of one fold share
their search's seed and so their configurations, which would give away the answer. `importance` is by how much R2 on
the folds left out falls when one hyperparameter is shuffled there; `low` and `high` hold 95 % of the shuffles, each
measured on its own bootstrap of the configurations: shuffles alone call chance in few trials an effect.
"""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

COLUMNS = ["architecture", "hyperparameter", "importance", "low", "high", "r2", "n_trials", "verdict"]
MATTERS, NO_EFFECT = "matters", "no effect shown"
FEWEST = 20  # distinct configurations; the forest's leaves of five leave little to learn from fewer
TREES, LEAF = 200, 5
SPLITS, SHUFFLES = 5, 200
TAIL = 0.025

ABOUT = ["architecture", "protocol", "fold", "trial", "status", "best", "score", "val_accuracy", "epochs", "seconds"]


def importance(trials: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows of importance.csv; `trials` as trials.csv, one column a hyperparameter after those of ABOUT."""
    rows = []
    for architecture, own in trials.groupby("architecture", sort=False):
        own = own[np.isfinite(own["score"]) & (own["score"] > 0)]
        # A hyperparameter of another architecture has no value in any trial of this one.
        names = [name for name in own.columns if name not in ABOUT and own[name].notna().any()]
        rows += [{"architecture": architecture, **row} for row in _rows(own, names, seed)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(trials: pd.DataFrame, names: list[str], seed: int) -> list[dict]:
    n_trials = len(trials[names].drop_duplicates())
    unknown = [{"hyperparameter": name, "n_trials": n_trials} for name in names]
    if n_trials < FEWEST:
        why = f"not evaluable: too few distinct trials ({n_trials} < {FEWEST})"
        return [row | {"verdict": why} for row in unknown]
    if trials["fold"].nunique() < 2:
        return [row | {"verdict": "not evaluable: one fold, so no other to test the fit on"} for row in unknown]
    r2, fall, drawn = falls(encoded(trials[names]), _target(trials), trials["fold"].to_numpy(), seed)
    if r2 <= 0:
        why = f"not evaluable: the fit explains nothing (cross-validated R2 {r2:.2f})"
        return [row | {"r2": r2, "verdict": why} for row in unknown]
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL], axis=1)
    return [
        row
        | {"importance": fall[place], "low": low[place], "high": high[place], "r2": r2}
        | {"verdict": MATTERS if low[place] > 0 else NO_EFFECT}
        for place, row in enumerate(unknown)
    ]


def _target(trials: pd.DataFrame) -> np.ndarray:
    loss = np.log(trials["score"])
    return (loss - loss.groupby([trials["protocol"], trials["fold"]]).transform("mean")).to_numpy()


def encoded(table: pd.DataFrame) -> np.ndarray:
    """Hyperparameters as float (N, H): numbers as they are, categories numbered in order, NaN where inactive."""
    columns = [
        column.astype(float)
        if pd.api.types.is_numeric_dtype(column)
        else pd.Categorical(column.astype("string")).codes.astype(float)
        for _, column in table.items()
    ]
    return np.where(table.isna(), np.nan, np.transpose(columns))


def falls(x: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, np.ndarray, np.ndarray]:
    """R2 on groups left out, how much it falls (H,) on average with each column of `x` (N, H) shuffled there, and how
    much in each of SHUFFLES bootstraps of the distinct rows of `x` (H, SHUFFLES).
    """
    rng = np.random.default_rng(seed)
    n_features = x.shape[1]
    answers, shuffled = np.empty(len(y)), np.empty((n_features, SHUFFLES, len(y)))
    splitter = GroupKFold(min(SPLITS, len(set(groups))))
    for train, test in splitter.split(x, y, groups):
        forest = RandomForestRegressor(TREES, min_samples_leaf=LEAF, random_state=seed).fit(x[train], y[train])
        answers[test] = forest.predict(x[test])
        for feature in range(n_features):
            copies = np.tile(x[test], (SHUFFLES, 1))
            copies[:, feature] = np.concatenate([rng.permutation(x[test, feature]) for _ in range(SHUFFLES)])
            shuffled[feature][:, test] = forest.predict(copies).reshape(SHUFFLES, len(test))
    total, error = (y - y.mean()) ** 2, (y - answers) ** 2
    rise = (y - shuffled) ** 2 - error
    # NaN equals no other NaN, and would keep equal configurations apart.
    _, configuration = np.unique(np.nan_to_num(x, nan=np.inf), axis=0, return_inverse=True)
    n = configuration.max() + 1
    weights = rng.multinomial(n, np.full(n, 1 / n), SHUFFLES)[:, configuration]
    drawn = (rise * weights).sum(axis=2) / (total * weights).sum(axis=1)
    return 1 - error.sum() / total.sum(), rise.mean(axis=1).sum(axis=1) / total.sum(), drawn
