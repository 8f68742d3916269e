"""Correction for the number of checks: q by hand, false flags by simulation, planted effects, rows without p."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from analysis.bias import bias
from analysis.bias.families import NO_SKILL, NOT_SIGNIFICANT, corrected, family, q_values
from analysis.bias.thresholds import CLEAR, FALSE_DISCOVERIES, FLAGGED, NOT_EVALUABLE, WIDE

CHECKS = {"leans": ("erase", "labels"), "ignores": ("erase", "lesion"), "unrelated": ("randomisation", "100%")}


def rows(name: str, p, verdict: str = FLAGGED, architecture: str = "a", protocol: str = "by_patient") -> pd.DataFrame:
    """Rows of bias.csv with the verdict of their interval, in a family, with p-values `p`."""
    check, region = CHECKS[name]
    about = {"architecture": architecture, "protocol": protocol, "check": check, "region_or_group": region}
    table = pd.DataFrame({"p": np.asarray(p, float)}).assign(**about, verdict=verdict, note="")
    return table.reindex(columns=bias.COLUMNS)


def skilled(*tables: pd.DataFrame, **skill: str) -> pd.DataFrame:
    """Return the corrected rows of models with skill, but those with another `skill` by name."""
    table = pd.concat(tables, ignore_index=True)
    pairs = table[["architecture", "protocol"]].drop_duplicates().itertuples(index=False)
    return corrected(table, pd.Series({tuple(pair): skill.get(pair[0], "yes") for pair in pairs}))


def test_q_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4/1, 4/2, 4/3, 4/4; each at most the next one.
    assert q_values(pd.Series([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.02, 0.04, 0.04, 0.02])
    gap = q_values(pd.Series([0.01, np.nan, 0.03], index=[7, 8, 9]))
    assert gap[[7, 9]].tolist() == pytest.approx([0.02, 0.03]) and np.isnan(gap[8])
    assert q_values(pd.Series([np.nan, np.nan])).isna().all()


def test_a_family_holds_the_checks_of_one_kind_of_all_models():
    models = [("a", "by_patient"), ("a", "published"), ("b", "by_patient"), ("b", "published")]
    p = (0.01, 0.04, 0.03, 0.005)
    tables = [rows("leans", [value], FLAGGED, *model) for value, model in zip(p, models, strict=True)]
    found = skilled(*tables, rows("ignores", [0.02]), rows("unrelated", [0.04, 0.06]))
    assert found["family"].tolist() == ["leans"] * 4 + ["ignores"] + ["unrelated"] * 2
    assert found["q"].tolist() == pytest.approx([0.02, 0.04, 0.04, 0.02, 0.02, 0.06, 0.06])
    assert found["verdict"].tolist() == [FLAGGED] * 5 + [NOT_EVALUABLE] * 2
    assert set(found["note"][5:]) == {NOT_SIGNIFICANT} and set(found["verdict_uncorrected"]) == {FLAGGED}


@pytest.mark.parametrize(
    ("check", "region", "expected"),
    [
        ("erase", "labels", "leans"),
        ("erase", "lesion", "ignores"),
        ("move", "lesion", "leans"),
        ("contrast", "contrast", "leans"),
        ("empty_film", "film", "leans"),
        ("heat", "lesion", "misplaced"),
        ("pointing", "border", "misplaced"),
        ("folds", "3 cells", "unrelated"),
        ("groups", "view CC: accuracy", "unequal"),
    ],
)
def test_family_of_each_check(check, region, expected):
    assert family(check, region) == expected


@pytest.mark.slow
def test_without_effects_one_family_in_twenty_has_a_flag():
    """Every interval flags, and p-values are uniform: the chance of any flag in a family is exactly 5%."""
    rng, false, n = np.random.default_rng(1), 0, 250
    for _ in range(n):
        found = skilled(*(rows(name, rng.random(15)) for name in CHECKS))
        false += (found["verdict"] == FLAGGED).groupby(found["family"]).any().sum()
    low, high = binom.interval(0.999, n * len(CHECKS), FALSE_DISCOVERIES)
    assert low <= false <= high


def test_planted_effects_stay_flagged_and_false_flags_are_few():
    rng, shares = np.random.default_rng(2), []
    strong = [1e-4, 2e-4, 5e-4, 1e-4, 1e-3]
    for _ in range(60):
        found = skilled(rows("leans", [*strong, *rng.random(60)]))["verdict"] == FLAGGED
        assert found[: len(strong)].all()
        shares.append(found[len(strong) :].sum() / found.sum())
    assert np.mean(shares) <= FALSE_DISCOVERIES + 3 * np.std(shares) / np.sqrt(len(shares))


def test_rows_without_p_do_not_count():
    tested = [rows("leans", [0.02, 0.03]), rows("leans", [0.9], CLEAR), rows("leans", [0.2], NOT_EVALUABLE)]
    tested[-1]["note"] = WIDE
    found = skilled(*tested, rows("leans", [np.nan] * 50, NOT_EVALUABLE), rows("ignores", [np.nan], NOT_EVALUABLE))
    # Four tests: too wide an interval is a result of a test, no reason to leave it out.
    assert found["q"][:4].tolist() == pytest.approx([0.06, 0.06, 0.9, 0.8 / 3])
    assert found["q"][4:].isna().all() and set(found["verdict"][4:]) == {NOT_EVALUABLE}
    assert found["verdict"][:4].tolist() == [NOT_EVALUABLE, NOT_EVALUABLE, CLEAR, NOT_EVALUABLE]
    assert found["note"][3] == WIDE


def test_models_without_skill_do_not_count():
    found = skilled(rows("leans", [0.03]), rows("leans", [0.04, 0.9, 0.9], architecture="blind"), blind="no")
    assert found["q"][0] == pytest.approx(0.03) and found["verdict"][0] == FLAGGED
    assert found[["p", "q"]][1:].isna().all(axis=None) and set(found["note"][1:]) == {NO_SKILL}
    # Without the rule on skill there are four tests: 0.03 times 4, at most 0.04 times 2.
    assert found["verdict_before_skill"].tolist() == [NOT_EVALUABLE] * 4
    assert found["verdict_uncorrected"].tolist() == [FLAGGED] * 4


def test_each_flag_needs_q_below_the_limit():
    found = skilled(rows("leans", [FALSE_DISCOVERIES]), rows("ignores", [FALSE_DISCOVERIES - 1e-9]))
    assert found["verdict"].tolist() == [NOT_EVALUABLE, FLAGGED]
