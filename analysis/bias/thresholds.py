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
WIDE = "interval too wide for a verdict"
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
    "a change of 0.1 in probability by an edit without diagnostic information, beyond that of the same edit elsewhere",
)
ALONE = Rule(
    True,
    0.2,
    0.3,
    "a change of 0.2 in probability: an empty film differs from all training images, and any bright object on it "
    "changes the predictions of models that did not learn the film labels (by up to 0.15 for uninformative labels)",
)
HEAT = Rule(
    True, 0.1, 0.2, "0.1 of the saliency beyond the share of the region's area or that of a model-independent map"
)
IGNORED = Rule(
    False, 0.05, 0.0, "editing the lesion lowers the probability by less than 0.05 beyond the same edit elsewhere"
)
BLIND = Rule(False, 0.0, 0.0, "less saliency on the lesion than in a uniform map of the breast")
GROUP = Rule(
    True,
    0.1,
    0.2,
    "a difference of 0.1 in accuracy, sensitivity, specificity or calibration between a group and all others; with "
    "fewer than ten patients, simulated intervals exclude 0 by chance in up to a third of studies",
    minimum=10,
)
LIMIT = Rule(True, 0.0, 0.0, "the correlation or probability is above the limit given as null")
LEAST = Rule(False, 0.0, 0.0, "the correlation is below the limit given as null")
ORDER = Rule(True, 0.0, 0.0, "the order of the map's pixels gives a worse result than smooth random orders")

LIKENESS = {"randomisation": 0.5, "class_sensitivity": 0.9}  # above: the map shows the image, not the model
AGREEMENT = {"methods": 0.3, "folds": 0.3}  # below: maps of another method or another cell differ
CONFIDENCE = 0.9  # probability of the predicted class of an empty film
