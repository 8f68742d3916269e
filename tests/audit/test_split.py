"""A leak-free split: nothing held together is divided, proportions and old parts are kept where they can be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from textures import texture, turned

from analysis.audit.collection import collect
from analysis.audit.findings import examine
from analysis.audit.split import PARTS, check_shares, split, write_split
from benchmarks.copies.registration import SAME_SCAN
from benchmarks.datasets import image_folder
from benchmarks.errors import BadInput

SHARES = [0.6, 0.2, 0.2]
part = st.sampled_from(PARTS)
images = st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc"), st.none() | part), min_size=1, max_size=60)


def columns(drawn: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    units, labels, old = zip(*drawn, strict=True)
    return np.array(units), np.array(labels), np.array(old, object)


@given(images, st.integers(0, 5))
def test_no_unit_is_divided_and_every_part_is_close_to_its_share(drawn, seed):
    units, labels, old = columns(drawn)
    parts = split(units, labels, old, SHARES, seed)
    assert set(parts) <= set(PARTS) and len(parts) == len(units)
    assert all(len(set(parts[units == unit])) == 1 for unit in units)
    largest = np.bincount(units).max()
    for name, share in zip(PARTS, SHARES, strict=True):
        assert abs((parts == name).sum() - share * len(units)) <= 2 * largest


@given(
    st.lists(st.sampled_from("ab"), min_size=30, max_size=30),
    st.permutations(["train"] * 18 + ["validation"] * 6 + ["test"] * 6),
)
def test_an_old_split_without_leaks_and_in_proportion_is_kept(labels, old):
    units = np.arange(30)
    assert split(units, np.array(labels), np.array(old, object), SHARES, 0).tolist() == list(old)


def test_a_leaking_unit_moves_where_most_of_its_images_are():
    units = np.array([0, 0, 0, *range(1, 18)])
    old = np.array(["train", "train", "test", *["train"] * 9, *["validation"] * 4, *["test"] * 4], object)
    parts = split(units, np.array(["a"] * 20), old, SHARES, 0)
    assert parts[:3].tolist() == ["train"] * 3 and (parts[3:] == old[3:]).all()


def test_labels_are_balanced_where_units_allow():
    labels = np.array(["a"] * 60 + ["b"] * 20)
    parts = split(np.arange(80), labels, np.full(80, None), SHARES, 1)
    counts = pd.crosstab(labels, parts)
    assert counts.loc["a", list(PARTS)].tolist() == [36, 12, 12]
    assert counts.loc["b", list(PARTS)].tolist() == [12, 4, 4]


def test_shares_are_checked():
    with pytest.raises(BadInput, match="add up to 1"):
        check_shares([0.7, 0.7, 0.1])
    with pytest.raises(BadInput, match="three shares"):
        check_shares([0, 0.5, 0.5])


@pytest.fixture
def leaking(tmp_path):
    """Twenty films in train and test by class; the first four of train have a turned copy in test."""
    for number in range(20):
        name = "train" if number < 14 else "test"
        folder = tmp_path / "data" / name / ("benign" if number % 2 else "malignant")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(texture(number)).save(folder / f"{number}.png")
        if number < 4:
            copy = tmp_path / "data/test" / folder.name / f"copy_{number}.png"
            copy.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(turned(texture(number), 33)).save(copy)
    return tmp_path / "data"


def test_the_written_split_is_a_manifest_without_leaks(leaking, tmp_path):
    audit = examine(collect([leaking]))
    assert {one.code for one in audit.counted} == {"LEAK002"}
    target = tmp_path / "new" / "split.csv"
    notes = write_split(audit, target, SHARES, 0)
    dataset = image_folder.read(image_folder.OPTIONS, target)
    samples = dataset.samples
    assert len(samples) == 24 and samples["source"].nunique() == 20
    assert (samples.groupby("source")["official_part"].nunique() == 1).all()
    assert not examine(collect([target])).counted
    moved = [note for note in notes if "than before" in note]
    assert moved and int(moved[0].split()[0]) <= 8
    drop = pd.read_csv(tmp_path / "new/split_copies.csv")
    assert len(drop) == 4 and not set(drop["file"]) & set(drop["kept"])


def test_copies_under_two_labels_are_refused(leaking, tmp_path):
    Image.fromarray(texture(0)).save(leaking / "train/benign/again.png")
    with pytest.raises(BadInput, match=r"again\.png"):
        write_split(examine(collect([leaking])), tmp_path / "split.csv", SHARES, 0)


def test_frames_of_one_scan_stay_together_where_asked(leaking, tmp_path):
    audit = examine(collect([leaking]))
    one, other = "train/benign/13.png", "test/benign/15.png"
    frames = audit.pictures.pairs.iloc[:1].assign(sample_a=one, sample_b=other, kind=SAME_SCAN)
    audit.pictures.pairs = pd.concat([audit.pictures.pairs, frames], ignore_index=True)
    target = tmp_path / "split.csv"
    for scans in (True, False):
        write_split(audit, target, SHARES, 0, scans=scans)
        part = pd.read_csv(target).assign(name=lambda t: t["file"].str.removeprefix("data/")).set_index("name")["part"]
        assert (part[one] == part[other]) == scans
