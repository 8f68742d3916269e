"""Sections on the run: what failed, what limits the results, and which of the sentences on them are chosen."""

import types

import pytest

from reports.sections import run
from reports.words import Words

WORDS = Words("run")
LIMITS = {"n": 50, "unit": "patient", "repeats": 1, "breast_found": False, "known_patients": True}
LIMITS |= {"protocols": ["by_patient"], "box_crops": False}
# sentences that are chosen by one fact
CHOSEN = [
    ({"breast_found": True}, "The breast was segmented by a rule"),
    ({"known_patients": False}, "Patients are unknown"),
    ({"protocols": ["published"]}, "Under the published split, the training part contains copies of test images."),
    (
        {"protocols": ["as_shipped"]},
        "Parts of the split as shipped may share patients, and the training part may contain copies",
    ),
    (
        {"protocols": ["by_source"]},
        "Under the split by source image, the training part may contain other images of a test patient.",
    ),
    ({"box_crops": True}, "lesions that an annotator had marked"),
]


def failures(*rows: tuple[str, str | None, int | None]) -> types.SimpleNamespace:
    keys = ("architecture", "protocol", "fold")
    return types.SimpleNamespace(
        failures=[dict(zip(keys, row, strict=True)) | {"reason": "too large", "log": "logs/a.log"} for row in rows]
    )


def test_failed_cells_are_counted_and_their_architectures_named():
    found = failures(("vgg16", "by_patient", 0), ("vgg16", "by_patient", 1), ("mine", None, None))
    assert list(run.warning(found)) == [
        "This report is incomplete: 3 cells of vgg16 and mine failed. All results of vgg16 and mine are omitted."
    ]
    (section,) = run.failures(found)
    assert section.blocks[0].text.startswith("3 cells of vgg16 and mine failed. Completed cells")
    cells = [[cell.text for cell in row] for row in section.blocks[1].rows]
    assert cells[1:] == [["VGG16", "by_patient, fold 1", "too large"], ["mine", "file", "too large"]]


@pytest.mark.parametrize(
    ("names", "words"),
    [(["mine"], "the file of mine failed the check"), (["a", "b"], "the files of a and b failed the check")],
)
def test_a_file_that_fails_the_check_is_not_called_a_cell(names, words):
    found = failures(*((name, None, None) for name in names))
    (warning,) = run.warning(found)
    assert words in warning
    (section,) = run.failures(found)
    assert section.blocks[0].text.startswith(f"T{words[1:]}. ")


def test_nothing_is_said_of_failures_in_a_complete_run():
    assert not [*run.warning(failures()), *run.failures(failures())]


def test_limits_name_the_units_and_the_seeds():
    first = WORDS.texts("limits", **LIMITS)[0]
    assert first.startswith("All results are based on 50 patients.") and "sampling of patients" in first
    assert first.endswith("with one random seed; the intervals do not include training variability.")
    repeated = WORDS.texts("limits", **LIMITS | {"repeats": 3})[0]
    assert "one random seed" not in repeated and "(random seed, order of images, hardware)" in repeated


@pytest.mark.parametrize(("changed", "words"), CHOSEN)
def test_a_limit_is_named_only_where_it_holds(changed, words):
    plain, found = WORDS.texts("limits", **LIMITS), WORDS.texts("limits", **LIMITS | changed)
    assert len(plain) == 4 and len(found) == 5
    (added,) = set(found) - set(plain)
    assert words in added and "\n" not in added


def test_data_sets_outside_training_are_named():
    assert WORDS.text("tested_elsewhere", sets=[]) == "No images of another hospital or data set were tested."
    assert WORDS.text("tested_elsewhere", sets=["north", "south"]) == (
        "In the external test, images of north and south were tested by models trained on other data sets."
    )
