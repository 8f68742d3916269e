"""Learning curves over the number of training patients: would more data help?

Writes into results/<study>/tables/

    learning_curve.csv   architecture (baselines too), protocol, n_patients (training patients a fold; of by_patient
                         their mean over the folds), accuracy, ci_low, ci_high, n_samples, n_units, unit
    learning_gain.csv    architecture, from_patients, to_patients, gain (accuracy with most minus with fewest), ci_low,
                         ci_high, slope, slope_low, slope_high (accuracy gained by each doubling of patients), n_units,
                         unit, verdict

Every point is tested on the same images. Intervals are 95 % bootstraps over the test patients, those of gain and slope
paired; which patients were left in training is one draw, whose chance they leave out. The slope is a least squares
fit of accuracy on log2 of the patients, all points weighing the same as they have the same test images. Without a
learning curve both tables are empty.
"""

import argparse

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies, Accuracy, not_evaluable
from analysis.bootstrap import interval
from analysis.predictions import read_folds
from benchmarks.errors import run_cli
from benchmarks.protocols import BY_PATIENT, FEWER
from benchmarks.study.study import BASELINES, Study, load_study

POINTS = [
    *("architecture", "protocol", "n_patients", "accuracy", "ci_low", "ci_high", "n_samples", "n_units", "unit"),
]
GAINS = [
    *("architecture", "from_patients", "to_patients", "gain", "ci_low", "ci_high", "slope", "slope_low", "slope_high"),
    *("n_units", "unit", "verdict"),
]
HELPS, NO_GAIN = "more patients would help", "no gain shown"


def learning_curve(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of learning_curve.csv and of learning_gain.csv. Raises BadInput if a cell is missing."""
    points, gains = [], []
    sizes = sorted(study.learning_curve["patients"])
    if sizes:
        accuracies = Accuracies(study)
        patients = {f"{BY_PATIENT}{FEWER}{n}": float(n) for n in sizes}
        patients[BY_PATIENT] = training_patients(read_folds(study, BY_PATIENT), accuracies.samples)
        for architecture in [*(study.learning_curve["architectures"] or study.architectures), *BASELINES]:
            curve = {protocol: accuracies.of(architecture, protocol) for protocol in patients}
            points += [_point(architecture, protocol, patients[protocol], at) for protocol, at in curve.items()]
            gains.append(_gain(architecture, list(patients.values()), list(curve.values())))
    return pd.DataFrame(points, columns=POINTS), pd.DataFrame(gains, columns=GAINS)


def training_patients(folds: pd.DataFrame, samples: pd.DataFrame) -> float:
    """Mean number of patients in the train part of a fold."""
    train = folds[folds["part"] == "train"]
    return float(train["sample"].map(samples.set_index("sample")["patient"]).groupby(train["fold"]).nunique().mean())


def _point(architecture: str, protocol: str, n_patients: float, accuracy: Accuracy) -> dict:
    limits = accuracy.limits()
    row = {"architecture": architecture, "protocol": protocol, "n_patients": n_patients}
    row |= {"accuracy": accuracy.estimate, "ci_low": limits.low, "ci_high": limits.high}
    return row | accuracy.about()


def _gain(architecture: str, patients: list[float], curve: list[Accuracy]) -> dict:
    fewest, most = curve[0], curve[-1]
    gain, limits = most.minus(fewest)
    slope = _slope(patients, np.array([[at.estimate] for at in curve])).item()
    around = interval(_slope(patients, np.array([at.drawn for at in curve])), most.n_units, most.unit)
    row = {"architecture": architecture, "from_patients": patients[0], "to_patients": patients[-1], "gain": gain}
    row |= {"ci_low": limits.low, "ci_high": limits.high}
    row |= {"slope": slope, "slope_low": around.low, "slope_high": around.high}
    row |= {"n_units": most.n_units, "unit": f"{most.unit}s"}
    verdict = HELPS if limits.low > 0 else NO_GAIN
    return row | {"verdict": not_evaluable(limits) if limits.note else verdict}


def _slope(patients: list[float], accuracies: np.ndarray) -> np.ndarray:
    """Least squares slopes on log2 of `patients` (P,) of each column of `accuracies` (P, B)."""
    x = np.log2(patients)
    x -= x.mean()
    return x @ accuracies / (x @ x)


def main() -> None:
    """Score a study's learning curves."""
    parser = argparse.ArgumentParser(description="Score a study's learning curves over training patients.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    for name, table in zip(("learning_curve", "learning_gain"), learning_curve(study), strict=True):
        table.to_csv(study.results() / "tables" / f"{name}.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
