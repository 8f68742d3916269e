"""Sensitivity and false alarms of the bias checks, on models for which the use of a shortcut was measured.

One row a shortcut (and `all`), strength and check, for every check of the planted region, and `any`: is the region
flagged by at least one of INTERVENTIONS? Columns

    shortcut, strength, check
    n_models, n_judged                  models, and those with a verdict of the check on the region
    n_flagged, flagged                  models with a flag on the region, and their share of all models
    n_learnt, n_detected, detected      models that rely on the artefact, the flagged ones, and their share; missing
                                        without such models
    n_indifferent, n_false, false       models whose predictions do not depend on the artefact, the flagged ones, and
                                        their share; missing without such models
    elsewhere                           share of models with a flag of the check on another region except the lesion,
                                        which a model that relies on an artefact may ignore
    n_flagged_uncorrected, n_detected_uncorrected, n_false_uncorrected, elsewhere_uncorrected
                                        the same before the correction for the number of checks

Flags are corrected within the families of each study (analysis/bias/families.py). planted_bias.py measures reliance by
redrawing the artefact; at strength 0, only flags on indifferent models are false. flagged, detected and false have a
95% Wilson interval over models, <name>_low and <name>_high. A verdict `not evaluable` is no flag.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from benchmarks.reference import ALL, ANY

PLANTED_REGION = {
    "label": "labels",
    "background": "background",
    "rotation": "turned by 330",
    "border": "border",
    "density_label": "labels",
}
INTERVENTIONS = ("erase", "blur", "swap", "orientation", "marker_alone")
LESION = "lesion"
VERDICTS = ("verdict", "verdict_uncorrected")
MODEL = ["shortcut", "strength", "seed", "architecture"]


def summary(runs: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the table from all rows of runs.csv and verdicts.csv."""
    return pd.DataFrame(_rows(runs, verdicts))


def _rows(runs: pd.DataFrame, verdicts: pd.DataFrame) -> Iterator[dict]:
    parts = [*runs.groupby(["shortcut", "strength"]), *(((ALL, s), own) for s, own in runs.groupby("strength"))]
    for (shortcut, strength), models in parts:
        own = verdicts[verdicts["shortcut"].isin(models["shortcut"]) & (verdicts["strength"] == strength)]
        planted = own["region_or_group"] == own["shortcut"].map(PLANTED_REGION)
        models = models.set_index(MODEL)
        checks = {check: own["check"] == check for check in own.loc[planted, "check"].unique()}
        for check, chosen in (checks | {ANY: own["check"].isin(INTERVENTIONS)}).items():
            about = {"shortcut": shortcut, "strength": strength, "check": check}
            yield about | _rates(models, own[chosen & planted], own[chosen & ~planted])


def _rates(models: pd.DataFrame, planted: pd.DataFrame, others: pd.DataFrame) -> dict:
    """Return the numbers of one row; `models` are indexed by MODEL, the other two are verdicts of one check."""
    flagged, before = (_has(models, planted, planted[column] == "flagged") for column in VERDICTS)
    n_judged = int(_has(models, planted, planted["verdict"] != "not evaluable").sum())
    row = {"n_models": len(models), "n_judged": n_judged, **_rate("flagged", int(flagged.sum()), len(models))}
    for kind, name in (("learnt", "detected"), ("indifferent", "false")):
        of_kind = models[kind].to_numpy()
        row[f"n_{kind}"] = int(of_kind.sum())
        row |= _rate(name, int((flagged & of_kind).sum()), int(of_kind.sum()))
        row[f"n_{name}_uncorrected"] = int((before & of_kind).sum())
    row["n_flagged_uncorrected"] = int(before.sum())
    others = others[others["region_or_group"] != LESION]
    for name, column in zip(("elsewhere", "elsewhere_uncorrected"), VERDICTS, strict=True):
        row[name] = round(float(_has(models, others, others[column] == "flagged").mean()), 4)
    return row


def _has(models: pd.DataFrame, verdicts: pd.DataFrame, true: pd.Series) -> np.ndarray:
    """Return whether each model has a verdict for which `true` holds, bool (models,)."""
    return models.index.isin(pd.MultiIndex.from_frame(verdicts.loc[true, MODEL]))


def _rate(name: str, k: int, n: int) -> dict:
    low, high = proportion_confint(k, n, method="wilson") if n else (np.nan, np.nan)
    shares = {name: k / n if n else np.nan, f"{name}_low": low, f"{name}_high": high}
    return {f"n_{name}": k, **{key: round(float(value), 4) for key, value in shares.items()}}
