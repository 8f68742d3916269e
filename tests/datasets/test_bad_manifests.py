"""Manifests as people and programs write them: read correctly, or refused with all lines and reasons."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from datasets_input import WHOLE, both_classes, decode, refusal, write
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import datasets
from benchmarks.datasets import image_folder

COLUMNS = ("file", "label", "patient", "density", "box")
WRONG = {  # what a line of the manifest is changed to, and what is told of it
    "no such file": ({"file": "benign/no.png"}, "no file benign/no.png"),
    "out of a zip": ({"file": "../../etc/passwd.png"}, "no file ../../etc/passwd.png"),
    "too long a name": ({"file": "n" * 300 + ".png"}, "no file nnn"),
    "twice": ({"file": "benign/whole.png"}, "benign/whole.png is listed twice"),
    "no label": ({"label": " "}, "label is empty"),
    "no patient": ({"patient": ""}, "patient is empty"),
    "no density": ({"density": "dense"}, "density 'dense' is not 1, 2, 3 or 4"),
    "no box": ({"box": "1 2 3 nan"}, "box '1 2 3 nan' is not \"x y w h\""),
    "endless box": ({"box": "1 2 3 1e999"}, "box '1 2 3 1e999' is not \"x y w h\""),
}


def manifest(rows: list[dict], columns: tuple[str, ...] = COLUMNS, ends: str = "\n") -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator=ends)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def row(number: int, **changes) -> dict:
    label = ("benign", "malignant")[number % 2]
    return {
        "file": f"{label}/{number}.png",
        "label": label,
        "patient": f"p{number}",
        "density": "2",
        "box": "",
    } | changes


@settings(max_examples=80)
@given(
    wrong=st.lists(st.none() | st.sampled_from(sorted(WRONG)), max_size=8),
    start=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    method=st.sampled_from([None, 0, 8]),
)
def test_every_wrong_line_of_a_manifest_is_listed(wrong, start, ends, method):
    whole = [row(0, file="benign/whole.png"), row(1, file="malignant/whole.png")]
    rows = [*whole, *(row(i + 2, **(WRONG[kind][0] if kind else {})) for i, kind in enumerate(wrong))]
    files = both_classes({row(i + 2)["file"]: WHOLE for i in range(len(wrong))})
    with tempfile.TemporaryDirectory() as folder:
        contents = files | {"manifest.csv": start + manifest(rows, ends=ends)}
        data = write(Path(folder) / "data", contents, method)
        if not any(wrong):
            assert len(decode(data)) == len(rows)
            return
        head, *lines = refusal(decode, data).split("\n")
    assert head == f"{data / 'manifest.csv'}:"
    told = {line.split(": ")[0].removeprefix("  - ") for line in lines}
    assert told == {f"line {i + 4}" for i, kind in enumerate(wrong) if kind}
    assert not [
        kind for i, kind in enumerate(wrong) if kind and f"  - line {i + 4}: {WRONG[kind][1]}" not in "\n".join(lines)
    ]


@settings(max_examples=150)
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([*COLUMNS, ",", '"', "\n", "\r", "\0", ";", "a.png", "é", "\t", " "]), max_size=20).map(
        lambda parts: "".join(["file,label\n", *parts]).encode()
    )
)
def test_no_file_called_csv_is_a_crash(content):
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder), both_classes({"list.csv": content})) / "list.csv"
        assert refusal(image_folder.load, image_folder.OPTIONS, data, 0).startswith(str(data))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "missing file: name a column file (or image, "),
        (
            b"file,patient\nbenign/whole.png,p\n",
            "missing label: name a column label (or class, target, diagnosis, pathology)",
        ),
        (b"file,label,file\na,b,c\n", "2 columns mean file (file, file): keep one, remove or rename the others"),
        (b" file,file ,label\na,b,c\n", "2 columns mean file (file, file)"),
        (b"file,label\na.png,x\0y\n", "it holds zero bytes"),
        (b"file,label\na.png,\xff\n", "save it as UTF-8"),
        ("file,label\na.png,b\n".encode("utf-16-le"), "it holds zero bytes"),
        (b'file,label\na.png,"b\n', "not a readable CSV file"),
        # Once read as a file called benign, of a class without a name.
        (
            b"file,label\nbenign/whole.png,benign,\nmalignant/whole.png,malignant,x\n",
            "line 3: 3 cells, but the header has 2",
        ),
        (b'"file","label"\n"a\nb.png",x\nc.png,y\n', "line 4: no file c.png"),
    ],
)
def test_a_broken_manifest(tmp_path, content, message):
    data = write(tmp_path, both_classes({"list.csv": content})) / "list.csv"
    told = refusal(image_folder.load, image_folder.OPTIONS, data, 0)
    assert told.startswith(f"{data}:") and message in told


def test_broken_images_with_boxes_are_listed_with_the_others(tmp_path):
    rows = [row(0, box="1 2 3 4"), row(1, box="1 2 3 4"), row(2), row(3, box="0 0 1 1")]
    files = {row(0)["file"]: b"", row(1)["file"]: b"x", row(2)["file"]: WHOLE[:50], row(3)["file"]: WHOLE}
    message = refusal(decode, write(tmp_path / "data", files | {"manifest.csv": manifest(rows)}))
    assert message.startswith("3 of 4 images can't be read:")
    assert not [name for name in list(files)[:3] if f"  - {name}: " not in message]


def test_a_manifest_may_name_files_in_a_linked_folder(tmp_path):
    write(tmp_path / "elsewhere", both_classes({}))
    rows = [row(i, file=f"images/{name}") for i, name in enumerate(both_classes({}))]
    data = write(tmp_path / "data", {"manifest.csv": manifest(rows)})
    (data / "images").symlink_to(tmp_path / "elsewhere")
    assert len(decode(data)) == 2


def test_every_set_of_several_tells_its_own(tmp_path):
    write(tmp_path / "a", {"manifest.csv": b"file,label\nno.png,x\n"})
    write(tmp_path / "b", {"manifest.csv": b"file\nno.png\n"})
    sets = {name: {"name": "image_folder", "data": str(tmp_path / name)} for name in "ab"}
    message = refusal(datasets.load, {"name": "several", "sets": sets}, None, 0)
    assert "dataset.sets.a: " in message and "no file no.png" in message
    assert "dataset.sets.b: " in message and "missing label" in message
