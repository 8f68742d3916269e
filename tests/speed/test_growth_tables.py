"""Growth of the cost: exponents by hand, and the answers that stand in for those of trained cells."""

import pandas as pd

from benchmarks.speed.growth import repeated
from benchmarks.speed.growth_images import with_exponents


def test_exponents_of_costs_by_hand():
    n = [100, 400, 1600]
    squares = pd.DataFrame({"stage": "pairs", "images": n, "cpu_seconds": [1.0, 16.0, 256.0], "peak_memory_mb": n})
    kinked = squares.assign(stage="kinked", cpu_seconds=[4.0, 4.0, 16.0], peak_memory_mb=[50.0] * 3)
    found = with_exponents(pd.concat([squares, kinked])).groupby("stage").first()
    exponents = found[["cpu_exponent", "cpu_last", "memory_exponent", "memory_last"]]
    assert exponents.loc["pairs"].tolist() == [2, 2, 1, 1]
    # 0 and 1 in the two steps: the line through three points has the slope between its ends, 0.5.
    assert exponents.loc["kinked"].tolist() == [0.5, 1, 0, 0]


def test_answers_repeat_those_of_the_same_label():
    known = pd.DataFrame(
        {"sample": ["x", "y", "z"], "source": "s", "patient": "p", "label": ["a", "a", "b"], "p_a": [0.9, 0.8, 0.1]}
    )
    samples = pd.DataFrame({"sample": list("12345"), "source": list("12345"), "patient": "q", "label": list("abaac")})
    answers = repeated(known, samples)
    assert answers["p_a"].tolist() == [0.9, 0.1, 0.8, 0.9, 0.9]
    assert answers[["sample", "label"]].to_numpy().tolist() == samples[["sample", "label"]].to_numpy().tolist()
    assert (answers["patient"] == "q").all()
    assert repeated(known[:0], samples).empty
