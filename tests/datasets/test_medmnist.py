"""MedMNIST archives: parts as shipped, grey and colour; what is no such archive is refused."""

import numpy as np
import pandas as pd
import pytest
from datasets_input import decode, own, refusal
from plain_studies import plain_study

from benchmarks.samples.folds import make_folds

COUNTS = {"train": 10, "val": 4, "test": 6}


def arrays(size: int = 28, colour: bool = False) -> dict[str, np.ndarray]:
    """Return the arrays of an archive; the pixels of an image are its number in its part, classes alternate."""
    contents = {}
    for part, n in COUNTS.items():
        shape = (n, size, size, 3) if colour else (n, size, size)
        contents[f"{part}_images"] = np.broadcast_to(np.arange(n).reshape(-1, *[1] * (len(shape) - 1)), shape).astype(
            "uint8"
        )
        contents[f"{part}_labels"] = (np.arange(n) % 2).reshape(n, 1).astype("uint8")
    return contents


def archive(path, **changed):
    """Write the arrays of `arrays()`, less those that are None."""
    contents = {name: array for name, array in (arrays() | changed).items() if array is not None}
    np.savez_compressed(path / "breastmnist.npz", **contents)
    return path / "breastmnist.npz"


@pytest.mark.parametrize(("size", "colour"), [(28, False), (64, True), (224, False)])
def test_images_labels_and_parts(tmp_path, size, colour):
    dataset = own(archive(tmp_path, **arrays(size, colour)))
    samples = dataset.samples
    assert samples["official_part"].value_counts().to_dict() == {"train": 10, "validation": 4, "test": 6}
    assert samples["sample"].tolist()[:2] == ["train/00000", "train/00001"] and samples["sample"].is_unique
    assert dataset.classes == ["0", "1"] and samples["label"].tolist()[:3] == ["0", "1", "0"]
    last = samples.index[samples["sample"] == "test/00005"][0]
    assert dataset.native(last).shape == (size, size) and (dataset.native(last) == 5).all()
    assert (dataset.read(3, 32) == 3).all() and dataset.file_size is None
    kind = "colour" if colour else "grey"
    assert dataset.layout == f"MedMNIST archive of {kind} images of {size} pixels with the parts train, val, test"


def test_classes_sort_by_their_number(tmp_path):
    labels = np.arange(10, dtype="uint8").reshape(10, 1) + 1
    assert own(archive(tmp_path, train_labels=labels)).classes == [f"{number:02}" for number in range(11)]


def test_an_archive_through_samples_and_the_folds_as_shipped(tmp_path):
    images = decode(archive(tmp_path))
    samples = pd.read_parquet(tmp_path / "out" / "samples.parquet")
    assert images.shape == (20, 32, 32) and images[samples["row"][19]].max() == 5
    folds = make_folds("as_shipped", samples, plain_study())
    assert folds["part"].value_counts().to_dict() == {"train": 10, "validation": 4, "test": 6}
    assert (folds["sample"].str.split("/").str[0].replace({"val": "validation"}) == folds["part"]).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_labels": np.zeros((10, 14), "uint8")}, "train_labels: 14 labels an image (multi-label)"),
        ({"train_labels": np.zeros((9, 1), "uint8")}, "train_labels: uint8 (9, 1), expected whole numbers (10, 1)"),
        ({"train_labels": np.zeros((10, 1))}, "train_labels: float64 (10, 1), expected whole numbers"),
        ({"val_labels": None}, "val_labels: missing"),
        ({"train_images": np.zeros((10, 28, 28, 28), "uint8")}, "train_images: uint8 (10, 28, 28, 28), volumes (3D)"),
        ({"test_images": np.zeros((6, 28, 28))}, "test_images: float64 (6, 28, 28), another kind"),
        ({"train_labels": np.array([{}] * 10, dtype=object)}, "train_labels: object (10,), expected whole numbers"),
        ({f"{part}_images": None for part in COUNTS}, "expected PART_images and PART_labels"),
    ],
)
def test_other_archives_are_refused(tmp_path, changed, message):
    assert message in refusal(own, archive(tmp_path, **changed))


def test_a_damaged_archive_is_refused(tmp_path):
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:-50])
    assert "not a whole npz archive; the download may be incomplete" in refusal(own, path)
