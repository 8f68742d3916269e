"""Sections on training, search and saliency maps: sentences chosen by what was trained and found."""

import types

import pandas as pd
import pytest

from analysis.comparison import importance, tuning_gain
from reports.sections.models import training, tuning
from reports.words import Words

WORDS = Words("models")
DOTS, OWN, LAST = "Dots mark the epoch", "with a recipe of their own kept the last epoch", "The last epoch was kept."


def tuned(tables: dict[str, list[dict]]) -> list[str]:
    """Texts of the paragraphs on search and importance."""
    columns = {"tuning": tuning_gain.COLUMNS, "importance": importance.COLUMNS}
    found = types.SimpleNamespace(table=lambda name: pd.DataFrame(tables.get(name, []), columns=columns[name]))
    return [block.text for section in tuning(found) for block in section.blocks if block.kind == "paragraph"]


@pytest.mark.parametrize(
    ("protocol", "recipes", "said"),
    [
        ("published", {"simple": None}, {LAST}),
        ("by_patient", {"simple": None}, {DOTS}),
        ("by_patient", {"simple": {"epochs": 2}}, {LAST}),
        ("by_patient", {"simple": None, "vgg16": {"epochs": 2}}, {DOTS, OWN}),
    ],
)
def test_learning_curves_say_which_epoch_was_kept(protocol, recipes, said):
    study = types.SimpleNamespace(recipe_of=recipes.get)
    found = types.SimpleNamespace(study=study, architectures=list(recipes), protocols=[protocol], searched=[])
    (section,) = training(found)
    caption = section.blocks[0].caption
    assert {words for words in (DOTS, OWN, LAST) if words in caption} == said
    assert caption.startswith(f"{protocol}: loss")


def test_a_gain_that_is_not_evaluable_is_said():
    row = {"architecture": "simple", "protocol": "by_patient", "n_trials": 1, "n_units": 5, "unit": "patients"}
    found = tuned({"tuning": [row | {"verdict": "not evaluable: one trial"}]})
    assert found == [
        "The gain from the search over the default configuration is not evaluable. The table gives the reasons."
    ]


def test_reasons_without_importance_name_their_architectures():
    row = {"architecture": "simple", "protocol": "by_patient", "n_trials": 1, "n_units": 5, "unit": "patients"}
    few, single = "not evaluable: too few distinct trials (6 < 20)", "not evaluable: one fold"
    rows = [
        {"architecture": name, "hyperparameter": "dropout", "verdict": why}
        for name, why in (("alexnet", few), ("simple", single), ("vgg16", few))
    ]
    assert tuned({"tuning": [row | {"verdict": "not evaluable: one trial"}], "importance": rows})[-1] == (
        "Importance is evaluable for no architecture. AlexNet and VGG16: too few distinct trials "
        "(6 < 20). Simple CNN: one "
        "fold."
    )


def test_hyperparameters_that_matter_are_listed():
    rows = [{"hyperparameter": name, "importance": 0.3, "low": 0.2, "high": 0.4} for name in ("dropout", "batch_size")]
    assert WORDS.text("important", architecture="simple", r2=0.5, matter=rows) == (
        "For Simple CNN, dropout (0.30, 0.20 to 0.40) and batch_size (0.30, 0.20 to 0.40) mattered (R2 0.50)."
    )
    assert WORDS.text("important", architecture="simple", r2=0.5, matter=[]) == (
        "For Simple CNN, no hyperparameter mattered (R2 0.50)."
    )


def test_abbreviated_classes_are_spelled_out():
    caption = WORDS.text("gallery_caption", protocol="by_patient", classes=[("B", "Benign"), ("M", "Malignant")])
    assert caption.endswith("the explained layer. Classes: B Benign, M Malignant.")
    assert WORDS.text("gallery_caption", protocol="by_patient", classes=[]).endswith("the explained layer.")
