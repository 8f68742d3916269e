"""Class folders inside or around the folders of a shipped split: parts, never classes."""

import tempfile
import zipfile
from pathlib import Path

import pytest
from datasets_input import WHOLE, own, refusal, write
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.folders import from_folders
from benchmarks.datasets.layouts.parts import part_of
from benchmarks.errors import BadInput


def tree(*folders: str) -> dict[str, bytes]:
    """Return two images in each folder."""
    return {f"{folder}/{name}.png": WHOLE for folder in folders for name in "ab"}


def read(tmp_path, *folders: str):
    return own(write(tmp_path / "data", tree(*folders)))


def parts(dataset) -> dict[str, str]:
    """Return folder -> class, part."""
    table = dataset.samples.assign(folder=dataset.samples["file"].str.rpartition("/")[0])
    return {row.folder: f"{row.label} {row.official_part}" for row in table.itertuples()}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, "train") for name in ("train", "Training", "TRAIN", "train2017", "Training Set", "trainset")),
        *((name, "validation") for name in ("val", "valid", "Validation", "dev", "val_images")),
        *((name, "test") for name in ("test", "TESTING", "test-data", "Test1")),
        *((name, None) for name in ("benign", "contest", "trainval", "train_benign", "images", "1", "")),
    ],
)
def test_names_of_parts(name, part):
    assert part_of(name) == part


def test_split_folders_with_class_folders_are_parts_and_no_classes(tmp_path):
    wanted = {
        "train/benign": "benign train",
        "train/malignant": "malignant train",
        "valid/benign": "benign validation",
        "valid/malignant": "malignant validation",
        "test/benign": "benign test",
        "test/malignant": "malignant test",
    }
    dataset = read(tmp_path, *wanted)
    assert dataset.classes == ["benign", "malignant"]
    assert parts(dataset) == wanted
    assert dataset.layout == "class folders inside split folders train, valid, test" and dataset.notes == ()
    # The same in a zip with an outer folder, other names and deeper folders.
    contents = tree("set/Training/benign/one", "set/Training/malignant", "set/TESTING/benign", "set/TESTING/malignant")
    dataset = own(write(tmp_path / "zipped", contents, zipfile.ZIP_STORED))
    assert set(parts(dataset).values()) == {"benign train", "malignant train", "benign test", "malignant test"}
    assert dataset.layout == "class folders inside split folders Training, TESTING"


def test_split_folders_inside_class_folders(tmp_path):
    dataset = read(tmp_path, "benign/Train", "benign/test/deeper", "malignant/Train", "malignant/test")
    assert parts(dataset) == {
        "benign/Train": "benign train",
        "benign/test/deeper": "benign test",
        "malignant/Train": "malignant train",
        "malignant/test": "malignant test",
    }
    assert dataset.layout == "split folders Train, test inside class folders"


NAMES = ["train", "Val", "TESTING", "benign", "malignant", "other"]


@settings(max_examples=60)
@given(st.sets(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join), min_size=1, max_size=6))
def test_a_folder_named_like_a_part_is_never_a_class(folders):
    with tempfile.TemporaryDirectory() as place:
        data = write(Path(place) / "data", {f"{folder}/a.png": b"" for folder in folders}, zipfile.ZIP_STORED)
        try:
            found = from_folders(data, Files(data), "")
        except BadInput:
            return
    assert len(found.table) == len(folders)
    for row in found.table.itertuples():
        above = row.file.split("/")[:-1]
        assert part_of(row.label) is None and row.label in above
        assert "part" not in found.table or row.part in map(part_of, above)


def test_one_split_folder_alone(tmp_path):
    dataset = read(tmp_path, "test/benign", "test/malignant")
    assert dataset.classes == ["benign", "malignant"] and set(dataset.samples["official_part"]) == {"test"}


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["train", "valid", "test"], "train: named like a part of a split, but 2 of its images lie in no class folder"),
        (["train/benign", "train/malignant", "test"], "test: named like a part of a split, but 2 of its images lie in"),
        (
            ["train/benign", "train/malignant", "extra/benign"],
            "split folders (train) lie beside other folders (extra)",
        ),
        (["benign", "malignant", "test"], "split folders (test) lie beside other folders (benign, malignant)"),
        (["benign/train", "benign/test", "malignant"], "malignant: 2 of its 2 images lie outside folders named like"),
        (["benign/train", "benign/other", "malignant/train"], "benign: 2 of its 4 images lie outside folders named"),
        (["train/benign", "train/test"], "train/test: a split folder inside a split folder"),
        (["train_benign", "train_malignant", "test_benign"], "test_benign, train_benign: one class in several parts"),
        (["train/Benign", "train/malignant", "test/benign"], "classes Benign, benign differ in case or spaces"),
    ],
)
def test_mixtures_are_refused(tmp_path, folders, message):
    data = write(tmp_path / "data", tree(*folders))
    assert message in refusal(own, data)


def test_an_empty_split_folder_is_refused(tmp_path):
    data = write(tmp_path / "data", tree("train/benign", "train/malignant") | {"test/notes.txt": b"none"})
    assert "test: no image in this split folder" in refusal(own, data)


def test_what_differs_between_parts_is_noted(tmp_path):
    contents = tree("train/benign", "train/malignant", "val/benign") | {
        "docs/notes.txt": b"",
        "val/malignant/x.txt": b"",
    }
    assert own(write(tmp_path / "data", contents)).notes == (
        "docs: no image in this folder.",
        "val/malignant: no image in this folder.",
        "The validation part has no image of malignant.",
    )


def test_the_same_folders_inside_all_class_folders_are_noted(tmp_path):
    assert read(tmp_path / "one", "benign/a", "malignant/b").notes == ()
    (note,) = read(tmp_path / "two", "fold1/benign", "fold1/malignant", "fold2/benign", "fold2/malignant").notes
    assert note.startswith("All 2 class folders (fold1, fold2) hold the same folders (benign, malignant).")
