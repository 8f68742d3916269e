"""Gain from the hyperparameter search over the default configuration, and importance of the hyperparameters.

Writes into results/<study>/tables/

    tuning.csv       architecture, protocol (all but `published`), n_trials (of a cell; the fewest), validation_gain,
                     loss_gain, test_gain, ci_low, ci_high, optimism, optimism_low, optimism_high, n_units, unit,
                     verdict
    importance.csv   architecture, hyperparameter, importance, low, high, r2, n_trials, verdict (importance.py)

The default configuration is the first trial of a cell. All gains are improvements of the chosen over the default
configuration. validation_gain (accuracy) and loss_gain are validation results at the best epoch, means over the folds
weighted by their validation images. test_gain is the gain in pooled test accuracy, with its paired 95% bootstrap over
patients. optimism is validation_gain minus test_gain: the part that does not generalise. Its interval includes the
sampling error of the test gain only.
"""

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies
from analysis.comparison.importance import importance
from analysis.predictions import read_folds
from analysis.scores.tables import stacked
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study

COLUMNS = [
    *("architecture", "protocol", "n_trials", "validation_gain", "loss_gain", "test_gain", "ci_low", "ci_high"),
    *("optimism", "optimism_low", "optimism_high", "n_units", "unit", "verdict"),
]
HELPED, NO_GAIN, HURT = "search helped", "no gain shown", "search hurt"


def searched_trials(study: Study) -> pd.DataFrame:
    """Return all trials of the searched cells, in the order tried: architecture, protocol, fold (int), trials.csv."""
    trials = stacked(study, "trials")
    trials = trials[trials["protocol"] != PUBLISHED].astype({"fold": int})
    return trials.sort_values(["architecture", "protocol", "fold", "trial"], ignore_index=True)


def tuning(study: Study, trials: pd.DataFrame) -> pd.DataFrame:
    """Return tuning.csv, from searched_trials. Raises BadInput if a cell is missing."""
    accuracies = Accuracies(study)
    rows = []
    for protocol in [protocol for protocol in study.protocols if protocol != PUBLISHED]:
        folds = read_folds(study, protocol)
        sizes = folds[folds["part"] == "validation"].groupby("fold").size()
        for architecture in study.architectures:
            own = trials[(trials["architecture"] == architecture) & (trials["protocol"] == protocol)]
            n_trials = int(own.groupby("fold").size().min())
            chosen = accuracies.of(architecture, protocol)
            row = {"architecture": architecture, "protocol": protocol, "n_trials": n_trials}
            row |= {"n_units": chosen.n_units, "unit": f"{chosen.unit}s"}
            if reason := _no_default(study, own):
                rows.append(row | {"verdict": f"not evaluable: {reason}"})
                continue
            test_gain, limits = chosen.minus(accuracies.of(architecture, protocol, "default_predictions"))
            default = own.groupby("fold")[["val_accuracy", "score"]].first()
            best = own[own["best"].astype(bool)].set_index("fold")[default.columns]
            gain, loss = np.average((best - default).to_numpy(), axis=0, weights=sizes[default.index])
            row |= {"validation_gain": gain, "loss_gain": -loss, "test_gain": test_gain} | limits.columns()
            row |= {
                "optimism": gain - test_gain,
                "optimism_low": gain - limits.high,
                "optimism_high": gain - limits.low,
            }
            rows.append(row | {"verdict": limits.verdict(HELPED, HURT, NO_GAIN)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _no_default(study: Study, trials: pd.DataFrame) -> str:
    """Return why the default configuration can't be compared; empty if it can."""
    if study.search["tuner"] == "hyperband":
        return "hyperband doesn't try the default configuration"
    cells = trials.groupby("fold")
    if cells.size().max() == 1:
        return "one trial, which is the default configuration"
    first = cells["status"].first()
    failed = [str(fold) for fold in first.index[first != "COMPLETED"]]
    return f"the default configuration failed in fold {', '.join(failed)}" if failed else ""


def search(study: Study) -> dict[str, pd.DataFrame]:
    """Return tuning.csv and importance.csv by name."""
    trials = searched_trials(study)
    return {"tuning": tuning(study, trials), "importance": importance(trials, study.seed)}


main = table_stage("Compare a study's chosen and default hyperparameters.", search)

if __name__ == "__main__":
    run_cli(main)
