"""How often the bias checks find a planted shortcut, from the verdicts on models that are known to lean on it or not.

One row a shortcut (and `all`), strength and check, for every check that judges the planted region, and `any`: is the
region flagged by at least one of INTERVENTIONS? Columns

    shortcut, strength, check
    n_models, n_judged                          models, and those in which the check gave a verdict on the region
    n_flagged, flagged                          those in which it flagged the region, and their share of all models
    n_learnt, n_detected, detected              models that rely on the artefact, those of them that were flagged, and
                                                their share; missing where no model learnt
    n_indifferent, n_false, false               models whose answers the artefact leaves alone, those of them that were
                                                flagged, and their share; missing where there is none
    elsewhere                                   share of models in which the check flagged another region, the lesion
                                                left out: a model that leans on an artefact may well ignore the lesion

What a model leans on was measured by redrawing the artefact (planted_bias.py); a flag at strength 0 is false
only if the model is indifferent. flagged, detected and false have a 95 % Wilson interval over models, <name>_low and
<name>_high. A verdict `not evaluable` is no flag.
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
MODEL = ["shortcut", "strength", "seed", "architecture"]


def summary(runs: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The table above, from all rows of runs.csv and verdicts.csv."""
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
    """The numbers of one row; `models` are indexed by MODEL, the other two are verdicts of one check."""
    flagged = _has(models, planted, planted["verdict"] == "flagged")
    other = _has(models, others, (others["verdict"] == "flagged") & (others["region_or_group"] != LESION))
    learnt, indifferent = models["learnt"].to_numpy(), models["indifferent"].to_numpy()
    return {
        "n_models": len(models),
        "n_judged": int(_has(models, planted, planted["verdict"] != "not evaluable").sum()),
        "n_flagged": int(flagged.sum()),
        **_rate("flagged", int(flagged.sum()), len(models)),
        "n_learnt": int(learnt.sum()),
        "n_detected": int((flagged & learnt).sum()),
        **_rate("detected", int((flagged & learnt).sum()), int(learnt.sum())),
        "n_indifferent": int(indifferent.sum()),
        "n_false": int((flagged & indifferent).sum()),
        **_rate("false", int((flagged & indifferent).sum()), int(indifferent.sum())),
        "elsewhere": round(float(other.mean()), 4),
    }


def _has(models: pd.DataFrame, verdicts: pd.DataFrame, true: pd.Series) -> np.ndarray:
    """Is `true` of at least one of the `verdicts` on each model: bool (models,)."""
    return models.index.isin(pd.MultiIndex.from_frame(verdicts.loc[true, MODEL]))


def _rate(name: str, k: int, n: int) -> dict:
    share, (low, high) = (k / n, proportion_confint(k, n, method="wilson")) if n else (np.nan, (np.nan, np.nan))
    return {f"{name}{end}": round(float(value), 4) for end, value in {"": share, "_low": low, "_high": high}.items()}
