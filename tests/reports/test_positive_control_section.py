"""The report on the positive control: what is detected, what is not, and what was not run."""

import types

import pandas as pd
import pytest

from analysis.comparison.positive_control import COLUMNS
from analysis.tasks import AUC
from reports.sections.positive_control import positive_control, positive_sentence

SEEN = {0: 0.5, 10: 0.55, 40: 0.9}
FLAT = {0: 0.52, 10: 0.5, 40: 0.58}


def results(areas: dict[str, dict[int, float]], note: str = "", protocol: str = "by_patient") -> types.SimpleNamespace:
    """Results whose models have these areas by contrast; those above 0.7 are above chance."""
    rows = []
    for name, curve in areas.items():
        detected = min((contrast for contrast, area in curve.items() if area > 0.7), default=None)
        for contrast, area in curve.items():
            row = {"architecture": name, "protocol": protocol, "contrast": contrast, AUC: area, "n_samples": 50}
            row |= {"ci_low": area - 0.1, "ci_high": area + 0.1, "n_units": 20, "unit": "patients"}
            rows.append(row | {"above_chance": note or ("yes" if area > 0.7 else "no"), "sees_from": detected})
    table = pd.DataFrame(rows, columns=COLUMNS)
    return types.SimpleNamespace(table=lambda _: table, main_protocol="by_patient")


def said(found: types.SimpleNamespace) -> str:
    return " ".join(
        block.text for section in positive_control(found) for block in section.blocks if block.kind == "paragraph"
    )


def test_the_first_page_names_the_lowest_contrast_that_is_detected():
    found = results({"simple": FLAT, "densenet": SEEN, "majority": dict.fromkeys(SEEN, 0.5)})
    assert positive_sentence(found) == (
        "In the positive control under the split by patient, 1 of 2 networks detected planted lesions. The lowest "
        "contrast "
        "detected was 40% (DenseNet121, AUC 0.90, 95% CI 0.80 to 1.00). If a network that detected them has no "
        "skill, it "
        "found no sign of malignancy as easy to detect as these lesions. For the other networks, lack of skill is "
        "inconclusive."
    )
    alone = positive_sentence(results({"densenet": SEEN}))
    assert "DenseNet121 detected planted lesions." in alone
    assert alone.endswith("it found no sign of malignancy as easy to detect as these lesions.")
    text = said(found)
    assert positive_sentence(found) in text and "Detected by DenseNet121 from 40% on." in text
    assert "Not detected at the highest contrast, 40%, by Simple CNN." in text and "look for a leak" not in text


def test_the_first_page_admits_that_nothing_is_detected():
    assert positive_sentence(results({"simple": FLAT})) == (
        "In the positive control under the split by patient, no network detected a planted lesion of 40% contrast "
        "(best: an AUC "
        "of 0.58 (Simple CNN, 95% CI 0.48 to 0.68)). Networks without skill in this study "
        "therefore say nothing about the "
        "images."
    )
    assert "Detected by" not in said(results({"simple": FLAT}))


def test_a_baseline_that_detects_what_no_network_does_is_named():
    text = positive_sentence(results({"simple": FLAT, "imagenet_logistic": SEEN, "majority": FLAT}))
    assert "no network detected" in text
    assert (
        "The baseline reached an AUC of 0.90 (logistic regression on ImageNet features, 95% CI 0.80 to 1.00) at 40%."
        in text
    )


def test_skill_without_a_lesion_is_called_a_leak():
    assert "Without a lesion, Simple CNN scored above chance: look for a leak." in said(
        results({"simple": {0: 0.9, 40: 0.9}})
    )


def test_what_is_not_evaluable_and_what_was_not_run_is_said():
    note = "not evaluable: one patient"
    found = results({"simple": FLAT}, note)
    assert positive_sentence(found).endswith("it was not evaluable whether a planted lesion was detected.")
    empty = results({})
    assert positive_sentence(empty).startswith("No positive control was run")
    (section,) = positive_control(empty)
    assert [block.text for block in section.blocks] == [positive_sentence(empty)]


@pytest.mark.parametrize("protocol", ["by_patient", "by_source"])
def test_the_table_has_a_row_for_each_model_and_a_column_for_each_contrast(protocol):
    (section,) = positive_control(results({"simple": FLAT, "densenet": SEEN}, protocol=protocol))
    (table,) = (block for block in section.blocks if block.kind == "table")
    assert [column.title for column in table.columns[3:]] == ["0%", "10%", "40%", "detected from"]
    assert [[cell.text for cell in row[:2]] + [row[-1].text] for row in table.rows] == [
        [protocol, "Simple CNN", "none"],
        [protocol, "DenseNet121", "40%"],
    ]
