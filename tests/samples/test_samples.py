"""Decoding of a data set: arrays, table, and files after a failed run."""

import hashlib
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from plain_studies import study_of_sizes

from benchmarks.datasets import image_folder, phantom
from benchmarks.errors import BadInput
from benchmarks.samples import samples

PHANTOM = {"name": "phantom", **phantom.OPTIONS, "patients": 24, "side": 64}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    samples.write_samples(study_of_sizes(PHANTOM, (32, 64)), out)
    return out


def test_table_has_the_agreed_columns_and_rows(written):
    table = pd.read_parquet(written / "samples.parquet")
    assert table.columns.tolist() == samples.COLUMNS
    assert table["row"].tolist() == list(range(len(table)))
    assert table["sample"].is_unique and (table["mask"] == "known").all()
    assert table["copy"].dtype == table["density"].dtype == "Int64"
    assert table["upright"].dtype == table["reflected"].dtype == bool
    [box] = table["boxes"][0]
    assert len(box) == 4 and min(box[2:]) > 0 and max(box) < 1


def test_arrays_are_mapped_in_row_order(written):
    table = pd.read_parquet(written / "samples.parquet")
    dataset = phantom.load({k: v for k, v in PHANTOM.items() if k != "name"}, None, 1)
    for size in (32, 64):
        images, masks = (np.load(written / f"{kind}_{size}.npy", mmap_mode="r") for kind in ("images", "masks"))
        assert images.shape == masks.shape == (len(table), size, size)
        assert images.dtype == masks.dtype == np.uint8 and images.flags.c_contiguous
        assert set(np.unique(masks)) == {0, 1}
        row = len(table) - 3
        assert np.array_equal(images[row], dataset.read(row, size))
        assert np.array_equal(masks[row], dataset.mask(row, size))
        assert images[row][masks[row] == 1].mean() > images[row][masks[row] == 0].mean() + 20


def test_md5_is_of_the_native_pixels(written):
    table = pd.read_parquet(written / "samples.parquet")
    images = np.load(written / "images_64.npy")  # 64 px is native here
    assert table["md5"][7] == hashlib.md5(images[7].tobytes()).hexdigest()
    # Copies 1 and 2 of `before` and 24 copies: 26 files a source, the upright pair twice.
    assert (table.groupby("source")["md5"].nunique() == 24).all()


def test_dataset_json_tells_one_data_set_from_another(written, tmp_path):
    about = json.loads((written / "dataset.json").read_text())
    assert about["name"] == "phantom" and about["data"] is None and len(about["classes"]) == 8
    samples.write_samples(study_of_sizes(PHANTOM, (32,)), tmp_path / "same")
    samples.write_samples(study_of_sizes({**PHANTOM, "noise": 5.0}, (32,)), tmp_path / "other")
    same, other = (json.loads((tmp_path / name / "dataset.json").read_text()) for name in ("same", "other"))
    assert same["digest"] == about["digest"] != other["digest"]
    assert np.array_equal(np.load(written / "images_32.npy"), np.load(tmp_path / "same" / "images_32.npy"))


def test_no_half_files_are_left(written):
    names = {path.name for path in written.iterdir()}
    arrays = {f"{kind}_{size}.npy" for kind in ("images", "masks") for size in (32, 64)}
    assert names == {"samples.parquet", "dataset.json", *arrays}


@pytest.fixture
def pictures(tmp_path):
    root = tmp_path / "pictures"
    for label in ("cat", "dog"):
        (root / label).mkdir(parents=True)
        for number in range(3):
            grey = np.zeros((50, 40), np.uint8)
            grey[10:40, : 20 + number] = 120
            Image.fromarray(grey).save(root / label / f"{number}.png")
    return root


def own(pictures):
    return study_of_sizes({"name": "image_folder", **image_folder.OPTIONS}, (32,), pictures)


def test_masks_of_own_images_are_segmented(pictures, tmp_path):
    samples.write_samples(own(pictures), tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "samples.parquet")
    assert (table["mask"] == "segmented").all()
    assert table["patient"].isna().all() and table["density"].isna().all()
    mask = np.load(tmp_path / "out" / "masks_32.npy")[0]
    assert mask[16, 4] == 1 and mask[16, 28] == 0 and mask[1, 4] == 0


def test_every_unreadable_image_is_listed_and_nothing_is_written(pictures, tmp_path):
    whole = (pictures / "cat" / "0.png").read_bytes()
    (pictures / "cat" / "0.png").write_bytes(b"")
    (pictures / "cat" / "1.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "dog" / "2.png").write_bytes(b"not a picture")
    with pytest.raises(BadInput) as error:
        samples.write_samples(own(pictures), tmp_path / "out")
    message = str(error.value)
    assert "3 of 6 images" in message
    assert "cat/0.png: the file is empty" in message
    assert "cat/1.png: " in message and "dog/2.png: not an image" in message
    assert not [*(tmp_path / "out").iterdir()]


def test_a_failed_run_leaves_the_earlier_result_whole(pictures, tmp_path):
    out = tmp_path / "out"
    samples.write_samples(own(pictures), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (pictures / "cat" / "0.png").write_bytes(b"")
    with pytest.raises(BadInput):
        samples.write_samples(own(pictures), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_wrong_byte_in_the_zip_is_found(pictures, tmp_path):
    data = tmp_path / "pictures.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(pictures.rglob("*.png")):
            archive.write(path, path.relative_to(pictures).as_posix())
    content = bytearray(data.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 255
    data.write_bytes(content)
    with pytest.raises(BadInput, match=r"cat/0\.png: can.t be read: Bad CRC-32"):
        samples.write_samples(own(data), tmp_path / "out")
