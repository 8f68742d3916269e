"""Bias checks that are one function each: declare one here, and tables/bias.csv and the report show it.

    @check("heat in the lower half", kind=MISPLACED, rule=thresholds.LIMIT)
    def lower_half(verdicts, own):
        rows = own["heat"]
        ...
        yield {"region_or_group": "lower half"} | verdicts.row(values, verdicts.units(rows), null, thresholds.LIMIT)

The function's name is the check's. It is called once for each architecture under each protocol; `own` are that one's
rows of the tables gradcam, heat, interventions, sanity and groups, `verdicts` a verdicts.Verdicts, whose `row` draws
the interval over patients and applies the rule. It yields a row for each region, or {"region_or_group": ..., "n": 0,
"verdict": NOT_EVALUABLE, "note": why}; none where there is nothing to say. `kind` says what a flag means (one of KINDS
in reports/verdicts.py), `evidence` which pictures lead to it (changes or maps of every architecture).
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pandas as pd

from analysis.bias import thresholds
from analysis.bias.thresholds import Rule
from analysis.explanations.interventions import EMPTY

if TYPE_CHECKING:
    from analysis.bias.verdicts import Verdicts

    Function = Callable[[Verdicts, dict[str, pd.DataFrame]], Iterator[dict]]

LEANS, IGNORES, MISPLACED, UNRELATED, UNEQUAL = "leans", "ignores", "misplaced", "unrelated", "unequal"
GROUPS = "groups"
# Every check in the report's order and words; `check` adds to them.
TITLES = {
    "heat": "share of the heat",
    "pointing": "hottest pixel",
    "erase": "region erased",
    "blur": "region blurred",
    "swap": "region swapped",
    "move": "lesion moved",
    "orientation": "turned or mirrored",
    "contrast": "other contrast",
    "marker_alone": "film label alone",
    EMPTY: "empty film",
    "randomisation": "random weights",
    "class_sensitivity": "map of another class",
    "methods": "maps by other methods",
    "folds": "maps of other cells",
    "deletion": "deletion",
    "insertion": "insertion",
    GROUPS: "groups",
}


@dataclasses.dataclass(frozen=True)
class Check:
    """What the decorator was told of a check, and its function."""

    title: str
    kind: str
    rule: Rule
    evidence: str
    function: "Function"


CHECKS: dict[str, Check] = {}


def check(title: str, *, kind: str, rule: Rule, evidence: str = "changes") -> "Callable[[Function], Function]":
    """Decorator: declare a bias check by its function; `title` is what the report calls it."""

    def declare(function: "Function") -> "Function":
        CHECKS[function.__name__] = Check(title, kind, rule, evidence, function)
        TITLES[function.__name__] = title
        return function

    return declare


@check("empty film", kind=LEANS, rule=thresholds.LIMIT)
def empty_film(verdicts: "Verdicts", own: dict[str, pd.DataFrame]) -> Iterator[dict]:
    """How sure the answer to an empty film is."""
    rows = own["interventions"]
    rows = rows[rows["edit"] == EMPTY]
    if len(rows):
        values = rows["change"] - thresholds.CONFIDENCE
        found = verdicts.row(values, verdicts.units(rows), thresholds.CONFIDENCE, thresholds.LIMIT)
        yield {"region_or_group": "film"} | found
