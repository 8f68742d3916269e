"""What we use of KerasTuner's private parts: each with its reason, and with what happens where the part has changed.

All else that a search needs of KerasTuner is public.
"""

from typing import Any

import keras_tuner

ALL = 1_000_000  # more trials than any search has


def trials(oracle: keras_tuner.Oracle) -> list[Any]:
    """Return all trials so far, in the order of their numbers.

    Publicly there are only the completed ones, by their score. Where KerasTuner has changed, failed trials are missing
    in trials.csv.
    """
    try:
        return [oracle.trials[number] for number in sorted(oracle.trials)]
    except (AttributeError, TypeError):
        return sorted(oracle.get_best_trials(ALL), key=lambda trial: trial.trial_id)


def planned_trials(oracle: keras_tuner.Oracle) -> int | None:
    """Return the number of trials that the search may run; None for Hyperband.

    The progress file says it. Where KerasTuner has changed, the file says null.
    """
    return getattr(oracle, "max_trials", None)


def message(trial: Any) -> str:
    """Return the traceback of a failed trial; an empty text where KerasTuner has changed."""
    return str(getattr(trial, "message", ""))
