"""External test: accuracy on a data set that the networks were not trained on.

Writes results/<study>/tables/external.csv: architecture (baselines too), dataset (the tested one; `all` for several
together), accuracy (of networks trained on the other data sets), ci_low, ci_high, internal (accuracy on the same images
under by_patient, of networks trained on other patients of the same data set too), loss (internal minus external),
loss_low, loss_high, n_samples, n_units, unit, verdict. Intervals are 95% bootstraps over patients, paired for the loss.
internal and loss are empty if the study has no by_patient. The table is empty if the study has no protocol external.
"""

import numpy as np
import pandas as pd

from analysis.accuracy import Accuracies, Accuracy
from analysis.tidy import table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import BY_PATIENT, EXTERNAL
from benchmarks.study.study import Study

COLUMNS = [
    *("architecture", "dataset", "accuracy", "ci_low", "ci_high", "internal", "loss", "loss_low", "loss_high"),
    *("n_samples", "n_units", "unit", "verdict"),
]
ALL = "all"
WORSE, BETTER, NO_DIFFERENCE = "worse on another data set", "better on another data set", "no difference shown"
NO_INTERNAL = "not evaluable: the study has no by_patient to compare with"


def external(study: Study) -> pd.DataFrame:
    """Return external.csv. Raises BadInput if a cell is missing."""
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
    dataset = accuracies.samples.set_index("sample")["dataset"]

    def on_chosen(protocol: str) -> Accuracy:
        table = accuracies.pooled(architecture, protocol)
        return accuracies.of_table(table[table["sample"].map(dataset).isin(chosen)])

    own = on_chosen(EXTERNAL)
    row = {"accuracy": own.estimate} | own.columns()
    if BY_PATIENT not in accuracies.study.protocols:
        return row | {"internal": np.nan, "verdict": NO_INTERNAL}
    internal = on_chosen(BY_PATIENT)
    loss, limits = internal.minus(own)
    verdict = limits.verdict(WORSE, BETTER, NO_DIFFERENCE)
    return row | {"internal": internal.estimate, "loss": loss} | limits.columns("loss") | {"verdict": verdict}


main = table_stage(
    "Compare a study's external test with its internal test.", lambda study: {"external": external(study)}
)

if __name__ == "__main__":
    run_cli(main)
