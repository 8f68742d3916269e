"""Rules for flagging a model in a bias check, with reasons that the report prints.

An effect is an estimate minus its null, with a 95% interval over patients. If high effects are bad, a check is flagged
when the interval is above zero and the effect is at least `matters`; the check is clear when the interval ends below
`tolerated`. If low effects are bad, a check is flagged when the interval ends below `matters`, and clear when the
interval is above `tolerated`. In between, the verdict is `not evaluable`. A flag also needs a q-value below
FALSE_DISCOVERIES (analysis/bias/families.py).
"""

import dataclasses

import numpy as np
import pandas as pd

FLAGGED, CLEAR, NOT_EVALUABLE = "flagged", "clear", "not evaluable"
# Independent units. Four have only 35 distinct resamples, too few for a tail of 2.5%; five have 126.
MINIMUM = 5
WIDE = "interval too wide to tell"
FALSE_DISCOVERIES = 0.05  # share of false flags among the flags of a family


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule; `high_is_bad` is the side of the null that is bad, `minimum` the number of independent units needed."""

    high_is_bad: bool
    matters: float
    tolerated: float
    reason: str
    minimum: int = MINIMUM

    def excess(self, effects: pd.Series) -> pd.Series:
        """Return `effects` on a scale where a flag says that their mean is above zero."""
        return effects if self.high_is_bad else self.matters - effects

    def verdict(self, effect: float, low: float, high: float, n: int) -> dict[str, str]:
        """Return the columns verdict, by the interval alone, and note, which says why a check is not evaluable."""
        if self.high_is_bad:
            flagged, clear = low > 0 and effect >= self.matters, high <= self.tolerated
        else:
            flagged, clear = high < self.matters, low > self.tolerated
        note = "" if flagged or clear else WIDE
        if np.isnan(low):
            note = "no interval"
        if n < self.minimum:
            note = f"{n} independent units, {self.minimum} needed"
        return {"verdict": NOT_EVALUABLE if note else FLAGGED if flagged else CLEAR, "note": note}


PROBABILITY = Rule(
    True,
    0.1,
    0.2,
    "a tenth of probability, taken from the answer by a change that holds no medical evidence, beyond the same change "
    "elsewhere",
)
ALONE = Rule(
    True,
    0.2,
    0.3,
    "two tenths of probability: an empty film is unlike all that training showed, and anything bright on it moves the "
    "answers of models that learnt nothing of labels, by up to .15 on planted labels that say nothing",
)
HEAT = Rule(
    True, 0.1, 0.2, "a tenth of all heat beyond what the region's area, or a map that knows no model, would get"
)
IGNORED = Rule(
    False, 0.05, 0.0, "changing the lesion takes less than .05 of probability beyond the same change elsewhere"
)
BLIND = Rule(False, 0.0, 0.0, "less heat on the lesion than a map of the whole breast would put there")
GROUP = Rule(
    True,
    0.1,
    0.2,
    "a tenth of accuracy, sensitivity, specificity or calibration between one group and all others; of fewer than ten "
    "patients, simulated intervals exclude 0 by chance in up to a third of studies",
    minimum=10,
)
LIMIT = Rule(True, 0.0, 0.0, "the correlation lies above the limit given as null")
LEAST = Rule(False, 0.0, 0.0, "the correlation lies below the limit given as null")
ORDER = Rule(True, 0.0, 0.0, "the map's order of pixels does worse than smooth random orders")

LIKENESS = {"randomisation": 0.5, "class_sensitivity": 0.9}  # above: the map shows the image, not the model
AGREEMENT = {"methods": 0.3, "folds": 0.3}  # below: maps of another method or another cell differ
CONFIDENCE = 0.9  # of the answer to an empty film
