"""Correction of the verdicts on bias for the number of checks: false discovery rate within families.

A family holds the checks of all models (architectures under protocols) whose flags mean the same, so that the rate
describes the flags behind one statement of the report:

    leans       the answer depends on a region or a state of the film without evidence of a mass
    ignores     the answer does not depend on the lesion
    misplaced   the location of the saliency
    unrelated   sanity checks of the saliency maps
    unequal     differences between groups

q is p after the procedure of Benjamini & Hochberg (J. R. Stat. Soc. B 57, 1995) within the family. Flags with q below
FALSE_DISCOVERIES are kept, so in the long run at most this share of a family's flags is false. The procedure holds for
independent and for positively dependent tests (Benjamini & Yekutieli, Ann. Stat. 29, 2001). A check without p is not
evaluable: it has no q and does not count. A check whose interval is too wide to tell was made, and counts.
"""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from analysis.bias import bias_checks
from analysis.bias.bias_checks import GROUPS, IGNORES, LEANS, MISPLACED, UNEQUAL, UNRELATED
from analysis.bias.thresholds import FALSE_DISCOVERIES, FLAGGED, NOT_EVALUABLE
from analysis.bias.verdicts import CHANGES, LESION
from analysis.explanations.interventions import MARKER
from analysis.scores.skill import NO, YES

SALIENCY, STATES, MOVE = ("heat", "pointing"), ("orientation", "contrast", MARKER), "move"
NO_SKILL, SKILL_UNKNOWN = "no skill", "skill not evaluable"
NOT_SIGNIFICANT = "not significant after correction"


def family(check: str, region: str) -> str:
    """Return the family of `check` in `region`."""
    if check in bias_checks.CHECKS:
        return bias_checks.CHECKS[check].kind
    if check == GROUPS:
        return UNEQUAL
    if check in SALIENCY:
        return MISPLACED
    if check in STATES or check == MOVE:
        return LEANS
    if check in CHANGES:
        return IGNORES if region == LESION else LEANS
    return UNRELATED


def corrected(rows: pd.DataFrame, skill: pd.Series) -> pd.DataFrame:
    """Return `rows` with family, q, corrected verdicts, and the verdicts without one or both rules.

    `rows` have the columns of bias.csv, of which verdict is that of the interval alone. `skill` is the column of
    headline.csv by (architecture, protocol).
    """
    names = [family(*pair) for pair in zip(rows["check"], rows["region_or_group"], strict=True)]
    rows = rows.assign(family=names, verdict_uncorrected=rows["verdict"])
    rows["verdict_before_skill"] = _significant(rows)["verdict"]
    known = skill.loc[pd.MultiIndex.from_frame(rows[["architecture", "protocol"]])].to_numpy()
    without = known != YES
    rows.loc[without, ["p", "verdict"]] = np.nan, NOT_EVALUABLE
    rows.loc[without, "note"] = np.where(known[without] == NO, NO_SKILL, SKILL_UNKNOWN)
    return _significant(rows)


def _significant(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with q, and without the flags whose q is too high."""
    rows = rows.assign(q=rows.groupby("family")["p"].transform(q_values))
    lost = (rows["verdict"] == FLAGGED) & ~(rows["q"] < FALSE_DISCOVERIES)
    rows.loc[lost, ["verdict", "note"]] = NOT_EVALUABLE, NOT_SIGNIFICANT
    return rows


def q_values(p: pd.Series) -> pd.Series:
    """Return Benjamini-Hochberg q-values of the p-values (m,) of one family; NaN stays NaN and does not count."""
    known = p.dropna()
    return pd.Series(false_discovery_control(known, method="bh"), known.index).reindex(p.index)
