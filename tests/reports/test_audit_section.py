"""Sections on leakage and shortcuts: sentences chosen by what the audit found."""

import types

import pandas as pd
import pytest

from analysis.audit import shortcuts as stage
from analysis.audit.shortcut_features import OF_IMAGE
from reports.sections.audit import shortcuts
from reports.words import Words

WORDS = Words("audit")
TASKS = ("class8", "severity", "variant")
PROBES = ("copy_number", "copy_order", "data_set", "file_size")  # of files, not of pixels


def results(areas: dict[str, float], protocols: list[str], verdicts: dict[str, str]) -> types.SimpleNamespace:
    """Results of probes with these estimates, 0.1 higher under the published split; `verdicts` are those by patient."""
    rows = [
        {"probe": probe, "task": task, "protocol": protocol, "estimate": area + 0.1 * (protocol == "published")}
        | {"ci_low": area - 0.1, "ci_high": area + 0.2, "chance": 0.2, "verdict": verdicts[probe]}
        | {"n_samples": 40, "n_units": 20, "unit": "patients"}
        for probe, area in areas.items()
        for task in TASKS
        for protocol in protocols
    ]
    table = pd.DataFrame(rows, columns=stage.COLUMNS)
    return types.SimpleNamespace(table=lambda _: table, protocols=protocols)


def told(found: types.SimpleNamespace) -> tuple[str, str]:
    """Text of the paragraphs, and the caption of the table."""
    (section,) = shortcuts(found)
    paragraphs = " ".join(block.text for block in section.blocks if block.kind == "paragraph")
    return paragraphs, next(block.caption for block in section.blocks if block.kind == "table")


def test_probes_that_predict_are_named_with_their_scores():
    verdicts = {"file_size": stage.SHORTCUT, "border": stage.SHORTCUT}
    text, caption = told(results({"file_size": 0.6, "border": 0.7}, ["published", "by_patient"], verdicts))
    assert (
        "Under the published split, border alone reached an accuracy of 0.80 in the classes of the study (95% CI "
        "0.60 to "
        "0.90; "
        "chance 0.20). Under the split by patient, its accuracy was 0.70 (95% CI 0.60 to 0.90)."
    ) in text
    assert (
        "In new patients, border (0.70) and file size (0.60) distinguished benign from malignant images (AUC," in text
    )
    assert "border (0.70) and file size (0.60) distinguished contrast-enhanced files from others (AUC," in text
    assert (
        "Under the published split, they are fitted to the training part" in text
        and "they are scored out-of-fold" in text
    )
    assert caption.endswith("Scored: published on 40 files of 20 patients, by_patient on 40 files of 20 patients.")


def test_probes_that_do_not_predict_are_not_named():
    text, _ = told(results({"border": 0.5}, ["by_patient"], {"border": stage.CHANCE}))
    assert "In new patients, no probe distinguished benign from malignant images (AUC, 95% CI above 0.5)." in text
    assert "published" not in text


def test_without_scores_the_table_says_nothing_of_units():
    assert WORDS.text("shortcuts_caption", scored=[]).endswith("if its interval lies above chance.")


@pytest.mark.parametrize("probe", [*PROBES, *(probe.__name__ for probe in OF_IMAGE)])
def test_every_probe_is_described(probe):
    assert WORDS.text(f"probe_{probe}").startswith(f"{probe.replace('_', ' ')}: ")


def test_codes_of_leaks_are_listed():
    text = WORDS.text("leakage_caption", codes=[("patient shared", "LEAK003"), ("same pixels", "LEAK001")])
    assert text.endswith("docs/findings: patient shared LEAK003, same pixels LEAK001.")


def test_a_long_table_of_conflicts_says_that_it_is_cut():
    assert WORDS.text("conflicts_caption", n=21, shown=20).endswith("The table shows the first 20 of 21 files.")
    assert WORDS.text("conflicts_caption", n=20, shown=20).endswith("from that of most of their copies.")
