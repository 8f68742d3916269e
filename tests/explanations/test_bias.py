"""Verdicts: the rules by hand, and planted effects that must be flagged while chance must not."""

import numpy as np
import pandas as pd
import pytest
from small_results import write_results

from analysis.bias import bias, families, thresholds
from analysis.bias.thresholds import CLEAR, FLAGGED, NOT_EVALUABLE, WIDE
from analysis.explanations.heat import BLIND

CLASSES = ["Density1Benign", "Density1Malignant", "Density2Malignant"]
N = 24  # probes, each of its own patient


@pytest.mark.parametrize(
    ("rule", "estimate", "expected"),
    [
        (thresholds.PROBABILITY, (0.3, 0.1, 0.5), FLAGGED),
        (thresholds.PROBABILITY, (0.05, 0.01, 0.15), CLEAR),  # there, but too small to matter
        (thresholds.PROBABILITY, (0.15, -0.05, 0.4), NOT_EVALUABLE),
        (thresholds.PROBABILITY, (-0.3, -0.5, -0.1), CLEAR),
        (thresholds.IGNORED, (0.0, -0.02, 0.03), FLAGGED),
        (thresholds.IGNORED, (0.2, 0.1, 0.3), CLEAR),
        (thresholds.IGNORED, (0.04, -0.1, 0.2), NOT_EVALUABLE),
        (thresholds.LIMIT, (0.1, 0.01, 0.2), FLAGGED),
        (thresholds.LIMIT, (-0.1, -0.2, -0.01), CLEAR),
        (thresholds.LEAST, (-0.1, -0.2, -0.01), FLAGGED),
    ],
)
def test_rules(rule, estimate, expected):
    assert rule.verdict(*estimate, n=20)["verdict"] == expected
    few = rule.verdict(*estimate, n=4)
    assert few == {"verdict": NOT_EVALUABLE, "note": "4 independent units, 5 needed"}


def tables(study, skill: str = "yes", **columns) -> None:
    """Write tables of one architecture with `skill`, without any fault; `columns` replace columns of tables by name."""
    rng = np.random.default_rng(0)
    folder = study.results() / "tables"
    every = {name: [] for name in ("headline", "probes", "gradcam", "heat", "interventions", "sanity", "groups")}
    for protocol in study.protocols:
        every["headline"].append({"architecture": "simple", "protocol": protocol, "skill": skill})
        for probe in range(N):
            about = {"protocol": protocol, "probe": probe}
            every["probes"].append(about | {"patient": f"p{probe}", "source": f"s{probe}", "sample": f"f{probe}"})
            about["architecture"] = "simple"
            label = CLASSES[probe % 3]
            every["gradcam"].append(about | {"label": label, "predicted": label})
            noise = rng.normal(0, 0.02, 8)
            for region, area in (("labels", 0.02), ("background", 0.6), ("lesion", 0.05)):
                for number, name in enumerate(("gradcam", *BLIND)):
                    row = {"region": region, "map": name, "area": area, "share": area + abs(noise[number]), "hit": 0.0}
                    if name == "gradcam" and region == "lesion":
                        row |= {"share": 0.4 + noise[number], "hit": 1.0}
                    every["heat"].append(about | row)
            for region, edit in (
                ("labels", "erase"),
                ("background", "swap"),
                ("lesion", "erase"),
                ("film", "empty_film"),
            ):
                row = {"region": region, "edit": edit, "change": 0.02 + noise[4], "control_change": 0.02 + noise[5]}
                if region == "lesion":
                    row["change"] = 0.3 + noise[4]
                every["interventions"].append(about | row)
            side = {"region": "side of the breast", "edit": "mirror", "change": 0.0}
            side |= {f"d_{name}": value for name, value in zip(CLASSES, noise[:3], strict=True)}
            every["interventions"].append(about | side)
            for check, step, value in (("randomisation", "50%", 0.9), ("randomisation", "100%", 0.1)):
                every["sanity"].append(about | {"check": check, "step": step, "value": value + noise[6]})
            for check, value in (("deletion", 0.2), ("insertion", 0.6)):
                every["sanity"].append(
                    about | {"check": check, "step": "gradcam", "value": value, "null": 0.4 + noise[7]}
                )
        group = {"architecture": "simple", "protocol": protocol, "factor": "density", "group": "2", "metric": "recall"}
        group |= {
            "n_units": 12,
            "rest": 0.7,
            "difference": -0.01,
            "ci_low": -0.1,
            "ci_high": 0.08,
            "p": 0.8,
            "note": "",
        }
        every["groups"].append(group)
    for name, rows in every.items():
        pd.DataFrame(rows).assign(**columns.get(name, {})).to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_results(tmp_path)


def verdicts(study) -> pd.Series:
    table = bias.judge(study)
    assert list(table.columns) == bias.COLUMNS and set(table["verdict"]) <= {FLAGGED, CLEAR, NOT_EVALUABLE}
    assert table.loc[table["verdict"] == NOT_EVALUABLE, "note"].str.len().gt(0).all()
    assert not table.duplicated(["architecture", "protocol", "check", "region_or_group"]).any()
    tested = table["p"].notna()
    assert tested.equals(table["q"].notna()) and (table["q"] >= table["p"])[tested].all()
    assert tested.equals((table["verdict"] != NOT_EVALUABLE) | table["note"].isin([WIDE, families.NOT_SIGNIFICANT]))
    return table[table["protocol"] == "by_patient"].set_index(["check", "region_or_group"])["verdict"]


def test_a_sound_model_is_not_flagged(study):
    tables(study)
    found = verdicts(study)
    assert FLAGGED not in set(found)
    clear = [("heat", "labels"), ("heat", "lesion"), ("erase", "labels"), ("erase", "lesion"), ("swap", "background")]
    clear += [
        ("orientation", "side of the breast"),
        ("randomisation", "100%"),
        ("deletion", "map"),
        ("insertion", "map"),
    ]
    assert set(found[clear]) == {CLEAR}
    assert found["erase", "pectoral"] == found["heat", "pectoral"] == NOT_EVALUABLE


def edited(study, table: str, change) -> pd.Series:
    """Return the verdicts after `change` edited one table."""
    tables(study)
    path = study.results() / "tables" / f"{table}.csv"
    change(rows := pd.read_csv(path))
    rows.to_csv(path, index=False)
    return verdicts(study)


def test_each_fault_flags_its_check(study):
    def leans_on_labels(rows):
        rows.loc[(rows["region"] == "labels") & (rows["edit"] == "erase"), "change"] = 0.4

    def looks_at_the_background(rows):
        rows.loc[(rows["region"] == "background") & (rows["map"] == "gradcam"), "share"] = 0.9

    def knows_the_side(rows):
        mirrored = rows["edit"] == "mirror"
        rows.loc[mirrored, f"d_{CLASSES[0]}"] = 0.3
        rows.loc[mirrored, f"d_{CLASSES[1]}"] = -0.2

    def maps_of_the_image(rows):
        rows.loc[rows["step"] == "100%", "value"] = 0.8

    def no_better_than_chance(rows):
        rows.loc[rows["check"] == "deletion", "value"] = 0.6

    def unequal(rows):
        rows[["difference", "ci_low", "ci_high", "p"]] = [-0.3, -0.5, -0.1, 0.001]

    faults = {
        ("interventions", leans_on_labels): ("erase", "labels"),
        ("heat", looks_at_the_background): ("heat", "background"),
        ("interventions", knows_the_side): ("orientation", "side of the breast"),
        ("sanity", maps_of_the_image): ("randomisation", "100%"),
        ("sanity", no_better_than_chance): ("deletion", "map"),
        ("groups", unequal): ("groups", "density 2: recall"),
    }
    for (table, change), check in faults.items():
        found = edited(study, table, change)
        assert found[found == FLAGGED].index.tolist() == [check], change.__name__


def test_answers_that_are_not_finite_are_not_evaluable(study):
    def broken(rows):
        rows.loc[rows["edit"] == "mirror", [f"d_{name}" for name in CLASSES]] = np.nan

    assert edited(study, "interventions", broken)["orientation", "side of the breast"] == NOT_EVALUABLE


def test_a_group_of_few_patients_is_not_judged(study):
    def few(rows):
        rows[["difference", "ci_low", "ci_high", "p", "n_units"]] = [-0.3, -0.5, -0.1, 0.001, 9]

    assert edited(study, "groups", few)["groups", "density 2: recall"] == NOT_EVALUABLE


def test_a_lesion_without_effect_on_the_answer_is_flagged(study):
    def ignored(rows):
        rows.loc[rows["region"] == "lesion", "change"] = rows["control_change"]

    assert edited(study, "interventions", ignored)["erase", "lesion"] == FLAGGED


def test_changes_that_vary_too_much_are_not_cleared(study):
    def varies(rows):
        rows.loc[rows["edit"] == "erase", "change"] = np.tile([0.9, 0.9, -0.6, -0.6], len(rows))[
            : (rows["edit"] == "erase").sum()
        ]

    tables(study)
    found = edited(study, "interventions", varies)
    assert found["erase", "labels"] == NOT_EVALUABLE
    note = bias.judge(study).set_index(["protocol", "check", "region_or_group"])["note"]
    assert note["by_patient", "erase", "labels"] == WIDE


def test_a_constant_answer_is_not_evaluable(study):
    tables(study, gradcam={"predicted": CLASSES[0]})
    table = bias.judge(study)
    looked = table[table["check"] != "groups"]
    assert set(looked["verdict"]) == {NOT_EVALUABLE} and set(looked["note"]) == {bias.COLLAPSED}


@pytest.mark.parametrize(
    ("skill", "note"), [("no", families.NO_SKILL), ("not evaluable: one patient", families.SKILL_UNKNOWN)]
)
def test_a_model_without_skill_is_not_judged(study, skill, note):
    tables(study)
    judged = bias.judge(study)
    assert (judged["verdict"] == judged["verdict_before_skill"]).all()
    tables(study, skill=skill)
    table = bias.judge(study)
    assert set(table["verdict"]) == {NOT_EVALUABLE} and set(table["note"]) == {note}
    assert {"heat", "erase", "randomisation", "groups"} <= set(table["check"])
    # What was measured stays, with the verdict that it would have had, but is no test of a family.
    measured = [column for column in bias.COLUMNS if column not in ("p", "q", "verdict", "note")]
    assert table[["p", "q"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(table[measured], judged[measured])


def test_skill_is_that_of_the_same_protocol(study):
    tables(study)
    path = study.results() / "tables" / "headline.csv"
    rows = pd.read_csv(path)
    rows.assign(skill=["no" if name == "published" else "yes" for name in rows["protocol"]]).to_csv(path, index=False)
    table = bias.judge(study).set_index("protocol")
    assert set(table.loc["published", "verdict"]) == {NOT_EVALUABLE}
    assert CLEAR in set(table.loc["by_patient", "verdict"])


@pytest.mark.slow
def test_chance_is_seldom_flagged(study):
    """Few random changes with equal effects in region and control are flagged."""
    tables(study)
    path = study.results() / "tables" / "interventions.csv"
    rows, flagged, n = pd.read_csv(path), 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows["change"], rows["control_change"] = rng.normal(0.1, 0.3, (2, len(rows)))
        rows.to_csv(path, index=False)
        found = verdicts(study)[[("erase", "labels"), ("swap", "background")]]
        flagged, n = flagged + (found == FLAGGED).sum(), n + len(found)
    assert flagged / n <= 0.08
