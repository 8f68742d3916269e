"""A user's own images: folders, manifests, formats, refusals."""

import zipfile

import numpy as np
import pandas as pd
import pytest
from datasets_input import manifest, own, refusal
from dicom_files import write_dicom
from PIL import Image

from benchmarks import datasets
from benchmarks.datasets import image_folder


@pytest.fixture
def pictures(tmp_path):
    """Return a folder with two classes in five file formats."""
    root = tmp_path / "pictures"
    grey = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48)
    for label in ("benign", "malignant"):
        (root / label / "deeper").mkdir(parents=True)
        Image.fromarray((grey // 12).astype(np.uint8)).save(root / label / "a.png")
        Image.fromarray((grey // 12).astype(np.uint8)).convert("RGB").save(root / label / "b.jpg", quality=95)
        Image.fromarray((grey // 12).astype(np.uint8)).save(root / label / "deeper" / "c.pgm")
        Image.fromarray(grey).save(root / label / "d.tif")
        Image.fromarray((grey // 12).astype(np.uint8)).convert("RGBA").save(root / label / "e.png")
        (root / label / "notes.txt").write_text("not an image")
    return root


def test_a_folder_a_class(pictures):
    dataset = own(pictures)
    samples = dataset.samples
    assert dataset.classes == ["benign", "malignant"]
    assert samples["label"].value_counts().to_dict() == {"benign": 5, "malignant": 5}
    assert samples["source"].isna().all() and samples["patient"].isna().all() and samples["upright"].all()
    assert set(samples["severity"]) == {"benign", "malignant"}
    assert "benign/deeper/c.pgm" in set(samples["sample"])


def test_formats_give_the_same_grey(pictures):
    dataset = own(pictures)
    plain = dataset.native(0).astype(int)
    assert plain.shape == (64, 48)
    for row in range(1, 5):
        image = dataset.native(row)
        assert image.dtype == np.uint8 and image.shape == (64, 48)
        assert np.abs(image - plain).max() <= 4, dataset.samples["sample"][row]
    assert dataset.read(0, 32).shape == (32, 32)


def test_a_zip_with_a_folder_around_the_classes(pictures, tmp_path):
    data = tmp_path / "pictures.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(pictures.rglob("*.png")):
            archive.write(path, f"around/{path.relative_to(pictures).as_posix()}")
    assert own(data).classes == ["benign", "malignant"]


def test_data_without_an_image_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    for data in (tmp_path / "empty", tmp_path / "empty.zip"):
        assert "found 0 class(es)" in refusal(own, data)


def test_one_class_is_not_enough(pictures):
    lone = pictures.parent / "lone" / "only"
    lone.mkdir(parents=True)
    (pictures / "benign" / "a.png").rename(lone / "a.png")
    assert "found 1 class(es)" in refusal(own, lone.parent)


def test_images_beside_the_class_folders_are_refused(pictures):
    (pictures / "benign" / "a.png").rename(pictures / "loose.png")
    assert "1 images lie outside the class folders (loose.png)" in refusal(own, pictures)


def test_manifest_with_sources_patients_and_boxes(pictures):
    path = manifest(
        pictures,
        "file,label,source,patient,box\n"
        "benign/a.png,no,s1,p1,12 16 24 32\n"
        "benign/b.jpg,no,s1,p1,\n"
        "malignant/a.png,yes,s2,p2,0 0 12 16; 40 60 8 4\n",
    )
    samples = own(path).samples
    assert samples["upright"].tolist() == [True, False, True]
    assert samples["folder"].tolist() == ["before", "after", "before"]
    assert samples["patient"].tolist() == ["p1", "p1", "p2"]
    assert samples["boxes"][0] == [[0.25, 0.25, 0.5, 0.5]]
    assert samples["boxes"][1] == []
    assert np.allclose(samples["boxes"][2], [[0, 0, 0.25, 0.25], [40 / 48, 60 / 64, 8 / 48, 4 / 64]])
    assert samples["severity"].isna().all()


def test_manifest_without_groups_leaves_them_unknown(pictures):
    samples = own(manifest(pictures, "file,label\nbenign/a.png,NA\nmalignant/a.png,none\n")).samples
    assert samples["label"].tolist() == ["NA", "none"]
    assert samples["source"].isna().all() and samples["patient"].isna().all()


def test_all_problems_of_a_manifest_at_once(pictures):
    path = manifest(
        pictures,
        "file,label,source,patient,box\n"
        "benign/a.png,no,s1,p1,1 2 3\n"
        "benign/b.jpg,yes,s1,p2,\n"
        "benign/nowhere.png,no,s2,p2,\n"
        "benign/b.jpg,,s3,p3,1 2 3 0\n",
    )
    message = refusal(own, path)
    for problem in (
        "line 2: box '1 2 3' is not",
        "line 4: no file benign/nowhere.png",
        "line 5: label is empty",
        "line 5: benign/b.jpg is listed twice",
        "line 5: box '1 2 3 0' is not",
        "source s1: 2 values of label, expected one",
        "source s1: 2 values of patient, expected one",
    ):
        assert problem in message


def test_manifest_columns_are_checked(pictures):
    message = refusal(own, manifest(pictures, "place;kind\nbenign/a.png;no\n"))
    assert "missing file: " in message and "missing label: " in message and message.endswith("columns: place, kind")


def test_data_that_is_no_folder_zip_or_manifest(pictures):
    assert "no data given" in refusal(image_folder.check, image_folder.OPTIONS, None)
    assert "no such file" in refusal(image_folder.check, image_folder.OPTIONS, pictures / "nowhere")
    assert "neither a folder nor a whole zip" in refusal(own, pictures / "benign" / "a.png")


def test_manifest_with_facts_of_each_film(pictures):
    path = manifest(
        pictures,
        "file,label,source,patient,density,severity,laterality,view,dataset\n"
        "benign/a.png,no,s1,p1,2.0,Benign,l,CC,north\n"
        "malignant/a.png,yes,s2,p2,,malignant,R,MLO,south\n"
        "malignant/b.jpg,yes,s3,p3,4,,,,south\n",
    )
    samples = own(path).samples
    assert samples["density"].tolist() == [2, pd.NA, 4]
    assert samples["severity"].fillna("").tolist() == ["benign", "malignant", ""]
    assert samples["laterality"].fillna("").tolist() == ["L", "R", ""]
    assert samples["view"].fillna("").tolist() == ["CC", "MLO", ""]
    assert samples["dataset"].tolist() == ["north", "south", "south"]
    by_severity = {"name": "image_folder", "label": "severity"}
    assert "unknown for 1 of the 3 images" in refusal(datasets.load, by_severity, path, 0)
    # Classes called benign are no severity where the column says otherwise, or nothing.
    path = manifest(pictures, "file,label,severity\nbenign/a.png,Benign,\nmalignant/a.png,Malignant,benign\n")
    assert own(path).samples["severity"].fillna("").tolist() == ["", "benign"]
    path = manifest(pictures, "file,label\nbenign/a.png,Benign\nmalignant/a.png,MALIGNANT\nbenign/b.jpg,normal\n")
    assert own(path).samples["severity"].fillna("").tolist() == ["benign", "malignant", ""]


def test_values_out_of_range_are_listed_by_line(pictures):
    path = manifest(
        pictures,
        "file,label,source,density,severity,laterality,view,dataset\n"
        "benign/a.png,no,s1,5,cancer,both,CC,north\n"
        "\n"
        "benign/b.jpg,no,s1,1,benign,R,MLO,\n",
    )
    message = refusal(own, path)
    for problem in (
        "line 2: density '5' is not 1, 2, 3 or 4",
        "line 2: severity 'cancer' is not benign or malignant",
        "line 2: laterality 'both' is not L or R",
        "line 4: dataset is empty",
        "source s1: 2 values of density, expected one",
        "source s1: 2 values of view, expected one",
    ):
        assert problem in message
    assert str(path) in message


def test_a_manifest_from_windows(pictures):
    content = 'file, label\r\nbenign\\deeper\\c.pgm, "no"\r\n.\\malignant\\a.png ,yes \r\n'
    (pictures / "LIST.CSV").write_bytes(b"\xef\xbb\xbf" + content.encode())
    samples = own(pictures / "LIST.CSV").samples
    assert samples["file"].tolist() == ["benign/deeper/c.pgm", "malignant/a.png"]
    assert samples["label"].tolist() == ["no", "yes"]
    (pictures / "LIST.CSV").write_bytes(
        "file,label\nbenign/a.png,gutartig\nmalignant/a.png,bösartig\n".encode("cp1252")
    )
    assert "save it as UTF-8" in refusal(own, pictures / "LIST.CSV")


def test_only_files_in_the_manifest_of_a_folder_or_zip_are_samples(pictures, tmp_path):
    text = "file,label,patient\nbenign/a.png,no,p1\nmalignant/d.tif,yes,p2\n"
    (pictures / "manifest.csv").write_text(text)
    assert own(pictures).samples["file"].tolist() == ["benign/a.png", "malignant/d.tif"]
    data = tmp_path / "pictures.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(path for path in pictures.rglob("*") if path.is_file()):
            archive.write(path, f"around/{path.relative_to(pictures).as_posix()}")
    dataset = own(data)
    assert dataset.samples["file"].tolist() == ["around/benign/a.png", "around/malignant/d.tif"]
    assert dataset.samples["patient"].tolist() == ["p1", "p2"]
    assert np.array_equal(dataset.native(1), own(pictures).native(1))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("manifest.csv", "file,label\nbenign/no.png,no\n")
    message = refusal(own, data)
    assert f"{data / 'manifest.csv'}:" in message and "line 2: no file benign/no.png" in message


# --- DICOM -----------------------------------------------------------------------------------------------------------

PIXELS = np.arange(24 * 16, dtype=np.uint16).reshape(24, 16)


@pytest.fixture
def films(tmp_path):
    """Return two classes of DICOM files, with and without a suffix, and other files of a medium."""
    root = tmp_path / "films"
    for number, (label, name) in enumerate(
        [("no", "IM0001"), ("no", "1.2.840.77"), ("yes", "a.dcm"), ("yes", "b.DCM")]
    ):
        (root / label).mkdir(parents=True, exist_ok=True)
        facts = {"PatientID": f"p{number // 2}", "ImageLaterality": "LR"[number % 2], "ViewPosition": "CC"}
        write_dicom(root / label / name, PIXELS, **facts)
    (root / "no" / "notes").write_text("not an image")
    write_dicom(root / "DICOMDIR", PIXELS)
    return root


def test_patient_laterality_and_view_come_from_dicom_headers(films):
    dataset = own(films)
    samples = dataset.samples.set_index("sample")
    assert sorted(samples.index) == ["no/1.2.840.77", "no/IM0001", "yes/a.dcm", "yes/b.DCM"]
    assert samples.loc[["no/IM0001", "no/1.2.840.77", "yes/a.dcm", "yes/b.DCM"], "patient"].tolist() == [
        "p0",
        "p0",
        "p1",
        "p1",
    ]
    assert samples.loc["no/IM0001", "laterality"] == "L" and (samples["view"] == "CC").all()
    assert dataset.native(0).shape == (24, 16) and dataset.native(0).max() == 255


def test_headers_stand_back_for_the_manifest_and_for_one_silent_file(films):
    write_dicom(films / "no" / "IM0001", PIXELS, PatientID="", Laterality="L", ViewPosition="MLO")
    write_dicom(films / "yes" / "b.DCM", PIXELS, PatientID="p1", ImageLaterality="B", ViewPosition="ML")
    path = manifest(films, "file,label,view,box\nno/IM0001,no,XCCL,4 6 8 12\nyes/a.dcm,yes,,\n")
    samples = own(path).samples
    assert samples["patient"].isna().all() and samples["laterality"].tolist() == ["L", "L"]
    assert samples["view"].fillna("").tolist() == ["XCCL", ""]
    assert samples["boxes"].tolist() == [[[0.25, 0.25, 0.5, 0.5]], []]
    samples = own(films).samples
    assert samples["laterality"].isna().all() and samples["view"].notna().all()
    path = manifest(films, "file,label,source\nno/1.2.840.77,no,s1\nyes/a.dcm,no,s1\nyes/b.DCM,yes,s2\n")
    message = refusal(own, path)
    assert "headers contradict" in message and "source s1: 2 values of patient, expected one" in message


def test_headers_count_only_where_all_files_have_one(films):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(films / "yes" / "c.png")
    samples = own(films).samples
    assert len(samples) == 5 and samples[["patient", "laterality", "view"]].isna().all(axis=None)


def test_the_whole_image_may_be_taken_for_the_breast(pictures):
    assert own(pictures).mask is None
    assert own(pictures, breast="whole").mask(0, 32).tolist() == np.ones((32, 32)).tolist()
    assert "dataset.breast: 'half' is not allowed; allowed: found, whole" in refusal(
        lambda: own(pictures, breast="half")
    )
