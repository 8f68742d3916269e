"""The verdict on a publication, by stated rules.

leak                test files have copies of their source in training, and the accuracy under the publication's own
                    split is significantly above that without copies (by source), or by patient: the paired 95%
                    interval of the difference lies above 0; and the own split is above its majority class
impossible figures  no leak was measured, and some printed figures fit no confusion matrix
holds               no leak, all figures possible, and the printed accuracy is not above the interval by patient (by
                    source where patients are not known)
not run             it can be replayed, and no study has done so
not evaluable       everything else; the reason says why
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

LEAK, IMPOSSIBLE, HOLDS = "leak", "impossible figures", "holds"
NOT_RUN, NOT_EVALUABLE = "not run", "not evaluable"
NO_REPLAY = "no replay"
VERDICTS = (LEAK, IMPOSSIBLE, HOLDS, NOT_RUN, NOT_EVALUABLE)
WORDS = {"by_source": "by source", "by_patient": "by patient"}


def judge(row: Mapping[str, Any], replayable: bool, relation: str) -> tuple[str, str]:
    """Return verdict and reason; `row` has the columns of survey.csv, `relation` is the first one violated."""
    run = known(row, "replayed")
    if run and (protocol := leaking(row)):
        copies = f"{row['same_source']:,.0f} of {row['n_test']:,.0f} test files have a copy in training"
        falls = f"accuracy fell from {_estimate(row, 'replayed')} to {_estimate(row, protocol)} {WORDS[protocol]}"
        weaker = protocol == "by_patient" and known(row, "by_source_high")
        less = f"; {_estimate(row, 'by_source')} by source was not significantly lower" if weaker else ""
        return LEAK, f"{copies}; {falls}{less}"
    if row["figures_impossible"]:
        return IMPOSSIBLE, relation
    if not replayable:
        return NOT_EVALUABLE, f"{NO_REPLAY}: neither code nor split is known"
    if not run:
        return NOT_RUN, f"run: {row['command']}"
    honest = next((name for name in ("by_patient", "by_source") if known(row, name)), None)
    if honest is None:
        return NOT_EVALUABLE, "no protocol without copies was run"
    if not known(row, "printed"):
        return NOT_EVALUABLE, "no accuracy over all classes is printed"
    if row["printed"] <= row[f"{honest}_high"]:
        return HOLDS, f"the printed accuracy is not above {_estimate(row, honest)} {WORDS[honest]}"
    if known(row, "same_source") and row["same_source"] == 0:
        where = f"{_estimate(row, honest)} {WORDS[honest]}"
        return NOT_EVALUABLE, f"the printed accuracy is above {where}, without copies in training"
    because = f"; the replay was reduced ({row['reduced']})" if row["reduced"] else ""
    return NOT_EVALUABLE, f"the replay was not significantly above {_estimate(row, honest)} {WORDS[honest]}{because}"


def leaking(row: Mapping[str, Any]) -> str | None:
    """Return the first honest protocol that is significantly below the own split.

    None without copies in training, and for a replay that is not above the majority class: it learnt nothing to leak.
    """
    copies = known(row, "same_source") and row["same_source"] > 0
    if not copies or not row["replayed_low"] > row["replayed_majority"]:
        return None
    lower = [name for name in WORDS if known(row, f"{name}_drop_low") and row[f"{name}_drop_low"] > 0]
    return lower[0] if lower else None


def known(row: Mapping[str, Any], key: str) -> bool:
    """Return whether a row has a value of `key`."""
    return key in row and not pd.isna(row[key])


def _estimate(row: Mapping[str, Any], key: str) -> str:
    return f"{row[key]:.2f} ({row[f'{key}_low']:.2f} to {row[f'{key}_high']:.2f})"
