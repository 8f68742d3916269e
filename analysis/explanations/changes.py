"""Table of the mean change of the predictions by each edit of the films, and of the share of flipped predictions.

Writes results/<study>/tables/changes.csv: architecture, protocol, region, edit, n_probes, n_units, unit, change (mean
drop in the probability of the predicted class), control_change, flips (share of predictions that change), control_flips
(the share after the control edit), flips_more (the difference), ci_low, ci_high (95% bootstrap over units), note.
Without a control, the columns of the control, flips_more and the interval are empty.
"""

import pandas as pd

from analysis.bootstrap import interval, resampled_means
from analysis.explanations.interventions import EMPTY
from analysis.predictions import unit_of
from analysis.tidy import read_table, table_stage
from benchmarks.errors import run_cli
from benchmarks.study.study import Study

KEYS = ["architecture", "protocol", "region", "edit"]
COLUMNS = [
    *(*KEYS, "n_probes", "n_units", "unit", "change", "control_change", "flips", "control_flips", "flips_more"),
    *("ci_low", "ci_high", "note"),
]


def summarise(changed: pd.DataFrame, probes: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return the rows of changes.csv, from tables/interventions.csv and probes.csv."""
    unit = unit_of(probes)
    table = changed[changed["edit"] != EMPTY].merge(probes[["protocol", "probe", unit]], on=["protocol", "probe"])
    table = table.astype({"flipped": float, "control_flipped": float})
    rows = []
    for names, own in table.groupby(KEYS, sort=False):
        row = dict(zip(KEYS, names, strict=True)) | {"n_probes": len(own), "n_units": own[unit].nunique()}
        row |= {"unit": f"{unit}s", "change": own["change"].mean(), "flips": own["flipped"].mean(), "note": ""}
        both = own.dropna(subset=["control_change"])
        if len(both):
            more = both["flipped"] - both["control_flipped"]
            limits = interval(resampled_means(more, both[unit], resamples, seed), both[unit].nunique(), unit)
            row |= {"control_change": both["control_change"].mean(), "control_flips": both["control_flipped"].mean()}
            row |= {"flips_more": more.mean(), "note": limits.note} | limits.columns()
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def changes(study: Study) -> dict[str, pd.DataFrame]:
    """Return the table changes of a study."""
    changed, probes = (read_table(study.results(), name) for name in ("interventions", "probes"))
    return {"changes": summarise(changed, probes, study.seed, study.bootstrap)}


main = table_stage("Summarise how edits of the films change the predictions.", changes, float_format="%.4g")

if __name__ == "__main__":
    run_cli(main)
