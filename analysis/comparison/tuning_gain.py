"""What the search for hyperparameters bought over the default configuration, and which hyperparameters mattered.

Writes into results/<study>/tables/

    tuning.csv       architecture, protocol (honest ones), n_trials (of a cell; the fewest), validation_gain, loss_gain,
                     test_gain, ci_low, ci_high, optimism, optimism_low, optimism_high, n_units, unit, verdict
    importance.csv   architecture, hyperparameter, importance, low, high, r2, n_trials, verdict (importance.py)

The default configuration is a cell's first trial. validation_gain is the accuracy on the validation parts of the chosen
configuration minus the default's, each at its best epoch; loss_gain the validation loss of the default minus the
chosen one's; both are means over the folds, weighted by the images that validate. test_gain is the pooled accuracy on
the test parts of the chosen minus the default configuration, with its paired 95 % bootstrap over patients. optimism is
validation_gain minus test_gain: what the search seemed to buy and did not. Its interval is that of the test gain alone,
as no validation predictions of the default are kept, so the chance in the validation gain is left out.
"""

import argparse

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies, not_evaluable
from analysis.comparison.importance import importance
from analysis.predictions import read_folds
from analysis.scores.tables import stacked
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study, load_study

COLUMNS = [
    *("architecture", "protocol", "n_trials", "validation_gain", "loss_gain", "test_gain", "ci_low", "ci_high"),
    *("optimism", "optimism_low", "optimism_high", "n_units", "unit", "verdict"),
]
HELPED, NO_GAIN, HURT = "search helped", "no gain shown", "search hurt"
COMPLETED = "COMPLETED"


def honest_trials(study: Study) -> pd.DataFrame:
    """All trials of the honest cells, in the order tried: architecture, protocol, fold (int), then as trials.csv."""
    trials = stacked(study, "trials")
    trials = trials[trials["protocol"] != PUBLISHED].astype({"fold": int})
    return trials.sort_values(["architecture", "protocol", "fold", "trial"], ignore_index=True)


def tuning(study: Study, trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of tuning.csv from honest_trials. Raises BadInput if a cell is missing."""
    accuracies = Accuracies(study)
    rows = []
    for protocol in [protocol for protocol in study.protocols if protocol != PUBLISHED]:
        folds = read_folds(study, protocol)
        sizes = folds[folds["part"] == "validation"].groupby("fold").size()
        for architecture in study.architectures:
            own = trials[(trials["architecture"] == architecture) & (trials["protocol"] == protocol)]
            n_trials = int(own.groupby("fold").size().min())
            row = {"architecture": architecture, "protocol": protocol, "n_trials": n_trials}
            chosen = accuracies.of(architecture, protocol)
            row |= {"n_units": chosen.n_units, "unit": f"{chosen.unit}s"}
            if reason := _no_default(study, own):
                rows.append(row | {"verdict": f"not evaluable: {reason}"})
                continue
            default = accuracies.of(architecture, protocol, "default_predictions")
            test_gain, limits = chosen.minus(default)
            validation_gain, loss_gain = _validation_gains(own, sizes)
            row |= {"validation_gain": validation_gain, "loss_gain": loss_gain, "test_gain": test_gain}
            row |= {"ci_low": limits.low, "ci_high": limits.high, "optimism": validation_gain - test_gain}
            row |= {"optimism_low": validation_gain - limits.high, "optimism_high": validation_gain - limits.low}
            verdict = HELPED if limits.low > 0 else HURT if limits.high < 0 else NO_GAIN
            rows.append(row | {"verdict": not_evaluable(limits) if limits.note else verdict})
    return pd.DataFrame(rows, columns=COLUMNS)


def _no_default(study: Study, trials: pd.DataFrame) -> str:
    """Why the default configuration can't be compared; empty if it can."""
    if study.search["tuner"] == "hyperband":
        return "hyperband doesn't try the default configuration"
    cells = trials.groupby("fold")
    if cells.size().max() == 1:
        return "one trial, which is the default configuration"
    first = cells["status"].first()
    failed = [str(fold) for fold in first.index[first != COMPLETED]]
    return f"the default configuration failed in fold {', '.join(failed)}" if failed else ""


def _validation_gains(trials: pd.DataFrame, sizes: pd.Series) -> tuple[float, float]:
    """Gains in accuracy and in loss, weighted by the folds' `sizes`."""
    columns = ["val_accuracy", "score"]
    default = trials.groupby("fold")[columns].first()
    chosen = trials[trials["best"].astype(bool)].set_index("fold")[columns]
    gains = (chosen - default).to_numpy()
    accuracy, loss = np.average(gains, axis=0, weights=sizes[default.index])
    return float(accuracy), -float(loss)


def main() -> None:
    """Say what a study's search bought."""
    parser = argparse.ArgumentParser(description="Compare a study's chosen and default hyperparameters.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    trials = honest_trials(study)
    tables = {"tuning": tuning(study, trials), "importance": importance(trials, study.seed)}
    for name, table in tables.items():
        table.to_csv(study.results() / "tables" / f"{name}.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
