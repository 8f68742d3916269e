"""Crops: windows computed by hand, their invariants, and arrays, masks and boxes that follow a crop."""

import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from datasets_input import refusal
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from plain_studies import plain_study, study_of_sizes

from benchmarks import datasets
from benchmarks.datasets import image_folder
from benchmarks.samples import crop, samples
from benchmarks.study.views import View

SIDE = 200
LESION = (slice(100, 130), slice(60, 110))  # of the film: 50 px wide, 30 px high


@pytest.mark.parametrize(
    ("boxes", "shape", "expected"),
    [
        # 50 x 30 px around (85, 115): 1.6 x 50 = 80 px.
        ([[0.3, 0.5, 0.25, 0.15]], (200, 200), (45, 75, 80, 80)),
        # Lesions of 20 x 10 and 50 x 20 px: 1.6 x 50 = 80 px around (25, 50) of the larger one, shifted to the edge.
        ([[0.5, 0.25, 0.1, 0.05], [0.0, 0.2, 0.25, 0.1]], (200, 200), (0, 10, 80, 80)),
        # Pixels of a film that is not square: 40 x 20 px around (380, 190), shifted from the right and lower edges.
        ([[0.9, 0.9, 0.1, 0.1]], (200, 400), (336, 136, 64, 64)),
        # A lesion of 10 px: at least 40 px.
        ([[0.5, 0.5, 0.05, 0.05]], (200, 200), (85, 85, 40, 40)),
        # 1.6 x 150 = 240 px is longer than the film's 100 px of height: 70 px of black above and below.
        ([[0.0, 0.0, 0.5, 1.0]], (100, 300), (0, -70, 240, 240)),
    ],
)
def test_a_box_crop_is_a_square_around_the_largest_lesion_inside_the_film(boxes, shape, expected):
    assert crop.around_boxes(boxes, shape) == expected


def test_a_breast_crop_is_the_masks_bounding_box_and_the_whole_film_without_a_breast():
    breast = np.zeros((30, 20), bool)
    assert crop.around_breast(breast) == (0, 0, 20, 30)
    breast[4:9, 3] = breast[20, 7] = True
    assert crop.around_breast(breast) == (3, 4, 5, 17)


fraction = st.floats(0, 0.9)
box = st.tuples(fraction, fraction, st.floats(0.01, 1), st.floats(0.01, 1)).map(
    lambda box: [box[0], box[1], min(box[2], 1 - box[0]), min(box[3], 1 - box[1])]
)


@given(st.lists(box, min_size=1, max_size=3), st.integers(50, 400), st.integers(50, 400))
def test_a_box_crop_contains_the_largest_lesion_and_moves_its_box_exactly(boxes, height, width):
    left, top, side, other = part = crop.around_boxes(boxes, (height, width))
    assert side == other >= crop.LEAST
    assert (left >= 0 and left + side <= width) or side > width
    assert (top >= 0 and top + side <= height) or side > height
    x, y, w, h = largest = max(boxes, key=lambda box: box[2] * box[3])
    [(new_x, new_y, new_w, new_h)] = crop.moved([largest], crop.fractions(part, (height, width)))
    # Back in pixels of the film; half a pixel is lost in rounding the window.
    assert np.allclose([left + new_x * side, top + new_y * side], [x * width, y * height], atol=0.51)
    assert np.allclose([new_w * side, new_h * side], [w * width, h * height], atol=0.51)


def test_boxes_are_cut_at_the_crops_edges_and_left_out_beyond_them():
    part = [0.5, 0.0, 0.5, 0.5]
    assert crop.moved([[0.4, 0.1, 0.2, 0.2], [0.0, 0.0, 0.5, 0.5]], part) == [
        pytest.approx([0.0, 0.2, 0.2, 0.4], abs=1e-9)
    ]


def test_pixels_outside_the_film_are_black():
    film = np.full((3, 4), 9, np.uint8)
    assert crop.cropped(film, (-1, 1, 3, 4)).tolist() == [[0, 9, 9], [0, 9, 9], [0, 0, 0], [0, 0, 0]]


def test_the_surroundings_of_a_crop_have_the_crop_in_their_middle_and_are_continued_by_reflection():
    film = np.arange(64, dtype=np.uint8).reshape(8, 8)
    around = crop.cropped(film, crop.surroundings((1, 2, 4, 4)), "reflect")
    assert around.shape == (8, 8) and (around[2:6, 2:6] == crop.cropped(film, (1, 2, 4, 4))).all()
    assert around[0].tolist() == [1, 0, 1, 2, 3, 4, 5, 6]
    assert np.array_equal(crop.cropped(film, crop.whole(film.shape)), film)


def film(lesion: int) -> np.ndarray:
    """Draw a film, uint8 (SIDE, SIDE): a breast of 100 grey levels at rows 40..159, columns 0..139, with a lesion."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[40:160, :140] = 100
    image[LESION] = lesion
    return image


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Write two films, each with the lesion's box in a manifest."""
    folder = tmp_path_factory.mktemp("films")
    rows = ["file,label,patient,box,part"]
    for number, (label, lesion) in enumerate({"benign": 180, "malignant": 250}.items()):
        Image.fromarray(film(lesion)).save(folder / f"{label}.png")
        rows.append(f"{label}.png,{label},p{number},60 100 50 30,{('train', 'test')[number]}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder


def written(data, out, **changes):
    """Run the stage of samples; return its table and a function that loads an array."""
    dataset = {"name": "image_folder", **image_folder.OPTIONS}
    study = plain_study(dataset=dataset, data=data, image_size=40, architectures={"a": {}}, **changes)
    samples.write_samples(study, out)
    return pd.read_parquet(out / "samples.parquet"), lambda name: np.load(out / f"{name}.npy")


def test_images_masks_and_boxes_follow_a_box_crop(films, tmp_path):
    table, array = written(films, tmp_path, crop="box")
    # The crop is x 45..124, y 75..154 of the film, reduced twofold; the lesion lies at x 15..64, y 25..54 of it.
    images = array("images_40")
    assert images.shape == (2, 40, 40) and images.dtype == np.uint8
    lesions, breast = images[:, 15:25, 10:30].astype(int), images[:, 32:].astype(int)
    # Lanczos' filter rings by a few grey levels.
    assert np.abs(lesions - [[[180]], [[250]]]).max() <= 4 and np.abs(breast - 100).max() <= 4
    assert (array("masks_40") == 1).all()
    np.testing.assert_allclose(
        np.vstack(table["boxes"].map(lambda boxes: boxes[0])), [[15 / 80, 25 / 80, 0.625, 0.375]] * 2
    )
    np.testing.assert_allclose(np.vstack(table["crop"]), [[45 / 200, 75 / 200, 0.4, 0.4]] * 2)
    assert table["md5"].tolist() == [hashlib.md5(film(lesion).tobytes()).hexdigest() for lesion in (180, 250)]
    assert json.loads((tmp_path / "dataset.json").read_text())["crop"] == "box"
    assert table["official_part"].tolist() == ["train", "test"]


def test_a_breast_crop_shows_the_segmented_breast(films, tmp_path):
    table, array = written(films, tmp_path, crop="breast")
    left, top, width, height = np.array(table["crop"][0]) * SIDE
    # The mask is segmented at 128 px, so its edges are known to about 2 px.
    assert left == 0 and abs(top - 40) <= 2 and abs(width - 140) <= 2 and abs(height - 120) <= 3
    assert array("images_40")[0, 2:-2, 2:-2].min() >= 95 and array("masks_40").mean() > 0.95


def test_without_a_crop_nothing_is_changed(films, tmp_path):
    table, array = written(films, tmp_path)
    assert np.array_equal(
        array("images_40")[0], np.asarray(Image.fromarray(film(180)).resize((40, 40), Image.Resampling.LANCZOS))
    )
    assert table["boxes"][0][0] == pytest.approx([0.3, 0.5, 0.25, 0.15]) and table["crop"][0].tolist() == [0, 0, 1, 1]


def test_views_of_the_embedding_are_written_beside_the_studys_own(films, tmp_path):
    views = [{"image_size": 24}, {"image_size": 40, "crop": "box"}, {"image_size": 1024, "crop": "none"}]
    _, array = written(films, tmp_path, crop="box", embedding={"views": views})
    assert sorted(path.name for path in tmp_path.glob("*.npy")) == [
        "images_1024_none.npy", "images_24.npy", "images_40.npy", "masks_40.npy",
    ]  # fmt: skip
    assert array("images_24").shape == (2, 24, 24) and abs(int(array("images_24")[0, 11, 12]) - 180) <= 4
    assert array("images_1024_none")[0, :150].max() < 50  # above the breast, which a box crop does not show


def test_a_view_is_the_studys_own_where_its_crop_is():
    chosen = {
        "views": [{"image_size": 448}, {"image_size": 800, "crop": "breast"}, {"image_size": 448, "crop": "none"}]
    }
    study = plain_study(architectures={"a": {"image_size": 448}, "b": {"image_size": 224}}, embedding=chosen)
    assert [view.name for view in study.embedding_views()] == ["448", "800_breast"]
    assert [view.name for view in study.views()] == ["224", "448", "800_breast"]
    breast = plain_study(architectures={"a": {"image_size": 448}}, crop="breast")
    assert breast.views() == breast.embedding_views() == [View(448, "breast")]


def test_known_masks_are_cropped_as_the_films_are(tmp_path):
    dataset = {"name": "phantom", "patients": 24, "copies": 24, "side": 64, "noise": 4.0}
    study = study_of_sizes(dataset, (32,))
    samples.write_samples(study, tmp_path / "whole")
    samples.write_samples(plain_study(**{**vars(study), "crop": "breast"}), tmp_path / "breast")
    whole, breast = (np.load(tmp_path / name / "masks_32.npy") for name in ("whole", "breast"))
    assert (breast.any(axis=1) | breast.any(axis=2)).all() and breast.mean() > whole.mean()


def test_films_without_a_box_are_counted_before_any_is_decoded(films, tmp_path):
    text = (films / "manifest.csv").read_text().replace("60 100 50 30,test", ",test")
    (films / "some.csv").write_text(text)
    message = refusal(lambda: written(films / "some.csv", tmp_path, crop="box"))
    assert "crop: box, but 1 of the 2 images of image_folder have no lesion box (malignant.png)" in message
    assert "leave these images out by `dataset: {boxed: true}` in test.yaml, or use crop: breast or none" in message
    view = {"views": [{"image_size": 40, "crop": "box"}]}
    assert "1 of the 2 images" in refusal(lambda: written(films / "some.csv", tmp_path, embedding=view))
    assert not list(tmp_path.glob("*.npy"))


def test_images_without_a_box_are_left_out_on_demand(films, tmp_path):
    rows = (films / "manifest.csv").read_text().splitlines()
    more = [rows[0], "first.png,benign,p0,,train", *rows[1:], "again.png,malignant,p1,60 100 50 30,test"]
    shutil.copytree(films, tmp_path / "more")
    Image.fromarray(film(200)).save(tmp_path / "more" / "again.png")
    Image.fromarray(film(0)).save(tmp_path / "more" / "first.png")
    (tmp_path / "more" / "manifest.csv").write_text("\n".join(more))
    found = datasets.load({"name": "image_folder", "boxed": True}, tmp_path / "more", 0)
    assert found.samples["sample"].tolist() == ["benign.png", "malignant.png", "again.png"]
    assert found.native(0)[115, 85] == 180 and found.native(2)[115, 85] == 200 and found.read(1, SIDE)[115, 85] == 250
    assert found.mask is None and found.file_size(2) == (tmp_path / "more" / "again.png").stat().st_size
    whole = {"name": "phantom", "patients": 24, "boxed": True}
    assert len(datasets.load(whole, None, 1).samples) == len(datasets.load({**whole, "boxed": False}, None, 1).samples)


def test_boxed_needs_boxes_of_two_classes(films):
    (films / "one.csv").write_text((films / "manifest.csv").read_text().replace("60 100 50 30,test", ",test"))
    message = refusal(datasets.load, {"name": "image_folder", "boxed": True}, films / "one.csv", 0)
    assert message == "dataset.boxed: 1 of 2 images have a lesion box, of too few classes"
