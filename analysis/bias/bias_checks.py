"""Bias checks that are one function each; tables/bias.csv and the report show every check declared here.

CONTRIBUTING.md shows how to declare a new check. Its function has the check's name and is called for each architecture
under each protocol. `own` has the architecture's rows of the tables gradcam, heat, interventions, sanity and groups.
`verdicts.row` draws the interval over patients and applies the rule. The function yields a row for each region, or
{"region_or_group": ..., "n": 0, "verdict": NOT_EVALUABLE, "note": why}, or nothing.
"""

import dataclasses
from collections.abc import Callable, Iterator

import pandas as pd

from analysis.bias import thresholds
from analysis.bias.thresholds import Rule
from analysis.bias.verdicts import Verdicts
from analysis.explanations.interventions import EMPTY

Function = Callable[[Verdicts, dict[str, pd.DataFrame]], Iterator[dict]]
LEANS, IGNORES, MISPLACED, UNRELATED, UNEQUAL = "leans", "ignores", "misplaced", "unrelated", "unequal"
GROUPS = "groups"
# Name in the report of every check, in the report's order; the decorator `check` adds to these names.
TITLES = {"heat": "share of the saliency", "pointing": "maximum of the saliency"}
TITLES |= {"erase": "region erased", "blur": "region blurred", "swap": "region swapped", "move": "lesion moved"}
TITLES |= {"orientation": "turned or mirrored", "contrast": "changed contrast", "marker_alone": "film label alone"}
TITLES |= {EMPTY: "empty film", "randomisation": "random weights", "class_sensitivity": "map of another class"}
TITLES |= {"methods": "maps by other methods", "folds": "maps of other cells", "deletion": "deletion"}
TITLES |= {"insertion": "insertion", GROUPS: "groups"}


@dataclasses.dataclass(frozen=True)
class Check:
    """A declared check: arguments of the decorator, and the function."""

    title: str
    kind: str
    rule: Rule
    evidence: str
    function: Function


CHECKS: dict[str, Check] = {}


def check(title: str, *, kind: str, rule: Rule, evidence: str = "changes") -> Callable[[Function], Function]:
    """Decorator: declare a bias check by its function.

    `title` is the check's name in the report, `kind` the meaning of a flag (one of KINDS in reports/verdicts.py) and so
    the family in which q is computed (analysis/bias/families.py), `evidence` the pictures to link: changes or maps.
    """

    def declare(function: Function) -> Function:
        CHECKS[function.__name__] = Check(title, kind, rule, evidence, function)
        TITLES[function.__name__] = title
        return function

    return declare


@check("empty film", kind=LEANS, rule=thresholds.LIMIT)
def empty_film(verdicts: Verdicts, own: dict[str, pd.DataFrame]) -> Iterator[dict]:
    """Probability of the predicted class of an empty film."""
    rows = own["interventions"]
    rows = rows[rows["edit"] == EMPTY]
    if len(rows):
        values = rows["change"] - thresholds.CONFIDENCE
        found = verdicts.row(values, verdicts.units(rows), thresholds.CONFIDENCE, thresholds.LIMIT)
        yield {"region_or_group": "film"} | found
