"""Published INbreast folders: files that are read, and data that are refused."""

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from datasets_input import refusal
from PIL import Image

from benchmarks import datasets
from benchmarks.datasets import _copies, mendeley_inbreast
from benchmarks.samples.breast import segment_breast

TOP = "Dataset of Breast mammography images with Masses"
CLASSES = [f"Density{density}{severity}" for density in "1234" for severity in ("Benign", "Malignant")]
SOURCES = dict(zip(CLASSES, (12, 30, 4, 32, 13, 8, 6, 1), strict=True))
PATIENTS = dict(zip(CLASSES, (7, 14, 2, 16, 6, 4, 3, 1), strict=True))


def png(value, side, tmp_path):
    path = tmp_path / f"{value}.png"
    Image.fromarray(np.full((side, side), value, np.uint8)).save(path)
    return path.read_bytes()


def published_names(side):
    """Yield every path of the published folders of one size."""
    for source in mendeley_inbreast.facts().itertuples():
        for folder, copies in (("Before", 2), ("After", 72)):
            for copy in range(1, copies + 1):
                number = "" if copy == 1 else f" ({copy})"
                where = f"{TOP}/Image {folder} Data Augmentation, Image Size {side}x{side}"
                yield f"{where}/{source.label}/{source.source}{number}.png"


def write_zip(path, names, content):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def test_every_adapter_keeps_the_contract():
    assert datasets.names() == ["cbis_ddsm", "image_folder", "mendeley_inbreast", "phantom", "planted", "several"]
    for name in datasets.names():
        adapter = datasets.adapter(name)
        assert isinstance(adapter.OPTIONS, dict) and callable(adapter.check) and callable(adapter.load)


def test_facts_are_the_published_counts():
    facts = mendeley_inbreast.facts()
    assert facts["source"].is_unique
    assert facts["label"].value_counts().to_dict() == SOURCES
    assert facts.groupby("label")["patient"].nunique().to_dict() == PATIENTS
    assert facts["patient"].nunique() == 50
    assert (facts["boxes_224px"] == "[]").sum() == 1


def test_published_zip_is_listed_whole(tmp_path):
    data = write_zip(tmp_path / "data.zip", published_names(224), png(10, 224, tmp_path))
    dataset = mendeley_inbreast.load({}, data, 0)
    samples = dataset.samples
    assert len(samples) == 7844 and samples["sample"].is_unique and samples["upright"].sum() == 106
    assert dataset.classes == CLASSES
    files = samples.groupby(["folder", "label"]).size()
    assert files["after"].to_dict() == {label: 72 * number for label, number in SOURCES.items()}
    assert files["before"].to_dict() == {label: 2 * number for label, number in SOURCES.items()}
    row = samples[samples["sample"] == "after/Density1Benign/20588680 (3).png"].iloc[0]
    assert (row["variant"], row["reflected"], row["rotation"], row["copy"]) == ("clahe", False, 300, 3)
    assert (row["patient"], row["view"], row["density"]) == ("036aff49b8ac84f0", "MLO", 1)


def test_227_px_images_are_read_where_there(tmp_path):
    data = tmp_path / "data.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for side, value in ((224, 10), (227, 20)):
            content = png(value, side, tmp_path)
            for name in published_names(side):
                archive.writestr(name, content)
    dataset = mendeley_inbreast.load({}, data, 0)
    assert dataset.read(5, 227).shape == (227, 227) and (dataset.read(5, 227) == 20).all()
    assert dataset.read(5, 64).shape == (64, 64) and (dataset.read(5, 64) == 10).all()
    assert (dataset.native(5) == 10).all()


def test_only_227_px_images_serve_all_sizes(tmp_path):
    data = write_zip(tmp_path / "data.zip", published_names(227), png(20, 227, tmp_path))
    assert (mendeley_inbreast.load({}, data, 0).read(0, 64) == 20).all()


@pytest.mark.parametrize("inside", ["", TOP])
def test_unpacked_folder_at_the_top_or_around_it(tmp_path, inside):
    content = png(10, 224, tmp_path)
    for name in published_names(224):
        path = tmp_path / "around" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    data = tmp_path / "around" / inside
    mendeley_inbreast.check({}, data)
    dataset = mendeley_inbreast.load({}, data, 0)
    assert len(dataset.samples) == 7844
    assert (data / dataset.samples["file"][0]).is_file()


def test_wrong_counts_are_all_listed_with_found_and_expected(tmp_path):
    names = [n for n in published_names(224) if not ("Before" in n and "Density2Benign" in n)]
    names = [
        n
        for n in names
        if not n.endswith("After Data Augmentation, Image Size 224x224/Density4Malignant/24065530 (7).png")
    ]
    extra = f"{TOP}/Image After Data Augmentation, Image Size 224x224/Density1Benign/99999999 (2).png"
    data = write_zip(tmp_path / "data.zip", [*names, extra], b"")
    message = refusal(mendeley_inbreast.load, {}, data, 0)
    assert "before/Density2Benign (224 px): found 0 files, expected 8" in message
    assert "after/Density1Benign (224 px): found 865 files, expected 864; not published: 99999999 (2).png" in message
    assert "after/Density4Malignant (224 px): found 71 files, expected 72; missing: 24065530 (7).png" in message
    assert "10.17632/x7bvzv6cvr.1" in message and "CC BY 4.0" in message and "--config data=" in message


def test_archiver_leftovers_do_not_count(tmp_path):
    junk = f"__MACOSX/{TOP}/Image After Data Augmentation, Image Size 224x224/Density1Benign/._20588680.png"
    hidden = f"{TOP}/Image After Data Augmentation, Image Size 224x224/Density1Benign/.DS_Store"
    data = write_zip(tmp_path / "data.zip", [*published_names(224), junk, hidden], png(10, 224, tmp_path))
    assert len(mendeley_inbreast.load({}, data, 0).samples) == 7844


def test_the_message_for_missing_or_wrong_data_names_source_and_option(tmp_path):
    (tmp_path / "holiday").mkdir()
    only_after = write_zip(tmp_path / "after.zip", [n for n in published_names(224) if "After" in n], b"")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(only_after.read_bytes()[:5000])
    cases = {
        None: "no data given",
        tmp_path / "nowhere": "no such file",
        tmp_path: "found after.zip, cut.zip, holiday",
        only_after: "found Dataset of Breast mammography images with Masses/Image After",
        cut: "neither a folder nor a whole zip",
    }
    for data, found in cases.items():
        message = refusal(mendeley_inbreast.check, {}, data)
        assert found in message
        if data != cut:
            assert (
                "Image {Before,After} Data Augmentation" in message and "x7bvzv6cvr" in message and "data=" in message
            )


def test_folders_that_are_there_twice_are_refused(tmp_path):
    names = [f"copy/{name}" for name in published_names(224)]
    data = write_zip(tmp_path / "data.zip", [*published_names(224), *names], b"")
    assert "is in it twice" in refusal(mendeley_inbreast.check, {}, data)


def test_real_files_have_the_manifests_facts(real_data, real_zip):
    dataset = mendeley_inbreast.load({}, real_zip, 0)
    with gzip.open(real_data / "manifest_224.csv.gz", "rt") as stream:
        manifest = pd.read_csv(stream, dtype={"source_id": str})
    manifest["boxes_xywh"] = manifest["boxes_xywh"].fillna("[]").map(json.loads)
    both = dataset.samples.merge(manifest, left_on="file", right_on="path", suffixes=("", "_listed"))
    assert len(both) == len(manifest) == 7844
    pairs = {
        "label": "class", "source": "source_id", "patient": "patient_id", "folder": "stage", "copy": "copy_number",
        "variant": "variant_listed", "reflected": "reflected_listed", "rotation": "rotation_ccw_deg",
        "laterality": "laterality_listed", "view": "view_listed", "severity": "severity_listed",
    }  # fmt: skip
    for ours, theirs in pairs.items():
        assert (both[ours] == both[theirs]).all(), ours
    for ours, listed in zip(both["boxes"], both["boxes_xywh"], strict=True):
        # The manifest keeps boxes that were turned out of the image, with a negative width.
        listed = [box for box in listed if min(box[2:]) > 0]
        assert len(ours) == len(listed)
        assert np.allclose(np.array(ours) * 224, listed, atol=0.5)


def test_real_copies_are_the_transform_of_their_upright_original(real_zip):
    dataset = mendeley_inbreast.load({}, real_zip, 0)
    samples = dataset.samples
    originals = {s.source: s.Index for s in samples[samples["upright"]].itertuples()}
    for copy in samples[(samples["folder"] == "after") & (samples["variant"] == "original")][::200].itertuples():
        made = _copies.transform_image(dataset.native(originals[copy.source]), copy.reflected, copy.rotation)
        assert np.abs(made.astype(int) - dataset.native(copy.Index)).mean() < 1, copy.sample


def test_real_enhanced_copies_have_the_breast_of_their_original(real_zip):
    dataset = mendeley_inbreast.load({}, real_zip, 0)
    samples = dataset.samples
    originals = {s.source: s.Index for s in samples[samples["upright"]].itertuples()}
    for copy in samples[samples["variant"] == "clahe"][::120].itertuples():
        breast = segment_breast(dataset.native(originals[copy.source])).astype(np.uint8) * 255
        expected = _copies.transform_image(breast, copy.reflected, copy.rotation) > 127
        found = segment_breast(dataset.native(copy.Index))
        assert (found & expected).sum() / (found | expected).sum() > 0.95, copy.sample
