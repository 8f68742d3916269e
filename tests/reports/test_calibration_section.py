"""The report on planted shortcuts and on the speed of explanation, whatever benchmarks/reference holds."""

import pandas as pd
import pytest

from benchmarks import reference
from reports.sections import calibration
from reports.wording import per_cent

ABOUT = {"command": "python -m x", "hardware": "a CPU", "versions": "python 3", "finished": "2026-01-01"}


def planted(**changes) -> pd.DataFrame:
    """Of a label, heat finds one of four that learnt it and changes all; of a border it is the other way round."""
    rows = []
    for shortcut, strength, check, learnt, detected, indifferent, false in (
        ("label", 0.0, "any", 0, 0, 4, 1),
        ("label", 0.0, "heat", 0, 0, 4, 0),
        ("label", 1.0, "any", 4, 4, 0, 0),
        ("label", 1.0, "heat", 4, 1, 0, 0),
        ("density_label", 0.9, "any", 4, 1, 0, 0),
        ("density_label", 0.9, "pointing", 4, 3, 0, 0),
        ("all", 0.0, "any", 0, 0, 4, 1),
    ):
        row = {"shortcut": shortcut, "strength": strength, "check": check, "n_models": 4, "n_learnt": learnt}
        row |= {"n_flagged": 1, "flagged": 0.25, "flagged_low": 0.05, "flagged_high": 0.7, "n_detected": detected}
        row |= {"n_indifferent": indifferent, "n_false": false, "elsewhere": strength == 1}
        for name, k, n in (("detected", detected, learnt), ("false", false, indifferent)):
            row |= {name: k / n if n else None, f"{name}_low": 0.1 if n else None, f"{name}_high": 0.9 if n else None}
        rows.append(row)
    return pd.DataFrame(rows).assign(**ABOUT, **changes)


def test_calibration_tells_whether_verdicts_were_corrected():
    assert calibration._correction(planted()).startswith("These verdicts were not corrected")
    counts = {"n_flagged_uncorrected": 2, "n_detected_uncorrected": 5, "n_false_uncorrected": 3}
    told = calibration._correction(planted(**counts))
    assert (
        "changes of the film flagged 5 and 0 of the models that learnt a shortcut. They flagged 3 and 1 of the models"
        in told
    )


def speed() -> pd.DataFrame:
    row = {"study": "demo", "architecture": "simple", "image_size": 64, "n_batch": 128, "n_loop": 8, "ratio": 42.0}
    return pd.DataFrame([row | {"batch_maps_per_second": 84.0, "loop_maps_per_second": 2.0} | ABOUT])


def test_calibration_says_what_finds_what():
    told = " ".join(calibration._sentences(planted()))
    assert "Of 8 models that learnt a shortcut of strength 0.9 or more" in told
    assert f"flagged the planted region in 5 ({per_cent(5 / 8)}; target: at least 95%)." in told
    assert "flagged another region, except the lesion, in 4 of 8 models with a shortcut of this strength." in told
    assert (
        f"Of 4 models trained without a shortcut, changes of the film flagged the region in 1 ({per_cent(0.25)}, 95% "
        "CI 5 to 70%; target: at most 5%). They flagged the region in 1 of the 4 models whose predictions did not "
        "change with the artefact." in told
    )
    assert "flagged by changes of the film in 0 of 4 and share of the saliency in 0 of 4 models." in told
    assert "in more models than the saliency did: label (4 against 1 of 4)." in told
    assert "in fewer models than the saliency did: density label (1 against 3 of 4)." in told
    assert "equally many" not in told
    rows = calibration._table(planted(seconds=3700)).rows
    assert [[cell.text for cell in row[:7]] for row in rows] == [
        ["label", "0", "4", "0", per_cent(0.25), per_cent(0.25), "\N{EN DASH}"],
        ["label", "1", "4", "4", per_cent(1), per_cent(0.25), "\N{EN DASH}"],
        ["density label", "0.9", "4", "4", per_cent(0.25), "\N{EN DASH}", per_cent(0.75)],
        ["all", "0", "4", "0", per_cent(0.25), "\N{EN DASH}", "\N{EN DASH}"],
    ]
    assert rows[1][4].below == "10 to 90%"
    caption = calibration._table(planted(seconds=3700)).caption
    assert caption.endswith("Computed by python -m x in 1 h 01 min on a CPU, finished 2026-01-01.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_learnt": 0, "strength": 1.0}, ["No model learnt a shortcut of strength 0.9 or more."]),
        (
            {"n_detected": 2, "elsewhere": 0.0},
            [
                f"Of 8 models that learnt a shortcut of strength 0.9 or more, changes of the film flagged the planted "
                f"region in 4 ({per_cent(0.5)}; target: at least 95%).",
                "Changes of the film flagged another region, except the lesion, in 0 of 8 models with a shortcut of "
                "this strength.",
                "Changes of the film and the saliency detected the shortcuts in equally many models.",
            ],
        ),
    ],
)
def test_shortcuts_that_no_model_learnt_and_equal_detection_are_stated(changes, words):
    rows = planted().assign(**changes)
    assert calibration._sentences(rows[(rows["strength"] > 0) & (rows["shortcut"] != "all")]) == words


def test_calibration_without_saliency_compares_nothing():
    told = " ".join(calibration._sentences(planted().query("check == 'any'")))
    assert "saliency" not in told and "flagged by changes of the film in 0 of 4 models." in told


def test_made_names_the_duration_where_it_is_recorded():
    assert calibration._made(speed()) == "Computed by python -m x on a CPU, finished 2026-01-01."


def test_missing_calibration_is_said_plainly(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    told = " ".join(block.text for block in calibration.calibration())
    assert "planted_bias.csv is missing. This report does not show how often the checks detect a shortcut" in told
    assert "The speed of explanation was not measured" in told
