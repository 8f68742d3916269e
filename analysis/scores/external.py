"""External test: accuracy on a data set that the networks were not trained on.

Writes results/<study>/tables/external.csv: architecture (baselines too), dataset (the tested one; `all` for several
together), accuracy (of networks trained on the other data sets), ci_low, ci_high, internal (accuracy on the same images
under by_patient, of networks trained on other patients of the same data set too), loss (internal minus external),
loss_low, loss_high, n_samples, n_units, unit, verdict. Intervals are 95% bootstraps over patients, paired for the loss.
Columns or all rows are missing if the study has no protocol by_patient or external.
"""

import pandas as pd

from analysis.accuracy import Accuracies
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
    dataset = accuracies.samples.set_index("sample")["dataset"]
    names = study.external["test"]
    tested = {name: [name] for name in names} | ({ALL: names} if len(names) > 1 else {})
    rows = []
    for architecture in study.compared():
        tables = {
            name: accuracies.pooled(architecture, name) for name in (EXTERNAL, BY_PATIENT) if name in study.protocols
        }
        for name, chosen in tested.items():
            own = {
                protocol: accuracies.of_table(table[table["sample"].map(dataset).isin(chosen)])
                for protocol, table in tables.items()
            }
            outside = own[EXTERNAL]
            row = {"architecture": architecture, "dataset": name, "accuracy": outside.estimate, "verdict": NO_INTERNAL}
            row |= outside.columns()
            if BY_PATIENT in own:
                loss, limits = own[BY_PATIENT].minus(outside)
                row |= {"internal": own[BY_PATIENT].estimate, "loss": loss} | limits.columns("loss")
                row["verdict"] = limits.verdict(WORSE, BETTER, NO_DIFFERENCE)
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


main = table_stage(
    "Compare a study's external test with its internal test.", lambda study: {"external": external(study)}
)

if __name__ == "__main__":
    run_cli(main)
