"""Share of the saliency in the breast and in the lesion, against their areas, over the probes of each cell."""

import pandas as pd

from analysis.bootstrap import Interval, interval, resampled_means

REGIONS = {"breast": ("heat_in_breast", "area_of_breast"), "lesion": ("heat_in_lesion", "area_of_lesion")}
COLUMNS = [
    *("architecture", "protocol", "region", "n_probes", "n_units", "unit", "heat", "area", "difference"),
    *("ci_low", "ci_high", "note"),
]


def summarise(answers: pd.DataFrame, probes: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return the mean share of saliency and of area of each region, and their difference with its interval.

    `answers` is tables/gradcam.csv, `probes` tables/probes.csv. The interval is a 95% percentile bootstrap over the
    probes' patients (sources where a patient is not known). Without a usable probe the estimates are missing and
    `note` says why.
    """
    unit = "patient" if probes["patient"].notna().all() else "source"
    table = answers.merge(probes[["protocol", "probe", unit]], on=["protocol", "probe"], validate="m:1")
    rows = []
    for (architecture, protocol), cell in table.groupby(["architecture", "protocol"], sort=False):
        for region, (heat, area) in REGIONS.items():
            known = cell.dropna(subset=[heat, area])
            row = {"architecture": architecture, "protocol": protocol, "region": region, "n_probes": len(known)}
            row |= {"n_units": known[unit].nunique(), "unit": f"{unit}s", "note": "; ".join(_notes(cell, heat))}
            if len(known):
                difference = known[heat] - known[area]
                around = _interval(difference, known[unit].astype(str), unit, seed, resamples)
                row |= {"heat": known[heat].mean(), "area": known[area].mean(), "difference": difference.mean()}
                row |= {"ci_low": around.low, "ci_high": around.high}
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _notes(cell: pd.DataFrame, heat: str) -> list[str]:
    counts = cell.loc[cell[heat].isna(), "note"].fillna("not evaluable").value_counts().sort_index()
    return [f"{n} of {len(cell)} probes: {note}" for note, n in counts.items()]


def _interval(values: pd.Series, units: pd.Series, unit: str, seed: int, resamples: int) -> Interval:
    return interval(resampled_means(values, units, resamples, seed), units.nunique(), unit)
