"""Words of the sections on single classes, spread and collapse: each sentence follows the counts."""

import types

import pandas as pd
import pytest

from reports.sections.classes import WORDS, collapse


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["sound"], "Of 1 trained model, 0 collapsed."),
        (
            ["sound", "collapsed"],
            "Of 2 trained models, 1 collapsed. A collapsed model predicts one class for all of its test images; its "
            "accuracy is the share of this class. The scores above include these models; the number of collapsed "
            "models stands beside the accuracy.",
        ),
        (
            ["sound", "flagged"],
            "Of 2 trained models, 0 collapsed. A further 1 was flagged for a loss that was not finite, constant "
            "outputs or dead features. The scores above include these models; the number of collapsed models "
            "stands beside the accuracy.",
        ),
    ],
)
def test_collapsed_and_flagged_models_are_counted(verdicts, words):
    rows = {"architecture": "a", "protocol": "p", "fold": 0, "cause": None, "verdict": verdicts}
    (section,) = collapse(types.SimpleNamespace(table=lambda _: pd.DataFrame(rows)))
    about, *tables = section.blocks
    assert about.text == words
    assert [len(table.rows) for table in tables] == ([1] if len(verdicts) > 1 else [])


def test_several_flagged_models_are_told_in_the_plural():
    assert "A further 2 were flagged" in WORDS.text("collapse", n=3, collapsed=1, flagged=2)


@pytest.mark.parametrize(
    ("repeats", "words"),
    [
        (1, "the study has one repeat, so there is no deviation between random seeds."),
        (3, "below it, the standard deviation between 3 repeats with other folds and random seeds."),
    ],
)
def test_the_spread_between_seeds_needs_several_repeats(repeats, words):
    assert f"Standard deviation between folds; {words} A dash:" in WORDS.text("spread_caption", repeats=repeats)
