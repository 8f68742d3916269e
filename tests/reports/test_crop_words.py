"""What the report says of cropped images and of a shipped split."""

import dataclasses
import json

import pytest
from synthetic_results import write_results

from benchmarks.study.study import load_study
from reports import provenance
from reports.results import Results
from reports.sections import methods, run

ANNOTATED = "These crops use the annotator's knowledge of where the lesions are."


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write_results(place, protocols=("by_patient", "official"), architectures=("simple",), judged=False)
        found = load_study("synthetic.yaml")
        (found.results() / "provenance.json").write_text(json.dumps(provenance.collect(found)))
        yield found


def text(sections) -> str:
    """Return the text of all paragraphs and lists of sections."""
    blocks = [block for section in sections for block in section.blocks]
    paragraphs = [block.text for block in blocks if block.kind == "paragraph"]
    return " ".join([*paragraphs, *(item for block in blocks if block.kind == "bullets" for item in block.items)])


@pytest.mark.parametrize(("crop", "annotated"), [("none", False), ("breast", False), ("box", True)])
def test_data_and_limits_say_that_box_crops_use_the_annotators_knowledge(study, crop, annotated):
    results = Results(dataclasses.replace(study, crop=crop))
    data = text(methods.data(results))
    assert (ANNOTATED in data) == ("an annotator had marked" in text(run.limits(results))) == annotated
    assert ("cropped to the bounding box of the breast" in data) == (crop == "breast")


def test_limits_name_box_crops_of_the_embedding_too(study):
    views = {"views": [{"image_size": 80, "crop": "box"}]}
    results = Results(dataclasses.replace(study, embedding=views))
    assert "an annotator had marked" in text(run.limits(results)) and ANNOTATED not in text(methods.data(results))


def test_the_shipped_split_is_described(study):
    found = text(methods.folds(Results(study)))
    assert "The official split (official): the split that the data set ships." in found
    assert "No patient is in two parts." in found
