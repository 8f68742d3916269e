"""Learning curves: accuracy by the number of training patients.

Writes into results/<study>/tables/

    learning_curve.csv   architecture (baselines too), protocol, n_patients (training patients in each fold; for
                         by_patient the mean over the folds), accuracy, ci_low, ci_high, n_samples, n_units, unit
    learning_gain.csv    architecture, from_patients, to_patients, gain (accuracy with most minus with fewest), ci_low,
                         ci_high, slope, slope_low, slope_high, n_units, unit, verdict

All points have the same test images. Intervals are 95% bootstraps over the test patients, paired for gain and slope;
they do not include the random choice of training patients. slope is the accuracy gained by each doubling of patients: a
least squares fit on log2, with equal weights. Both tables are empty if the study has no learning curve.
"""

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies
from analysis.bootstrap import interval
from analysis.predictions import read_folds
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import BY_PATIENT, FEWER
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

POINTS = ["architecture", "protocol", "n_patients", "accuracy", "ci_low", "ci_high", "n_samples", "n_units", "unit"]
GAINS = [
    *("architecture", "from_patients", "to_patients", "gain", "ci_low", "ci_high", "slope", "slope_low", "slope_high"),
    *("n_units", "unit", "verdict"),
]
HELPS, NO_GAIN = "more patients would help", "no gain shown"


def learning_curve(study: Study) -> dict[str, pd.DataFrame]:
    """Return learning_curve.csv and learning_gain.csv by name. Raises BadInput if a cell is missing."""
    points, gains = [], []
    sizes = sorted(study.learning_curve["patients"])
    if sizes:
        accuracies = Accuracies(study)
        patients = {f"{BY_PATIENT}{FEWER}{n}": float(n) for n in sizes}
        patients[BY_PATIENT] = training_patients(read_folds(study, BY_PATIENT), accuracies.samples)
        for architecture in [*(study.learning_curve["architectures"] or study.architectures), *BASELINES]:
            about = {"architecture": architecture}
            curve = {protocol: accuracies.of(architecture, protocol) for protocol in patients}
            for protocol, own in curve.items():
                point = {"protocol": protocol, "n_patients": patients[protocol], "accuracy": own.estimate}
                points.append(about | point | own.columns())
            most = curve[BY_PATIENT]
            gain, limits = most.minus(curve[f"{BY_PATIENT}{FEWER}{sizes[0]}"])
            slope = _slope(patients, np.array([[at.estimate] for at in curve.values()])).item()
            drawn = _slope(patients, np.array([at.drawn for at in curve.values()]))
            row = {"from_patients": float(sizes[0]), "to_patients": patients[BY_PATIENT], "gain": gain, "slope": slope}
            row |= limits.columns() | interval(drawn, most.n_units, most.unit).columns("slope")
            row |= {"n_units": most.n_units, "unit": f"{most.unit}s"}
            gains.append(about | row | {"verdict": limits.verdict(HELPS, NO_GAIN, NO_GAIN)})
    tables = {"learning_curve": pd.DataFrame(points, columns=POINTS)}
    return tables | {"learning_gain": pd.DataFrame(gains, columns=GAINS)}


def training_patients(folds: pd.DataFrame, samples: pd.DataFrame) -> float:
    """Compute the mean number of patients in the train part of a fold."""
    train = folds[folds["part"] == "train"]
    return float(train["sample"].map(samples.set_index("sample")["patient"]).groupby(train["fold"]).nunique().mean())


def _slope(patients: dict[str, float], accuracies: np.ndarray) -> np.ndarray:
    """Compute the least squares slope on log2 of the P values of `patients` of each column of `accuracies` (P, B)."""
    x = np.log2(list(patients.values()))
    x -= x.mean()
    return x @ accuracies / (x @ x)


main = table_stage("Score a study's learning curves over training patients.", learning_curve)

if __name__ == "__main__":
    run_cli(main)
