"""External test: what networks lose on a data set that they were not trained on.

Writes results/<study>/tables/external.csv: architecture (baselines too), dataset (the one tested; `all` of them
together, if there are several), accuracy (by networks trained on the other data sets), ci_low, ci_high, internal
(accuracy on the same images under by_patient, by networks that training showed other patients of the same data set
too), loss (internal minus external), loss_low, loss_high, n_samples, n_units, unit, verdict. Intervals are 95 %
bootstraps over patients, those of the loss paired. internal and loss are empty without by_patient in the study, the
table without protocol external.
"""

import argparse

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies, accuracy, not_evaluable
from analysis.predictions import pooled
from benchmarks.errors import run_cli
from benchmarks.protocols import BY_PATIENT, EXTERNAL
from benchmarks.study.study import Study, load_study

COLUMNS = [
    *("architecture", "dataset", "accuracy", "ci_low", "ci_high", "internal", "loss", "loss_low", "loss_high"),
    *("n_samples", "n_units", "unit", "verdict"),
]
ALL = "all"
WORSE, BETTER, NO_DIFFERENCE = "worse on another data set", "better on another data set", "no difference shown"
NO_INTERNAL = "not evaluable: the study has no by_patient to compare with"


def external(study: Study) -> pd.DataFrame:
    """The rows of external.csv. Raises BadInput if a cell is missing."""
    if EXTERNAL not in study.protocols:
        return pd.DataFrame(columns=COLUMNS)
    accuracies = Accuracies(study)
    names = study.external["test"]
    tested = {name: [name] for name in names} | ({ALL: names} if len(names) > 1 else {})
    rows = [
        {"architecture": architecture, "dataset": name} | _row(accuracies, architecture, chosen)
        for architecture in study.compared()
        for name, chosen in tested.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(accuracies: Accuracies, architecture: str, chosen: list[str]) -> dict:
    """Accuracies on the test images of the data sets `chosen`."""
    of_sample = accuracies.samples.set_index("sample")["dataset"]

    def on_chosen(protocol: str) -> pd.DataFrame:
        table = pooled(accuracies.study, accuracies.samples, architecture, protocol)
        return table[table["sample"].map(of_sample).isin(chosen)]

    bootstrap, unit = accuracies.bootstrap, accuracies.samples.attrs["unit"]
    own = accuracy(on_chosen(EXTERNAL), bootstrap, unit)
    limits = own.limits()
    row = {"accuracy": own.estimate, "ci_low": limits.low, "ci_high": limits.high, **own.about()}
    if BY_PATIENT not in accuracies.study.protocols:
        return row | {"internal": np.nan, "verdict": NO_INTERNAL}
    internal = accuracy(on_chosen(BY_PATIENT), bootstrap, unit)
    loss, around = internal.minus(own)
    verdict = WORSE if around.low > 0 else BETTER if around.high < 0 else NO_DIFFERENCE
    return row | {
        "internal": internal.estimate,
        "loss": loss,
        "loss_low": around.low,
        "loss_high": around.high,
        "verdict": not_evaluable(around) if around.note else verdict,
    }


def main() -> None:
    """Compare a study's external test with its internal one."""
    parser = argparse.ArgumentParser(description="Compare a study's external test with its internal one.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    external(study).to_csv(study.results() / "tables" / "external.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
