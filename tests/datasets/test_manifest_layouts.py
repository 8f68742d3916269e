"""Manifests as people have them: other names of columns, delimiters, encodings, names of files, places."""

import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from datasets_input import WHOLE, own, refusal, write
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.file_names import FileNames

FILES = ("a/1.png", "a/2.png", "b/3.png", "b/x/4.png")
IMAGES = dict.fromkeys(FILES, WHOLE)
LABELS = ["no", "yes", "no", "yes"]


def listed(tmp_path, text: str | bytes, name: str = "list.csv", images: dict = IMAGES):
    """Load a manifest beside the images."""
    content = text if isinstance(text, bytes) else text.encode()
    return own(write(tmp_path / "data", images | {name: content}) / name)


def refused(tmp_path, text: str, images: dict = IMAGES) -> str:
    return refusal(own, write(tmp_path / "data", images | {"list.csv": text.encode()}) / "list.csv")


def table(header: str, *rows: str, names=FILES, labels=LABELS) -> str:
    """Return a CSV of file and label, and the further cells of each row."""
    more = rows or [""] * len(names)
    lines = [f"{name},{label}{cells}" for name, label, cells in zip(names, labels, more, strict=True)]
    return "\n".join([header, *lines])


@pytest.mark.parametrize("file", ["image", "Image_Path", "FILENAME", "file", "path", "id", "Image Path", "file_name"])
@pytest.mark.parametrize("label", ["label", "Class", "target", "diagnosis", "PATHOLOGY"])
def test_columns_by_other_names(tmp_path, file, label):
    dataset = listed(tmp_path, table(f"{file},{label}"))
    assert dataset.samples["file"].tolist() == list(FILES) and dataset.samples["label"].tolist() == LABELS


@pytest.mark.parametrize(
    ("header", "column", "cells", "wanted"),
    [
        *((name, "patient", "pqrs", "pqrs") for name in ("Patient_ID", "subject", "subject_id", "case", "PatientID")),
        *((name, "laterality", ("Left", "R", "l", "RIGHT"), "LRLR") for name in ("side", "Laterality")),
        ("BIRADS_density", "density", ("1", "2.0", "3", "d"), [1, 2, 3, 4]),
        ("View", "view", ("CC", "MLO", "CC", "MLO"), ("CC", "MLO", "CC", "MLO")),
        *(
            (
                name,
                "official_part",
                ("Training", "VAL", "dev", "testing"),
                ("train", "validation", "validation", "test"),
            )
            for name in ("Split", "subset", "part", "partition", "set", "fold")
        ),
    ],
)
def test_facts_by_other_names(tmp_path, header, column, cells, wanted):
    dataset = listed(tmp_path, table(f"file,label,{header}", *(f",{cell}" for cell in cells)))
    assert dataset.samples[column].tolist() == list(wanted) and len(dataset.notes) <= 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_encodings(tmp_path, encoding, delimiter):
    text = table("file,label,note", *[",ä"] * 4).replace(",", delimiter).replace("note", '"n, o; t\te"')
    dataset = listed(tmp_path, text.encode(encoding))
    assert dataset.samples["label"].tolist() == LABELS
    assert dataset.notes == ("Columns of the manifest are ignored (1): n, o; t\te.",)


def test_unknown_columns_are_ignored_and_counted(tmp_path):
    rows = [f",p{i},{i},,{i % 3},{i}" for i in range(4)]
    dataset = listed(tmp_path, table("Image,diagnosis,case,age,,fold,id", *rows))
    assert dataset.samples["patient"].tolist() == ["p0", "p1", "p2", "p3"]
    assert "official_part" not in dataset.samples  # folds of a cross-validation, not parts
    assert dataset.layout == "manifest list.csv"
    assert dataset.notes == (
        "Columns of the manifest are read by other names: Image as file, diagnosis as label, case as patient.",
        "Columns of the manifest are ignored (4): age, (without a name), fold, id.",
    )


def test_an_index_column_without_a_name(tmp_path):
    text = "\n".join([",file,label", *(f"{i},{name},{LABELS[i]}" for i, name in enumerate(FILES))])
    assert listed(tmp_path, text).samples["file"].tolist() == list(FILES)


def test_numbers_are_classes(tmp_path):
    assert listed(tmp_path, table("file,label", labels=["0", "1", "1", "0"])).classes == ["0", "1"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("file,label,diagnosis", "2 columns mean label (label, diagnosis): keep one, remove or rename the others"),
        ("file,class,Path", "2 columns mean file (file, Path): keep one"),
        ("id,label,ID", "2 columns mean file (id, ID): keep one"),
        ("file,kind,note", "missing label: name a column label (or class, target, diagnosis, pathology)"),
        ("name,label,note", "missing file: name a column file (or image, "),
    ],
)
def test_two_columns_of_one_meaning_and_missing_ones_are_refused(tmp_path, header, message):
    told = refused(tmp_path, table(header, *[",x"] * 4))
    assert message in told and told.endswith(f"columns: {', '.join(header.split(','))}")
    two = refused(tmp_path / "two", table("file,label,subject,case,set,split", *[",p,p,train,train"] * 4))
    assert "2 columns mean patient (subject, case)" in two and "2 columns mean part (set, split)" in two


def test_wrong_values_are_told_in_the_words_of_the_manifest(tmp_path):
    told = refused(tmp_path, table("image,class,split", ",train", ",holdout", ",", ",test"))
    assert "line 3: split 'holdout' is not train, validation or test" in told and "line 4: split is empty" in told
    assert "classes No, no differ in case or spaces only" in refused(
        tmp_path / "case", table("file,label", labels=["no", "No", "yes", "yes"])
    )


@pytest.mark.parametrize(
    "names",
    [
        ["1.png", "2.png", "3.png", "4.png"],  # without folders
        ["1", "2", "3", "4"],  # without folders and suffixes
        ["a/1", "a/2", "b/3", "b/x/4"],  # without suffixes
        ["A\\1.PNG ", " .\\a\\2.png", "b\\3.png", "B/X/4.png"],  # as Windows writes them
        ["x/4.png", "a/2.png", "b/3", "1"],  # the end of the path
        [rf"C:\films\{name}" for name in ("a\\1.png", "a\\2.png", "b\\3.png", "b\\x\\4.png")],  # of another machine
        [f"/home/me/set/{name}" for name in FILES],
    ],
)
def test_names_of_files_are_completed(tmp_path, names):
    dataset = listed(tmp_path, table("file,label", names=names))
    assert sorted(dataset.samples["file"]) == sorted(FILES)
    exact = sum(name.strip().replace("\\", "/").removeprefix("./") in FILES for name in names)
    notes = [note for note in dataset.notes if "completed" in note]
    assert [int(note.split()[0]) for note in notes] == [4 - exact]


def test_what_lies_at_the_end_of_a_path_of_another_machine(tmp_path):
    flat = dict.fromkeys(["1.png", "2.png"], WHOLE)
    text = "file,label\nD:\\me\\1.png,no\nD:\\me\\2.png,yes"
    assert listed(tmp_path, text, images=flat).samples["file"].tolist() == ["1.png", "2.png"]
    # A relative path with a folder that is not there names another file.
    told = refused(tmp_path / "other", "file,label\nme/1.png,no\n2.png,yes\n../1.png,no", images=flat)
    assert "line 2: no file me/1.png" in told and "line 4: no file ../1.png" in told


def test_names_that_match_two_files_or_none_are_refused(tmp_path):
    images = IMAGES | {"b/1.png": WHOLE, "a/2.jpg": WHOLE, "notes/5.txt": b"", "notes/6": b"text"}
    rows = ["1.png", "a/2", "2", "4", "5", "6", "b/2.png", "x/4.png"]
    told = refused(tmp_path, table("file,label", names=rows, labels=["no", "yes"] * 4), images)
    assert "line 2: 1.png matches 2 files (a/1.png, b/1.png); write the path" in told
    assert "line 3: a/2 matches 2 files (a/2.jpg, a/2.png)" in told
    assert "line 4: 2 matches 2 files" in told
    for line, name in ((6, "5"), (7, "6"), (8, "b/2.png")):
        assert f"line {line}: no file {name}" in told
    assert "line 9: b/x/4.png is listed twice" in told and "line 5" not in told


@settings(max_examples=100, deadline=None)
@given(
    paths=st.lists(
        st.tuples(
            st.sampled_from(["", "a/", "b/", "a/b/", "B/"]), st.sampled_from("12"), st.sampled_from([".png", ".JPG"])
        ),
        min_size=1, max_size=8, unique=True,
    ),
    parts=st.integers(1, 3), suffix=st.booleans(), upper=st.booleans(),
)  # fmt: skip
def test_the_end_of_a_path_finds_this_file_or_is_refused_with_it(paths, parts, suffix, upper):
    files = ["".join(path) for path in paths]
    meant = files[0]
    written = "/".join(meant.split("/")[-parts:])
    written = written if suffix else written.rpartition(".")[0]
    written = written.upper() if upper else written
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder) / "data", dict.fromkeys(files, WHOLE), zipfile.ZIP_STORED)
        names = FileNames(Files(data), "")
        alike = [file for file in files if f"/{file}".lower().endswith(f"/{written}".lower())] or [
            file for file in files if f"/{file.rpartition('.')[0]}".lower().endswith(f"/{written}".lower())
        ]
        assert meant in alike
        if written in files or len(alike) == 1:
            assert names.find(written) == (written if written in files else meant)
        else:
            message = refusal(names.find, written)
            assert f"matches {len(alike)} files" in message


def test_a_mask_is_no_second_file_of_a_name(tmp_path):
    images = IMAGES | {"a/1_mask.png": WHOLE, "a/1_mask_1.png": WHOLE}
    dataset = listed(tmp_path, table("image_id,label", names=["1", "2", "3", "4"]), images=images)
    assert dataset.samples["file"].tolist() == list(FILES)
    assert dataset.notes[-1] == "2 files were skipped: 2 masks beside their images (a/1_mask.png, a/1_mask_1.png)."


@pytest.mark.parametrize("name", ["manifest.csv", "metadata.csv", "labels.csv"])
@pytest.mark.parametrize("around", ["", "set/"])
def test_manifests_are_found_by_their_names(tmp_path, name, around):
    contents = {around + file: content for file, content in (IMAGES | {name: table("id,class").encode()}).items()}
    data = write(tmp_path / "data", contents, zipfile.ZIP_STORED if around else None)
    dataset = own(data)
    assert dataset.samples["label"].tolist() == LABELS and dataset.layout == f"manifest {around}{name}"


def test_several_manifests_are_refused(tmp_path):
    contents = IMAGES | dict.fromkeys(("labels.csv", "metadata.csv"), table("file,label").encode())
    data = write(tmp_path / "data", contents)
    assert "metadata.csv, labels.csv: several manifests; rename all but one, or give the one" in refusal(own, data)
    assert len(own(data / "labels.csv").samples) == 4


def lines(names, labels=LABELS) -> bytes:
    rows = [{"file_name": name, "label": label} for name, label in zip(names, labels, strict=True)]
    return "\n".join(map(json.dumps, rows)).encode()


def test_a_folder_of_hugging_face_with_json_lines(tmp_path):
    more = [{"file_name": "a/1.png", "label": 0, "objects": {"bbox": []}}, {"label": 1, "file_name": "b/3.png"}]
    content = b"\xef\xbb\xbf" + "\n\n".join(map(json.dumps, more)).encode()
    dataset = own(write(tmp_path / "data", IMAGES | {"metadata.jsonl": content}))
    assert dataset.samples["label"].tolist() == ["0", "1"] and dataset.layout == "manifest metadata.jsonl"
    assert dataset.notes[-1] == "Columns of the manifest are ignored (1): objects."
    assert listed(tmp_path, lines(FILES), "mine.jsonl").samples["label"].tolist() == LABELS


def test_json_lines_that_can_not_be_read(tmp_path):
    bad = b'{"file_name": "a/1.png", "label": ["x"]}\n[1]\n{"file_name"\n'
    told = refusal(own, write(tmp_path / "data", IMAGES | {"metadata.jsonl": bad}))
    assert "line 2: not a JSON object" in told and "line 3: not JSON: " in told
    told = refusal(own, write(tmp_path / "list", IMAGES | {"metadata.jsonl": bad.split(b"\n")[0]}))
    assert "line 1: label is empty" in told


def test_a_manifest_in_the_folder_of_each_part(tmp_path):
    one = {"train/1.png": WHOLE, "train/2.png": WHOLE, "test/1.png": WHOLE, "test/2.png": WHOLE}
    manifests = {f"{part}/metadata.jsonl": lines(["1.png", "2.png"], ["no", "yes"]) for part in ("train", "test")}
    dataset = own(write(tmp_path / "data", one | manifests))
    assert dataset.layout == "manifests test/metadata.jsonl, train/metadata.jsonl"
    parts = dict(zip(dataset.samples["file"], dataset.samples["official_part"], strict=True))
    assert parts == {name: name.split("/")[0] for name in one}
    del manifests["test/metadata.jsonl"]
    told = refusal(own, write(tmp_path / "half", one | manifests))
    assert "test/: no manifest here, but one in another part; put one into each" in told


def test_the_example_in_the_documentation(tmp_path):
    text = (Path(__file__).parents[2] / "docs/layouts.md").read_text().split("```")[1].lstrip("\n")
    samples = listed(tmp_path, text).samples
    assert samples["file"].tolist() == ["a/1.png", "a/2.png", "b/3.png"]
    assert samples["label"].tolist() == ["benign", "malignant", "malignant"]
    assert samples["patient"].tolist() == ["p1", "p2", "p3"]
    assert samples["official_part"].tolist() == ["train", "test", "validation"]
