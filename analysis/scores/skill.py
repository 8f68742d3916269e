"""Skill: is a model better than chance under a protocol? And the scores of severity and density beside its accuracy.

A model has skill if the lower limit of the 95% interval (bootstrap over patients) of its area under the ROC curve of
severity, within folds, is above 0.5, or that of its accuracy minus the majority baseline's is above 0. Each of the two
is reached by chance in at most about one of forty models. Where classes give no severity, the accuracy decides alone.
Explanations of a model without skill explain chance: analysis/bias/bias.py withholds their verdicts.
"""

import numpy as np
import pandas as pd

from analysis.bootstrap import Interval
from analysis.tasks import AUC

YES, NO = "yes", "no"
CHANCE = 0.5  # area under the ROC curve
# columns of headline.csv -> task and metric of scores.csv
FACTORS = {
    "severity_auc": ("severity", AUC),
    "density_accuracy": ("density", "accuracy"),
    "density_kappa": ("density", "quadratic_kappa"),
}


def factors(scores: pd.DataFrame) -> dict[str, float]:
    """Return FACTORS with their limits, columns <name>_low and <name>_high, from a model's rows of scores.csv.

    NaN where the classes have no such factor, or the score is not evaluable.
    """
    known = scores.set_index(["task", "metric"])[["estimate", "ci_low", "ci_high"]]
    return {
        f"{name}{end}": float(known[column].get(pair, np.nan))
        for name, pair in FACTORS.items()
        for end, column in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high"))
    }


def skill(scores: pd.DataFrame, difference: Interval) -> str:
    """Return `yes`, `no` or `not evaluable: why` from a model's rows of scores.csv, and accuracy minus majority."""
    area = scores[(scores["task"] == "severity") & (scores["metric"] == AUC)]
    areas = [Interval(row.ci_low - CHANCE, row.ci_high - CHANCE, row.note) for row in area.itertuples()]
    limits = [*areas, difference]
    if any(each.low > 0 for each in limits):
        return YES
    return next((each.note.removeprefix("interval ") for each in limits if each.note), NO)
