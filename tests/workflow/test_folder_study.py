"""A folder of the user's own images through the whole workflow: no code, a manifest, formats mixed, three classes."""

import numpy as np
import pandas as pd
import pytest
from dicom_files import write_dicom
from PIL import Image
from test_workflow import TINY, snakemake, write_study

CLASSES = ("benign", "malignant", "normal")
SPOT = {"benign": 160, "malignant": 230}
SUFFIXES = (".png", ".jpg", ".dcm", ".tif")
DATA = {"name": "image_folder", "title": "Films of the ward"}


def film(rng: np.random.Generator, label: str, side: str) -> np.ndarray:
    """A breast at one side of a dark film, uint8 of an odd size; with a spot unless it is normal."""
    height, width = rng.integers(70, 130, 2)
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    image = np.where((x / 0.7) ** 2 + ((y - 0.5) / 0.45) ** 2 < 1, 110 + rng.normal(0, 8, (height, width)), 4)
    image[(x - 0.3) ** 2 + (y - 0.5) ** 2 < 0.01] = SPOT.get(label, 110)
    return image.clip(0, 255).astype(np.uint8)[:, :: 1 if side == "L" else -1]


def write(path, image: np.ndarray) -> None:
    """In the format of the path's suffix: 12 bits and 16 bits where that can hold them, JPEG in colour."""
    if path.suffix == ".dcm":
        write_dicom(path, image.astype(np.uint16) * 16, 12, WindowCenter=2048, WindowWidth=4096)
    elif path.suffix == ".tif":
        Image.fromarray(image.astype(np.uint16) * 200).save(path)
    else:
        Image.fromarray(image).convert("RGB" if path.suffix == ".jpg" else "L").save(path)


@pytest.fixture
def ward(tmp_path):
    """Two views of the left and right breast of eight patients a class; every third source has a turned copy, too."""
    rng = np.random.default_rng(4)
    root = tmp_path / "ward"
    root.mkdir()
    lines = ["file,label,source,patient,severity,laterality"]
    for number in range(48):
        label, side = CLASSES[number % 3], "LR"[number // 24]
        about = f"{label},s{number},p{number % 24},{label if label in SPOT else ''},{side}"
        image = film(rng, label, side)
        for name, content in [("upright", image), ("turned", image[::-1])][: 1 + (number % 3 == 0)]:
            path = root / f"{name}{number}{SUFFIXES[number % 4]}"
            write(path, content)
            lines.append(f"{path.name},{about}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


@pytest.mark.slow
def test_a_folder_with_a_manifest_runs_to_its_report(tmp_path, ward):
    run = snakemake(tmp_path, "--config", write_study(tmp_path, **TINY | {"dataset": DATA}), f"data={ward}")
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/small"
    samples = pd.read_parquet(results / "samples.parquet")
    assert len(samples) == 64 and samples["upright"].sum() == 48 and samples["patient"].nunique() == 24
    assert samples["density"].isna().all() and set(samples["dataset"]) == {"image_folder"}
    assert (samples["severity"].isna() == (samples["label"] == "normal")).all()
    # The same breast in four formats: each is about as bright, and none is all black or white.
    images = np.load(results / "images_32.npy")
    means = pd.Series(images.mean(axis=(1, 2))).groupby(samples["file"].str[-4:]).mean()
    assert set(means.index) == set(SUFFIXES) and means.between(40, 90).all()

    # Of three classes, one of which has no severity, nobody is asked for malignant against benign.
    scores = pd.read_csv(results / "tables/scores.csv")
    assert scores["task"].nunique() == 1 and set(scores["protocol"]) == {"by_patient"}
    data = pd.read_csv(results / "tables/data.csv").set_index("label")
    assert data.loc["all", ["patients", "sources", "before_files", "after_files"]].tolist() == [24, 48, 48, 16]
    leakage = pd.read_csv(results / "tables/leakage.csv").set_index(["part_a", "part_b", "kind"])
    assert (leakage.loc[("train", "test", "shared_patient"), "n_flagged"] == 0).all()
    groups = pd.read_csv(results / "tables/groups.csv")
    notes = groups[groups["factor"] == "density"]["note"]
    assert notes.str.endswith("density unknown for some samples").all() and len(notes)
    bias = pd.read_csv(results / "tables/bias.csv").query("check == 'groups'")
    sides = bias[bias["region_or_group"].isin(["laterality L: accuracy", "laterality R: accuracy"])]
    assert sides["effect"].notna().all() and len(sides) == 2

    page = "".join((results / f"report/{name}.html").read_text() for name in ("report", "supplement"))
    for words in (
        "Image classifiers, re-evaluated",
        "Films of the ward",
        "When training and test images shared no patient",
        "by a rule made for mammograms",
        "One of 3 classes;",
        "they are scored out-of-fold.",
    ):
        assert words in page, words
    for words in ("Mammogram classifiers", "eight classes", "Huang &amp; Lin", "published split", "Scores: severity"):
        assert words not in page, words
    assert "Under the published split, they are fitted" not in page and "the study has no such protocol" not in page


@pytest.mark.slow
def test_a_tree_of_split_folders_runs_as_shipped_to_its_report(tmp_path):
    """No patient is known, and two test films of each class are copies of training films."""
    rng = np.random.default_rng(1)
    for label in CLASSES[:2]:
        for part, n in (("train", 12), ("valid", 4), ("test", 6)):
            folder = tmp_path / "tree" / part / label
            folder.mkdir(parents=True)
            for number in range(n):
                write(folder / f"{number}.png", film(rng, label, "LR"[number % 2]))
        for number in range(2):
            copied = tmp_path / "tree" / "train" / label / f"{number}.png"
            (tmp_path / "tree" / "test" / label / f"{number}.png").write_bytes(copied.read_bytes())
    changes = TINY | {"dataset": DATA, "protocols": ["as_shipped"]}
    run = snakemake(tmp_path, "--config", write_study(tmp_path, **changes), f"data={tmp_path / 'tree'}")
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/small"
    folds = pd.read_parquet(results / "folds/as_shipped.parquet")
    assert folds["part"].value_counts().to_dict() == {"train": 24, "test": 12, "validation": 8}
    leakage = pd.read_csv(results / "tables/leakage.csv").set_index(["part_a", "part_b", "kind"])
    assert leakage.loc[("train", "test", "pixel_identical"), "n_flagged"] == 4
    pages = [(results / f"report/{name}.html").read_text() for name in ("report", "supplement")]
    assert (
        "Under the split as shipped" in pages[0] and "class folders inside split folders train, valid, test" in pages[1]
    )
