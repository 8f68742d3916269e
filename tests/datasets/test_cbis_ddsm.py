"""Masses of CBIS-DDSM: the manifest with JPEG files, and the archive's tables with DICOM folders."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets_input import refusal
from dicom_files import write_dicom
from PIL import Image
from plain_studies import plain_study

from benchmarks import datasets
from benchmarks.datasets import cbis_ddsm
from benchmarks.samples.describe import describe
from benchmarks.samples.folds import make_folds
from benchmarks.study.study import load_study

HEADER = (
    "patient_id,breast_density,left or right breast,image view,abnormality id,abnormality type,mass shape,mass margins,"
    "assessment,pathology,subtlety,image file path,cropped image file path,ROI mask file path"
)
UID = "1.3.6.1.4.1.9590.100.1.2.1"
HEIGHT, WIDTH = 50, 40


def mass(case: str, density: int, number: int, pathology: str) -> str:
    """Return a line of a table: as in the archive, quoted paths end in a line break."""
    _, patient, side, view = case.replace("P_", "").split("_")
    film, lesion = f"{case}/{UID}/{UID}/000000.dcm", f"{case}_{number}/{UID}/{UID}/00000"
    return (
        f"P_{patient},{density},{side},{view},{number},mass,OVAL,SPICULATED,4,{pathology},4,{film},"
        f'"{lesion}0.dcm\n","{lesion}1.dcm\n"'
    )


def add_film(root: Path, case: str) -> None:
    folder = root / "CBIS-DDSM" / case / "07-20-2016-DDSM-NA-30104" / "1.000000-full mammogram images-24515"
    folder.mkdir(parents=True)
    ramp = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 20
    write_dicom(folder / "1-1.dcm", ramp)


def add_lesion(root: Path, case: str, box: tuple[int, int, int, int], crop_first: bool) -> None:
    """Write mask and crop of a mass as 1-1.dcm and 1-2.dcm, in either order; `box` is x, y, width, height in pixels."""
    folder = root / "CBIS-DDSM" / case / "07-20-2016-DDSM-NA-90988" / "1.000000-ROI mask images-18984"
    folder.mkdir(parents=True)
    x, y, w, h = box
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[y : y + h, x : x + w] = 255
    crop = np.arange(w * h, dtype=np.uint16).reshape(h, w)
    names = ("1-2.dcm", "1-1.dcm") if crop_first else ("1-1.dcm", "1-2.dcm")
    for name, pixels in zip(names, (mask, crop), strict=True):
        write_dicom(folder / name, pixels)


A, B = "Mass-Training_P_00001_LEFT_CC", "Mass-Training_P_00002_RIGHT_MLO"
C = "Mass-Test_P_00003_LEFT_MLO"


@pytest.fixture
def archive(tmp_path):
    """Write three films of three patients; the first has two masses."""
    root = tmp_path / "masses"
    for case in (A, B, C):
        add_film(root, case)
    add_lesion(root, f"{A}_1", (4, 10, 8, 5), crop_first=True)
    add_lesion(root, f"{A}_2", (20, 30, 10, 20), crop_first=False)
    add_lesion(root, f"{B}_1", (0, 0, 40, 10), crop_first=False)
    add_lesion(root, f"{C}_1", (12, 5, 4, 15), crop_first=True)
    training = [mass(A, 3, 1, "BENIGN"), mass(A, 3, 2, "MALIGNANT"), mass(B, 1, 1, "BENIGN_WITHOUT_CALLBACK")]
    (root / cbis_ddsm.TABLES["train"]).write_text("\n".join([HEADER, *training]))
    (root / cbis_ddsm.TABLES["test"]).write_text("\n".join([HEADER, mass(C, 4, 1, "MALIGNANT")]))
    (root / "LICENSE").write_text("CC BY 3.0")
    return root


def load(data: Path, **options) -> datasets.Dataset:
    return datasets.load({"name": "cbis_ddsm", **options}, data, 1)


def test_tables_and_dicom_folders_of_the_archive_are_read(archive):
    found = load(archive)
    table = found.samples.set_index("source")
    assert table.index.tolist() == ["00001_LEFT_CC", "00002_RIGHT_MLO", "00003_LEFT_MLO"]
    assert table["label"].tolist() == ["Density3Malignant", "Density1Benign", "Density4Malignant"]
    assert table["severity"].tolist() == ["malignant", "benign", "malignant"]
    assert table["official_part"].tolist() == ["train", "train", "test"]
    assert table["patient"].tolist() == ["00001", "00002", "00003"]
    assert table[["laterality", "view"]].values.tolist() == [["L", "CC"], ["R", "MLO"], ["L", "MLO"]]
    # Pixels of the masks over 40 x 50, whichever of the two files the mask is.
    assert table["boxes"].tolist() == [
        [[0.1, 0.2, 0.2, 0.1], [0.5, 0.6, 0.25, 0.4]],
        [[0, 0, 1, 0.2]],
        [[0.3, 0.1, 0.1, 0.3]],
    ]
    assert found.native(2).shape == (HEIGHT, WIDTH) and found.native(2)[-1, -1] == 255
    assert found.licence == "CC BY 3.0" and "170177" in found.citation and not found.generated


def test_files_named_as_in_the_tables_are_read_too(archive):
    before = load(archive).samples
    for path in archive.rglob("1-?.dcm"):
        path.rename(path.with_name(f"00000{int(path.stem[-1]) - 1}.dcm"))
    pd.testing.assert_frame_equal(load(archive).samples.drop(columns="file"), before.drop(columns="file"))


def test_the_list_of_series_beside_the_tables_is_no_manifest(archive):
    (archive / "metadata.csv").write_text("Series UID,Collection,Subject ID\n1.2,CBIS-DDSM,P_00001\n")
    assert len(load(archive).samples) == 3
    assert "(data set cbis_ddsm)" in describe(archive).split("\n")[0]


def test_the_archive_may_be_a_zip(archive, tmp_path):
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", archive))
    pd.testing.assert_frame_equal(load(packed).samples, load(archive).samples)


def test_every_problem_of_the_archive_is_named(archive):
    table = archive / cbis_ddsm.TABLES["train"]
    good = table.read_text()
    table.write_text(good.replace("P_00002,1,", "P_00002,0,").replace("BENIGN_WITHOUT_CALLBACK", "UNKNOWN"))
    shutil.rmtree(archive / "CBIS-DDSM" / C)
    message = refusal(load, archive)
    assert "mass_case_description_train_set.csv, mass 3: breast density 0 is not 1, 2, 3 or 4" in message
    assert "train_set.csv, mass 3: pathology UNKNOWN is not MALIGNANT, BENIGN, BENIGN_WITHOUT_CALLBACK" in message
    assert f"test_set.csv, mass 1: no DICOM file in a folder {C}; download this series too" in message
    table.write_text(good.replace(",pathology,", ",diagnosis,"))
    assert "train_set.csv: lacks the columns pathology; get the masses from https://doi.org/" in refusal(load, archive)
    table.unlink()
    message = refusal(cbis_ddsm.check, {}, archive)
    assert "found neither manifest.csv nor mass_case_description_train_set.csv; get the masses" in message


def test_a_mass_without_a_mask_is_named(archive):
    [mask] = [path for path in archive.rglob(f"{C}_1/*/*/*.dcm") if path.name == "1-2.dcm"]
    mask.unlink()
    assert f"{C}_1: none of 1-1.dcm is a mask; download this series again" in refusal(load, archive)


def test_missing_data_are_named(tmp_path):
    assert "data set cbis_ddsm: no data given; get the masses" in refusal(cbis_ddsm.check, {}, None)
    assert f"{tmp_path}/gone: no such file or folder" in refusal(cbis_ddsm.check, {}, tmp_path / "gone")


def test_a_manifest_without_parts_or_densities_is_refused(tmp_path):
    for name in ("a", "b"):
        Image.new("L", (8, 8)).save(tmp_path / f"{name}.png")
    (tmp_path / "manifest.csv").write_text("file,label,patient,density\na.png,benign,1,2\nb.png,malignant,2,\n")
    assert "the manifest lacks density, part of some images (label: benign or malignant;" in refusal(load, tmp_path)


@pytest.mark.parametrize(("name", "crop"), [("cbis", "none"), ("cbis_crops", "box"), ("cbis_full", "none")])
def test_the_studies_of_the_masses_are_sound(name, crop):
    study = load_study(name)
    assert study.crop == crop and study.cells("by_patient") == [0, 1, 2, 3, 4] and study.cells("official") == [0]


@pytest.fixture(scope="module")
def masses(real_data) -> Path:
    path = real_data / "cbis_ddsm_masses_800.zip"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


def test_the_real_masses_have_the_known_counts(masses):
    found = load(masses)
    table = found.samples
    assert len(table) == 1592 and table["patient"].nunique() == 892 and len(found.classes) == 8
    assert table["severity"].value_counts().to_dict() == {"benign": 845, "malignant": 747}
    assert table["density"].value_counts().to_dict() == {1: 290, 2: 716, 3: 435, 4: 151}
    assert table["official_part"].value_counts().to_dict() == {"train": 1231, "test": 361}
    assert (table["boxes"].str.len() > 0).all() and found.native(0).shape == (800, 800)
    # The manifest's first line: 579 516 152 70 px in 800 px.
    assert table["boxes"][0] == [pytest.approx([579 / 800, 516 / 800, 152 / 800, 70 / 800])]
    with zipfile.ZipFile(masses) as archive:
        assert set(table["file"]) == {name for name in archive.namelist() if name.endswith(".jpg")}
    assert set(load(masses, label="severity").classes) == {"benign", "malignant"}


def test_the_real_masses_official_split_shares_no_patient(masses):
    samples = load(masses).samples
    folds = make_folds("official", samples, plain_study()).merge(samples, on="sample")
    parts = {part: set(rows["patient"]) for part, rows in folds.groupby("part")}
    assert folds["part"].value_counts()["test"] == 361 and len(folds) == 1592
    assert not parts["test"] & (parts["train"] | parts["validation"]) and not parts["train"] & parts["validation"]
