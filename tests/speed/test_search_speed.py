"""Two searches compared by hand."""

import pandas as pd

from benchmarks.speed.search import compared


def test_two_searches_compared_by_hand():
    """Three trials in 20 s and in 60 s: 9 and 3 a minute."""
    own = pd.DataFrame({"trial": ["00", "01", "02"], "score": [2.0, 1.5, 1.75], "best": [False, True, False]})
    other = own.assign(score=[2.0, 1.5, 1.875])
    with_reuse, without = compared({True: (20.0, own), False: (60.0, other)})
    assert with_reuse == {
        "reuse": True,
        "trials": 3,
        "seconds": 20.0,
        "trials_per_minute": 9.0,
        "best_trial": "01",
        "best_score": 1.5,
        "ratio": 3.0,
        "score_difference": 0.125,
    }
    assert without["trials_per_minute"] == 3 and without["ratio"] == 3 and not without["reuse"]
