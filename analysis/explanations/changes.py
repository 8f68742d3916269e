"""Table of the mean change of the predictions by each edit of the films, and of the share of flipped predictions.

Writes results/<study>/tables/changes.csv: architecture, protocol, region, edit, n_probes, n_units, unit, change (mean
drop in the probability answered), control_change, flips (share of answers that become another), control_flips (of
the change elsewhere), flips_more (the difference), ci_low, ci_high (95 % bootstrap over units), note. Without a
control, its columns and the interval are empty.
"""

import argparse

import pandas as pd

from analysis.bootstrap import interval, resampled_means
from analysis.explanations.interventions import EMPTY
from analysis.predictions import unit_of
from analysis.tidy import read_table
from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study

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


def main() -> None:
    """Write changes.csv of a study."""
    parser = argparse.ArgumentParser(description="Summarise how edits of the films change the predictions.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study: Study = load_study(parser.parse_args().study)
    changed, probes = (read_table(study.results(), name) for name in ("interventions", "probes"))
    table = summarise(changed, probes, study.seed, study.bootstrap)
    table.to_csv(study.results() / "tables" / "changes.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    run_cli(main)
