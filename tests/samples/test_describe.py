"""`--describe`: what was understood of data, what the protocols lack, and a study that loads."""

import json
import sys
import zipfile

import numpy as np
import pytest
from datasets_input import WHOLE, refusal, saved, write
from PIL import Image

from benchmarks.samples.__main__ import main
from benchmarks.samples.describe import describe
from benchmarks.study.study import load_study

GREY = saved(Image.fromarray(np.zeros((6, 8), np.uint8)))
COLOUR = saved(Image.new("RGB", (30, 20)))


def rows(text: str) -> dict[str, str]:
    """Return the text after each head in the description, wrapped lines joined."""
    found: dict[str, str] = {}
    head = ""
    for line in text.split("\n# study.yaml")[0].split("\n")[1:]:
        head = line[:14].strip() or head
        found[head] = f"{found.get(head, '')} {line[14:]}".strip()
    return found


def study(tmp_path, text: str, data):
    """Load the study at the end of the description."""
    path = tmp_path / "study.yaml"
    path.write_text(text[text.index("\n# study.yaml") :])
    return load_study(str(path), str(data))


def test_a_tree_of_parts_with_leftovers_and_masks(tmp_path):
    contents = {
        f"{part}/{label}/{number}.png": COLOUR if part == "test" else GREY
        for part, n in (("train", 4), ("test", 2))
        for label in ("benign", "malignant")
        for number in range(n)
    }
    more = {"train/benign/0_mask.png": GREY, "train/Thumbs.db": b"", "readme.txt": b"", "notes.xml": b""}
    data = write(tmp_path / "data", contents | more)
    text = describe(data)
    found = rows(text)
    assert text.startswith(f"{data}: class folders inside split folders train, test (data set image_folder)\n")
    assert found["images"] == "12" and found["classes"] == "benign 6, malignant 6"
    assert found["patients"] == found["sources"] == "unknown"
    assert found["parts"] == "test 4 (benign 2, malignant 2); train 8 (benign 4, malignant 4)"
    assert found["sizes"] == "8 x 6 pixels to 30 x 20, 2 sizes (12 of 12 images were read)"
    assert found["modes"] == "L (8-bit grey) 8, RGB (colour) 4"
    assert "2 files were skipped: 1 left by Windows (train/Thumbs.db); 1 masks beside" in found["note"]
    assert found["other files"] == ".txt 1, .xml 1: no images"
    assert found["as_shipped"] == "can run, 1 fold"
    assert "doesn't say which patient 12 of its 12 images" in found["official"]
    assert "study.yaml" not in "".join(found.values())
    own = study(tmp_path, text, data)
    # Without patients and sources, an honest protocol needs the sources found from pixels.
    assert own.protocols == ["by_source", "as_shipped"] and own.dataset["source"] == "found"


def test_a_zip_with_patients_of_two_hospitals(tmp_path):
    names = [f"{number}.png" for number in range(12)]
    lines = [{"file_name": name, "label": i % 2, "patient": f"p{i}", "dataset": "ns"[i // 6], "age": i}
             for i, name in enumerate(names)]  # fmt: skip
    contents = dict.fromkeys([*names, "loose.png"], WHOLE) | {
        "metadata.jsonl": "\n".join(map(json.dumps, lines)).encode()
    }
    data = write(tmp_path / "data", contents, zipfile.ZIP_DEFLATED)
    text = describe(data)
    found = rows(text)
    assert "manifest metadata.jsonl" in text.split("\n")[0]
    assert found["patients"] == "12" and found["data sets"] == "n 6, s 6" and found["parts"] == "none shipped"
    assert "are ignored (1): age." in found["note"] and found["not read"].startswith(
        "1 images that are not in the list"
    )
    assert found["by_patient"] == "can run, 3 folds"  # of six images in a class, two sixths validate and test
    assert found["external"] == "can run, 2 folds" and "the columns file,label,source" in found["by_source"]
    own = study(tmp_path, text, data)
    assert own.protocols == ["by_patient", "external"] and own.external["test"] == ["n", "s"] and own.folds == 3
    assert own.dataset["name"] == "image_folder" and own.dataset.get("source") != "found"


def test_a_csv_with_an_image_that_can_not_be_read(tmp_path):
    data = write(tmp_path / "da ta", {"a.png": b"x", "b.png": WHOLE, "list.csv": b"id;class\na;1\nb;0\n"}) / "list.csv"
    text = describe(data)
    found = rows(text)
    assert found["classes"] == "0 1, 1 1" and found["unreadable"].startswith("1 of 2 images: a.png: ")
    assert "2 of 2 names in the manifest were completed" in found["note"]
    assert "doesn't say which source 2 of its 2 files come from" in found["by_source"]
    assert f"data='{data}'" in text and study(tmp_path, text, data).protocols == ["by_source"]


def test_an_archive_of_arrays(tmp_path):
    arrays = {
        f"{part}_{kind}": values
        for part in ("train", "val", "test")
        for kind, values in (("images", np.zeros((4, 28, 28), np.uint8)), ("labels", np.array([0, 1, 0, 1])))
    }
    data = tmp_path / "mnist.npz"
    np.savez(data, **{key: value.astype(np.uint8) for key, value in arrays.items()})
    found = rows(describe(data))
    assert found["sizes"] == "28 x 28 pixels (12 of 12 images were read)" and found["modes"] == "decoded 12"
    assert found["as_shipped"] == "can run, 1 fold"


def test_the_command_prints_it_or_the_error_of_the_reader(tmp_path, monkeypatch, capsys):
    data = write(tmp_path / "data", {"benign/a.png": WHOLE, "malignant/b.png": WHOLE})
    monkeypatch.setattr(sys, "argv", ["samples", "--describe", str(data)])
    main()
    assert capsys.readouterr().out == describe(data) + "\n"
    assert "no such file or folder" in refusal(describe, tmp_path / "nowhere")
    (data / "manifest.csv").write_text("file,kind\na,b\n")
    assert "missing label: name a column label" in refusal(describe, data)
    monkeypatch.setattr(sys, "argv", ["samples"])
    with pytest.raises(SystemExit):
        main()
    assert "one of the arguments --study --describe is required" in capsys.readouterr().err


def test_published_data_are_recognised(real_zip, tmp_path):
    text = describe(real_zip)
    assert "(data set mendeley_inbreast)" in text.split("\n")[0] and rows(text)["published"] == "can run, 1 fold"
    own = study(tmp_path, text, real_zip)
    assert own.dataset["name"] == "mendeley_inbreast" and own.protocols == ["by_patient", "by_source", "published"]
