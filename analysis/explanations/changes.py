"""Table of the mean change of the predictions by each edit of the films, and of the share of flipped predictions.

Writes results/<study>/tables/changes.csv: architecture, protocol, region, edit, n_probes, n_units, unit, change (mean
drop in the probability answered), control_change, flips (share of answers that become another), control_flips (of
the change elsewhere), flips_more (the difference), ci_low, ci_high (95% bootstrap over units), note. Without a
control, its columns and the interval are empty.
"""

import pandas as pd

from analysis.bootstrap import interval, resampled_means
from analysis.explanations.interventions import EMPTY
from analysis.tidy import read_table, table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import unit_of
from benchmarks.study.study import Study

COLUMNS = [
    *("architecture", "protocol", "region", "edit", "n_probes", "n_units", "unit", "change", "control_change"),
    *("flips", "control_flips", "flips_more", "ci_low", "ci_high", "note"),
]


def summarise(changed: pd.DataFrame, probes: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return the rows of changes.csv, from tables/interventions.csv and probes.csv."""
    unit = unit_of(probes)
    table = changed[changed["edit"] != EMPTY].merge(probes[["protocol", "probe", unit]], on=["protocol", "probe"])
    rows = []
    for names, own in table.groupby(["architecture", "protocol", "region", "edit"], sort=False):
        row = dict(zip(COLUMNS, names, strict=False))
        row |= {"n_probes": len(own), "n_units": own[unit].nunique(), "unit": f"{unit}s"}
        row |= {"change": own["change"].mean(), "flips": own["flipped"].astype(float).mean(), "note": ""}
        both = own.dropna(subset=["control_change"])
        if len(both):
            more = both["flipped"].astype(float) - both["control_flipped"].astype(float)
            limits = interval(resampled_means(more, both[unit], resamples, seed), both[unit].nunique(), unit)
            row |= {"control_change": both["control_change"].mean(), "flips_more": more.mean(), "note": limits.note}
            row |= {"control_flips": both["control_flipped"].astype(float).mean()}
            row |= {"ci_low": limits.low, "ci_high": limits.high}
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def changes(study: Study) -> dict[str, pd.DataFrame]:
    """Return changes.csv of a study, by its name. Raises BadInput if a table is missing."""
    changed, probes = (read_table(study.results(), name) for name in ("interventions", "probes"))
    return {"changes": summarise(changed, probes, study.seed, study.bootstrap)}


main = table_stage("Summarise how edits of films change the predictions.", changes, float_format="%.4g")

if __name__ == "__main__":
    run_cli(main)
