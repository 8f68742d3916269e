"""COCO and YOLO detection sets: the class of an image by its boxes, boxes as fractions, parts of the split."""

import json
import zipfile

import pandas as pd
import pytest
from datasets_input import own, refusal, saved, write
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.datasets.layouts.detection import class_of, severities

FILM = saved(Image.new("L", (80, 40), 90))  # 80 pixels wide, 40 high


def table(dataset) -> pd.DataFrame:
    return dataset.samples.set_index("file")


# --- The class of an image -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "classes", "expected"),
    [
        (["benign", "benign", "malignant"], ["benign", "malignant"], "malignant"),
        (["normal", "benign"], ["malignant", "benign", "normal"], "benign"),
        (["Not cancer", "Cancer"], ["Cancer", "Not cancer"], "Cancer"),
        (
            ["malignant mass", "malignant calc", "malignant calc", "benign mass", "benign mass", "benign mass"],
            None,
            "malignant calc",
        ),
        (["cyst", "node", "node"], ["cyst", "node"], "node"),
        (["cyst", "node"], ["node", "cyst"], "node"),  # a tie: the first class of the set
        (["malignant", "malignant", "mass"], ["mass", "malignant"], "malignant"),
        (["malignant", "mass", "mass"], ["mass", "malignant"], "mass"),  # these two tell no severity of a mass
        ([], ["benign", "malignant"], ""),
    ],
)
def test_the_class_follows_the_stated_rule(names, classes, expected):
    assert class_of(names, classes or list(dict.fromkeys(names))) == expected


@given(st.lists(st.sampled_from(["benign", "malignant", "normal", "calc"]), min_size=1))
def test_no_box_is_more_malignant_than_the_class(names):
    classes = ["normal", "calc", "benign", "malignant"]
    ranks = severities(classes)
    assert ranks == {"normal": 0, "calc": 1, "benign": 2, "malignant": 3}
    assert ranks[class_of(names, classes)] == max(ranks[name] for name in names)


# --- COCO ------------------------------------------------------------------------------------------------------------


def coco(boxes: dict[str, list[tuple[str, list[float]]]], **changed) -> bytes:
    """Return a COCO file of images 80 x 40 with boxes in pixels; category 0 is the dummy of an export."""
    names = {"cancer-set": 0, "benign": 1, "malignant": 2}
    marks = [(image, names[label], box) for image, own in enumerate(boxes.values()) for label, box in own]
    content = {
        "images": [{"id": n, "file_name": name, "width": 80, "height": 40} for n, name in enumerate(boxes)],
        "categories": [{"id": number, "name": name} for name, number in names.items()],
        "annotations": [
            {"id": n, "image_id": image, "category_id": category, "bbox": box}
            for n, (image, category, box) in enumerate(marks)
        ],
    }
    return json.dumps(content | changed).encode()


BOXES = {
    "a.png": [("benign", [8, 4, 16, 8])],
    "b.png": [("benign", [8, 4, 16, 8]), ("malignant", [70, 30, 20, 20]), ("benign", [0, 0, 0, 5])],
    "c.png": [],
}


def roboflow(**changed) -> dict[str, bytes]:
    """Return the files of an export with a COCO file in each split folder."""
    files = {f"{part}/_annotations.coco.json": coco(BOXES, **changed) for part in ("train", "valid", "test")}
    return files | {f"{part}/{name}": FILM for part in ("train", "valid", "test") for name in BOXES}


@pytest.mark.parametrize("method", [None, zipfile.ZIP_STORED])
def test_coco_files_in_split_folders(tmp_path, method):
    contents = roboflow() | {"train/extra.png": FILM}
    dataset = own(write(tmp_path / "data", contents, method))
    samples = table(dataset)
    assert sorted(samples.index) == [
        f"{part}/{name}" for part in ("test", "train", "valid") for name in ("a.png", "b.png")
    ]
    assert samples["official_part"].to_dict()["valid/a.png"] == "validation"
    assert samples["label"]["train/a.png"] == "benign" and samples["label"]["train/b.png"] == "malignant"
    assert samples["severity"]["train/b.png"] == "malignant"
    assert samples["boxes"]["train/a.png"][0] == pytest.approx([0.1, 0.1, 0.2, 0.2])
    assert samples["boxes"]["train/b.png"][1] == pytest.approx([70 / 80, 30 / 40, 10 / 80, 10 / 40])  # clipped
    assert dataset.layout.startswith("COCO detection set (") and dataset.layout.endswith(
        "parts train, validation, test"
    )
    told = " ".join(dataset.notes)
    for note in (
        "1 images were left out, as no COCO file lists them (train/extra.png).",
        "3 boxes without an area inside their image were left out.",
        "The class of an image is that of its most malignant box; 3 images have boxes of several classes.",
        "3 images without a box were left out",
    ):
        assert note in told
    assert dataset.native(0).shape == (40, 80)


def test_images_without_a_box_get_the_class_that_the_option_names(tmp_path):
    dataset = own(write(tmp_path / "data", roboflow()), without_boxes="normal")
    assert dataset.classes == ["benign", "malignant", "normal"]
    assert table(dataset)["boxes"]["train/c.png"] == []


def test_coco_annotations_apart_from_the_images(tmp_path):
    contents = {"set/annotations/instances_train2017.json": coco({"a.png": BOXES["a.png"], "b.png": BOXES["b.png"]})}
    contents["set/annotations/instances_val2017.json"] = coco({"images/v.png": BOXES["a.png"]})
    contents["set/annotations/captions_train2017.json"] = b'{"images": [], "annotations": []}'
    contents |= {"set/train2017/a.png": FILM, "set/train2017/b.png": FILM, "set/images/v.png": FILM}
    samples = table(own(write(tmp_path / "data", contents)))
    assert samples["official_part"].to_dict() == {
        "set/images/v.png": "validation",
        "set/train2017/a.png": "train",
        "set/train2017/b.png": "train",
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": [{"id": 0, "file_name": "no.png"}]}, "train/_annotations.coco.json: no image no.png"),
        ({"categories": [{"id": 1, "name": "benign"}]}, "annotation 2 names an unknown image or category"),
        (
            {"annotations": [{"id": 7, "image_id": 0, "category_id": 1, "bbox": [1, 2]}]},
            "bbox of annotation 7 is not [x, y, width, height] in pixels",
        ),
        ({"images": ["a.png"]}, "are not lists of objects"),
        ({"images": [{"id": [], "file_name": "a.png"}]}, "not readable as COCO"),
        ({"annotations": []}, "none of its 9 images has a box"),
    ],
)
def test_wrong_coco_files_are_refused(tmp_path, changed, message):
    assert message in refusal(own, write(tmp_path / "data", roboflow(**changed)))


def test_broken_or_repeated_coco_files_are_refused(tmp_path):
    broken = write(tmp_path / "broken", roboflow() | {"test/_annotations.coco.json": b"{"})
    assert "test/_annotations.coco.json: not a readable JSON file" in refusal(own, broken)
    twice = write(tmp_path / "twice", roboflow() | {"train/again.coco.json": coco(BOXES)})
    assert "train/a.png: listed twice" in refusal(own, twice)


def test_one_class_of_boxes_says_how_to_name_the_others(tmp_path):
    contents = {"_annotations.coco.json": coco({"a.png": BOXES["a.png"], "c.png": []}), "a.png": FILM, "c.png": FILM}
    assert "1 images without a box were left out (option without_boxes: CLASS)" in refusal(
        own, write(tmp_path / "data", contents)
    )


# --- YOLO ------------------------------------------------------------------------------------------------------------

YAML = b"train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['benign', 'malignant']\n"
TEXTS = {"a": b"0 0.2 0.5 0.2 0.4\n", "b": b"0 0.5 0.5 0.1 0.1\n1 0.1 0.1 0.5 0.1 0.5 0.9\n", "c": b""}


def yolo(images: str = "{part}/images", yaml: bytes = YAML, **texts: bytes) -> dict[str, bytes]:
    """Return the files of a set; `images` is the folder of the images of a part."""
    contents = {"data.yaml": yaml}
    for part in ("train", "valid"):
        folder = images.format(part=part)
        for name, text in (TEXTS | texts).items():
            contents[f"{folder}/{name}.png"] = FILM
            contents[f"{folder.replace('images', 'labels')}/{name}.txt"] = text
    return contents


@pytest.mark.parametrize("images", ["{part}/images", "images/{part}", "{part}"])
def test_yolo_sets(tmp_path, images):
    dataset = own(write(tmp_path / "data", yolo(images)))
    samples = table(dataset)
    folder = images.format(part="valid")
    assert len(samples) == 4 and samples["official_part"].value_counts().to_dict() == {"train": 2, "validation": 2}
    assert samples["label"][f"{folder}/a.png"] == "benign" and samples["label"][f"{folder}/b.png"] == "malignant"
    assert samples["boxes"][f"{folder}/a.png"][0] == pytest.approx([0.1, 0.3, 0.2, 0.4])
    assert samples["boxes"][f"{folder}/b.png"][1] == pytest.approx([0.1, 0.1, 0.4, 0.8])  # around the polygon
    assert dataset.layout == "YOLO detection set (data.yaml) with the parts train, validation"
    assert "2 images without a box were left out" in dataset.notes[-1]


def test_parts_of_a_yolo_set_by_the_paths_of_its_settings(tmp_path):
    renamed = {name.replace("train", "one").replace("valid", "two"): text for name, text in yolo().items()}
    renamed["data.yaml"] = YAML.replace(b"../train", b"one").replace(b"../valid", b"./two")
    assert set(table(own(write(tmp_path / "data", renamed)))["official_part"]) == {"train", "validation"}
    renamed["data.yaml"] = YAML.replace(b"../train", b"one").replace(b"../valid", b"one")
    message = refusal(own, write(tmp_path / "same", renamed))
    assert "data.yaml: one/images is in the parts train, validation; give each part its own folder" in message


def test_yolo_classes_from_a_list_or_by_number(tmp_path):
    contents = yolo()
    del contents["data.yaml"]
    assert own(write(tmp_path / "list", contents | {"classes.txt": b"benign\nmalignant\n"})).classes == [
        "benign",
        "malignant",
    ]
    by_number = own(write(tmp_path / "number", yolo(yaml=b"names:\n  0: benign\n  1: malignant\n")))
    assert by_number.classes == ["benign", "malignant"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"2 0.5 0.5 0.1 0.1", "train/labels/a.txt: line 1: no class has the number 2"),
        (b"\n0 40 20 8 8", "train/labels/a.txt: line 2: values outside 0 to 1"),
        (b"0 0.5 0.5 0.1", "line 1: 3 numbers after the class, expected 4 or a polygon"),
        (b"benign 0.5 0.5 0.1 0.1", "line 1: 'benign 0.5 0.5 0.1 0.1' are not numbers"),
        (b"0 nan 0.5 0.1 0.1", "values outside 0 to 1"),
    ],
)
def test_wrong_boxes_are_refused_by_line(tmp_path, text, message):
    assert message in refusal(own, write(tmp_path / "data", yolo(a=text)))


def test_a_yolo_set_that_names_no_classes_is_refused(tmp_path):
    assert "data.yaml: names the classes of no number" in refusal(own, write(tmp_path / "data", yolo(yaml=b"nc: 2\n")))
    contents = {name: content for name, content in yolo().items() if name != "data.yaml"}
    assert "found 1 class(es)" in refusal(own, write(tmp_path / "none", contents))
