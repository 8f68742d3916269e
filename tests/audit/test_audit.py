"""Audit of one data set or two: planted faults get their code, formats can be parsed back, exit statuses hold."""

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from PIL import Image
from textures import resized, texture, turned

from analysis.audit import outputs
from analysis.audit.__main__ import main
from analysis.audit.allow import accepted, read_allow_list
from analysis.audit.codes import CODES
from analysis.audit.collection import collect
from analysis.audit.findings import Audit, examine
from analysis.audit.page import write_folder
from benchmarks.errors import BadInput, run_cli
from docs.finding_pictures import five_films, frame


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def manifest(folder: Path, images: dict[str, np.ndarray], rows: list[dict]) -> Path:
    for name, image in images.items():
        save(folder / name, image)
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return folder


def files_of(audit: Audit, code: str) -> list[tuple[str, ...]]:
    return [finding.files for finding in audit.findings if finding.code == code]


def codes(audit: Audit) -> set[str]:
    return {finding.code for finding in audit.findings}


@pytest.fixture
def conflicting(tmp_path):
    """Class folders: 1 lies turned under the other label, 2 has an equal copy under its own, one image is empty."""
    data = tmp_path / "data"
    for seed in range(4):
        save(data / f"{'ab'[seed % 2]}/{seed}.png", texture(seed))
    save(data / "a/wrong.png", turned(texture(1), 40))
    save(data / "a/again.png", texture(2))
    save(data / "b/empty.png", np.zeros((64, 64), np.uint8))
    return data


def test_copies_in_one_folder_are_label_conflicts_or_groups(conflicting):
    audit = examine(collect([conflicting]))
    assert files_of(audit, "LABEL001") == [("a/wrong.png", "b/1.png")] or files_of(audit, "LABEL001") == [
        ("b/1.png", "a/wrong.png")
    ]
    (conflict,) = (finding for finding in audit.findings if finding.code == "LABEL001")
    assert conflict.facts["values"] == {"a/wrong.png": "a", "b/1.png": "b"}
    assert "turned by" in conflict.facts["transform"] and conflict.counts
    assert files_of(audit, "COPY001") == [("a/2.png", "a/again.png"), ("a/wrong.png", "b/1.png")]
    assert files_of(audit, "DATA001") == [("b/empty.png",)]
    assert codes(audit) == {"LABEL001", "COPY001", "DATA001", "DATA004"}
    assert audit.groups.groupby("group")["sample"].agg(list).tolist() == [
        ["a/2.png", "a/again.png"], ["a/wrong.png", "b/1.png"]
    ]  # fmt: skip


def test_files_that_are_no_images_are_counted(conflicting):
    (conflicting / "a/notes.txt").write_text("x")
    (conflicting / "b/notes.txt").write_text("x")
    messages = [finding.message for finding in examine(collect([conflicting])).findings if finding.code == "DATA003"]
    assert messages == ["2 files are not among the images read: 2 .txt, such as a/notes.txt."]


def test_the_rarer_label_of_a_group_comes_first(tmp_path):
    for name, degrees in (("a/0.png", 0), ("a/1.png", 90), ("a/2.png", 180), ("b/0.png", 270)):
        save(tmp_path / name, np.rot90(texture(1), degrees // 90))
    save(tmp_path / "b/other.png", texture(2))
    audit = examine(collect([tmp_path]))
    (files,) = files_of(audit, "LABEL001")
    assert files[0] == "b/0.png" and set(files) == {"a/0.png", "a/1.png", "a/2.png", "b/0.png"}


def test_a_group_shows_its_weakest_link(tmp_path):
    """Two and three are equal; one is connected to them by less similar pairs."""
    for name, image in (("a/1.png", turned(texture(0), 33)), ("a/2.png", texture(0)), ("b/3.png", texture(0))):
        save(tmp_path / name, image)
    audit = examine(collect([tmp_path]))
    (weakest,), (link,) = audit.groups["weakest"].unique(), audit.groups["link"].unique()
    assert 0.65 < weakest < 1 and "a/1.png" in link
    (copies,) = (finding.message for finding in audit.findings if finding.code == "COPY001")
    assert copies.endswith(f"weakest link {link}, similarity {weakest:.3f}")


def test_a_folder_without_classes_has_groups_and_says_what_is_unknown(tmp_path):
    for seed in range(3):
        save(tmp_path / f"{seed}.png", texture(seed))
    save(tmp_path / "3.png", texture(0)[:, ::-1])
    audit = examine(collect([tmp_path]))
    assert files_of(audit, "COPY001") == [("0.png", "3.png")]
    unknown = [finding.facts["column"] for finding in audit.findings if finding.code == "DATA004"]
    assert unknown == ["label", "patient", "part"]
    assert any("No classes" in finding.message for finding in audit.findings if finding.code == "DATA003")


@pytest.mark.parametrize("classes", ["a/", ""])
def test_split_folders_are_parts(tmp_path, classes):
    for seed, part in enumerate(("Train", "Train", "valid", "test")):
        save(tmp_path / f"{part}/{classes}{seed}.png", texture(seed))
    save(tmp_path / f"test/{classes}again.png", texture(0))
    audit = examine(collect([tmp_path]))
    assert audit.collection.parts == ["train", "validation", "test"]
    assert files_of(audit, "LEAK001") == [(f"test/{classes}again.png", f"Train/{classes}0.png")]


@pytest.fixture
def split(tmp_path):
    """Manifest with parts: test has a twin, a mirrored copy, a patient and a source of train; y and z are clean."""
    images = {f"{seed}.png": texture(seed) for seed in range(6)}
    images |= {"twin.png": texture(0), "mirrored.png": resized(texture(1)[:, ::-1], 100)}
    rows = [
        {"file": "0.png", "label": "a", "patient": "p0", "source": "s0", "part": "train"},
        {"file": "1.png", "label": "b", "patient": "p1", "source": "s1", "part": "train"},
        {"file": "2.png", "label": "a", "patient": "p2", "source": "s2", "part": "train"},
        {"file": "3.png", "label": "b", "patient": "p2", "source": "s3", "part": "test"},
        {"file": "4.png", "label": "a", "patient": "y", "source": "s4", "part": "test"},
        {"file": "5.png", "label": "b", "patient": "z", "source": "s5", "part": "test"},
        {"file": "twin.png", "label": "a", "patient": "p0", "source": "s6", "part": "test"},
        {"file": "mirrored.png", "label": "a", "patient": "p9", "source": "s7", "part": "test"},
    ]
    return manifest(tmp_path / "split", images, rows)


def test_leaks_between_the_parts_of_a_manifest(split):
    audit = examine(collect([split]))
    assert files_of(audit, "LEAK001") == [("twin.png", "0.png")]
    assert files_of(audit, "LEAK002") == [("mirrored.png", "1.png")]
    assert set(files_of(audit, "LEAK003")) == {("twin.png", "0.png"), ("3.png", "2.png")}
    assert next(finding.facts for finding in audit.findings if finding.code == "LEAK002")["mirrored"]
    assert len(files_of(audit, "LABEL001")) == len(files_of(audit, "LABEL002")) == 1
    assert len(files_of(audit, "LABEL003")) == 2
    assert not codes(audit) & {"COPY001", "COPY002", "LEAK004", "LEAK005", "DATA004"}


def test_a_source_in_two_parts_and_copies_in_one_part(tmp_path):
    images = {f"{seed}.png": texture(seed) for seed in range(4)} | {"copy.png": texture(2)}
    rows = [
        {"file": "0.png", "label": "a", "part": "train", "source": "s"},
        {"file": "1.png", "label": "b", "part": "test", "source": "s"},
        {"file": "2.png", "label": "b", "part": "test", "source": "t"},
        {"file": "copy.png", "label": "b", "part": "test", "source": "u"},
        {"file": "3.png", "label": "b", "part": "train", "source": "v"},
    ]
    audit = examine(collect([manifest(tmp_path, images, rows)]))
    assert files_of(audit, "COPY002") == [("2.png", "copy.png")]
    assert files_of(audit, "LEAK004") == [("1.png", "0.png")]
    assert files_of(audit, "DATA005") == [("0.png", "1.png")]
    assert not codes(audit) & {"LEAK001", "LEAK002", "LEAK003", "LABEL001"}


def test_frames_of_one_scan_are_no_copies_and_leak_between_parts(tmp_path):
    """The phantom's tissue moved smoothly by a few pixels, with other noise, is no copy but of the same patient."""
    film, other, third = five_films()[0], *five_films()[2:4]
    images = {"1.png": film, "2.png": frame(film), "3.png": other, "4.png": third}
    rows = [{"file": name, "label": "ab"[place % 2], "patient": f"p{place}"} for place, name in enumerate(images)]
    audit = examine(collect([manifest(tmp_path, images, rows)]))
    assert files_of(audit, "SCAN001") == [("1.png", "2.png")] and audit.groups.empty and not audit.counted
    (scan,) = (finding for finding in audit.findings if finding.code == "SCAN001")
    assert scan.facts == {"patients": ["p0", "p1"]} and "2 patients: p0, p1" in scan.message
    parts = ["train", "test", "train", "test"]
    split = [row | {"part": part} for row, part in zip(rows, parts, strict=True)]
    audit = examine(collect([manifest(tmp_path, images, split)]))
    assert files_of(audit, "LEAK005") == [("2.png", "1.png")] and "SCAN001" not in codes(audit)
    same = [row | {"patient": "p0"} if row["file"] == "2.png" else row for row in rows]
    assert "SCAN001" not in codes(examine(collect([manifest(tmp_path, images, same)])))


def test_a_zip_and_two_manifests_of_one_folder(conflicting, tmp_path):
    shutil.make_archive(str(tmp_path / "packed"), "zip", conflicting)
    packed, plain = (examine(collect([path])) for path in (tmp_path / "packed.zip", conflicting))
    assert [finding.files for finding in packed.findings] == [finding.files for finding in plain.findings]
    for name, listed in (("train", ["a/0.png", "b/1.png"]), ("test", ["b/3.png", "a/0.png", "a/wrong.png"])):
        table = pd.DataFrame({"file": listed, "label": [file[0] for file in listed]})
        table.to_csv(conflicting / f"{name}.csv", index=False)
    audit = examine(collect([conflicting / "train.csv", conflicting / "test.csv"]))
    assert files_of(audit, "LEAK001") == [("test.csv/a/0.png", "train.csv/a/0.png")]
    assert files_of(audit, "LEAK002") == [("test.csv/a/wrong.png", "train.csv/b/1.png")]
    assert all(Path(path).is_file() for path in audit.collection.samples["path"])


def test_copies_of_one_declared_source_are_no_finding(tmp_path):
    images = {"0.png": texture(0), "1.png": turned(texture(0), 90), "2.png": texture(2)}
    rows = [{"file": name, "label": label, "source": source} for name, label, source in
            (("0.png", "a", "s"), ("1.png", "a", "s"), ("2.png", "b", "t"))]  # fmt: skip
    audit = examine(collect([manifest(tmp_path, images, rows)]))
    assert codes(audit) == {"DATA004"} and not audit.counted and len(audit.groups) == 2


@dataclasses.dataclass
class Result:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs the command line in this process."""

    def command(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["audit", *map(str, arguments), "--threads", "1"])
        with pytest.raises(SystemExit) as left:
            run_cli(main)
        return Result(left.value.code, *capsys.readouterr())

    return command


def test_the_module_is_a_command(conflicting):
    words = [sys.executable, "-m", "analysis.audit", str(conflicting), "--format", "json"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == json.loads(result.stdout)["exit_status"] == 1


def test_two_paths_and_exit_statuses(tmp_path, run):
    for seed in range(3):
        save(tmp_path / f"train/a/{seed}.png", texture(seed))
        save(tmp_path / f"test/b/{seed}.png", texture(10 + seed))
    clean = run(tmp_path / "train", tmp_path / "test")
    assert clean.returncode == 0 and "No finding that counts" in clean.stdout
    save(tmp_path / "test/b/flip.png", texture(2)[:, ::-1])
    leaky = run(tmp_path / "train", tmp_path / "test", "--out", tmp_path / "out")
    assert leaky.returncode == 1 and "LABEL001 1, LEAK002 1" in leaky.stdout
    (pair,) = csv.DictReader((tmp_path / "out/leakage_pairs.csv").open())
    assert (pair["code"], pair["file_b"], pair["file_a"]) == ("LEAK002", "test/b/flip.png", "train/a/2.png")
    for wrong in (["none"], [tmp_path / "train", tmp_path], [tmp_path] * 3, []):
        refused = run(*wrong)
        assert refused.returncode == 2 and refused.stderr


def test_an_unreadable_image_is_a_finding_unless_all_are(tmp_path):
    save(tmp_path / "a/1.png", texture(1))
    save(tmp_path / "b/2.png", texture(2))
    (tmp_path / "b/broken.png").write_bytes(b"x")
    audit = examine(collect([tmp_path]))
    assert files_of(audit, "DATA002") == [("b/broken.png",)] and "DATA001" not in codes(audit)
    for name in ("a/1.png", "b/2.png"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadInput, match=r"no image can be read(.|\n)*2\.png: the file is empty"):
        examine(collect([tmp_path]))


def test_json_and_markdown_and_text(conflicting):
    audit = examine(collect([conflicting]))
    content = json.loads(outputs.as_json(audit))
    assert content["summary"] == {
        "counted": 3, "accepted": 0, "notes": 3, "by_code": {"LABEL001": 1, "COPY001": 2, "DATA001": 1, "DATA004": 2}
    }  # fmt: skip
    assert content["exit_status"] == 1 and content["images"] == 7 and content["labels"] == {"a": 4, "b": 3}
    keys = ["code", "level", "title", "message", "files", "accepted", "reason", "facts"]
    assert all(list(finding) == keys for finding in content["findings"])
    words = outputs.markdown(audit)
    assert "| LABEL001 | error | Copies under different labels | 1 |" in words and "a/wrong.png" in words
    terminal = outputs.text(audit)
    assert terminal.splitlines()[-1] == "3 findings (LABEL001 1, COPY001 2), 3 notes: exit status 1"


def has(*required: str, **properties: dict) -> dict:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


TEXT = has("text", text={"type": "string"})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
PHYSICAL = has(
    "artifactLocation",
    artifactLocation=has("uri", uri={"type": "string", "pattern": r"^[^\s\\]+$"}),
    region=has("startLine", startLine={"type": "integer", "minimum": 1}),
)
PLACES = {"type": "array", "items": has("physicalLocation", id={"type": "integer"}, physicalLocation=PHYSICAL)}
RULE = has(
    "id", id={"type": "string"}, name={"type": "string"}, shortDescription=TEXT, help=TEXT,
    defaultConfiguration=has(level=LEVEL),
)  # fmt: skip
SUPPRESSION = has("kind", kind={"enum": ["inSource", "external"]}, justification={"type": "string"})
RESULT = has(
    "message", ruleId={"type": "string"}, ruleIndex={"type": "integer", "minimum": 0}, level=LEVEL, message=TEXT,
    locations=PLACES, relatedLocations=PLACES | {"uniqueItems": True}, properties={"type": "object"},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    suppressions={"type": "array", "items": SUPPRESSION},
)  # fmt: skip
DRIVER = has("name", name={"type": "string"}, version={"type": "string"}, rules={"type": "array", "items": RULE})
RUN = has("tool", tool=has("driver", driver=DRIVER), results={"type": "array", "items": RESULT})
# The parts of the schema of SARIF 2.1.0 (OASIS, section 3) that the audit uses: names, types and what is required.
SARIF = has(
    "version", "runs", **{"$schema": {"type": "string"}}, version={"const": "2.1.0"},
    runs={"type": "array", "items": RUN},
)  # fmt: skip


def test_sarif_has_what_the_standard_requires(conflicting, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "allow.yaml").write_text("- {code: COPY001, files: ['a/2.png', 'a/a*'], reason: looked at}")
    audit = accepted(examine(collect([Path("data")])), read_allow_list(Path("allow.yaml"), tmp_path))
    content = json.loads(outputs.sarif(audit))
    jsonschema.validate(content, SARIF)
    (only,) = content["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] and len(result["locations"]) == 1
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in only["results"]]
    assert all((tmp_path / place).exists() for place in places)
    suppressed = [result["suppressions"] for result in only["results"] if "suppressions" in result]
    assert suppressed == [[{"kind": "external", "justification": "looked at"}]]


def test_junit_counts_its_cases(conflicting):
    audit = examine(collect([conflicting]))
    suites = xml.fromstring(outputs.junit(audit))
    cases = list(suites.iter("testcase"))
    assert int(suites.get("tests")) == len(cases) and int(suites.get("failures")) == len(audit.counted) == 3
    assert len(list(suites.iter("failure"))) == 3
    assert int(suites.get("skipped")) == len(list(suites.iter("skipped")))
    by_code = {case.get("classname"): case for case in cases}
    assert set(by_code) == set(CODES)
    assert by_code["LEAK003"].find("skipped").get("message") == "not checked: parts and patients unknown"
    assert by_code["DATA002"].find("skipped") is None and by_code["DATA002"].find("failure") is None


def test_the_allow_list_beside_the_data_accepts_with_a_reason(conflicting, tmp_path, run):
    entries = [
        {"code": "LABEL001", "files": ["a/wrong.png", "b/1.png"], "reason": "both labels are right"},
        {"code": "COPY001", "files": ["*"], "reason": "repeated exposures"},
        {"code": "LEAK001", "files": ["a/gone.png"], "reason": "was once there"},
    ]
    (tmp_path / "audit-allow.yaml").write_text(json.dumps(entries))
    result = run(conflicting, "--format", "json", "--out", tmp_path / "out")
    content = json.loads(result.stdout)
    assert result.returncode == content["exit_status"] == 0
    assert [finding["reason"] for finding in content["findings"] if finding["accepted"]] == [
        "both labels are right", *["repeated exposures"] * 2
    ]  # fmt: skip
    stale = [finding["message"] for finding in content["findings"] if finding["code"] == "ALLOW001"]
    assert len(stale) == 1 and "a/gone.png" in stale[0] and "entry 3" in stale[0]
    page = (tmp_path / "out/audit.html").read_text()
    assert "both labels are right" in page and "Accepted findings" in page


def test_an_allow_list_of_one_file_does_not_accept_its_pair(conflicting, tmp_path):
    (tmp_path / "allow.csv").write_text("code,files,reason\nLABEL001,b/1.png,why\nCOPY001,a/2.png;a/again.png,why\n")
    audit = accepted(examine(collect([conflicting])), read_allow_list(tmp_path / "allow.csv", tmp_path))
    assert [finding.code for finding in audit.findings if finding.reason] == ["COPY001"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.yaml", "- {code: LABEL001, files: [x]}", "entry 1: 'reason' is a required property"),
        ("a.yaml", "- {code: LABEL001, files: [x], reason: ' '}", "entry 1, reason: "),
        ("a.yaml", "- {code: LABEL999, files: [x], reason: y}", "entry 1, code: 'LABEL999' is not allowed"),
        ("a.yaml", "code: LABEL001", "is not of type 'array'"),
        ("a.csv", "code,files,reason\nLABEL001,x,\n", "entry 1, reason: "),
        ("a.csv", "code,files\nLABEL001,x\n", "entry 1: 'reason' is a required property"),
    ],
)
def test_bad_allow_lists(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=rf"{name}: correct these entries(.|\n)*{words}"):
        read_allow_list(tmp_path / name, tmp_path)
    with pytest.raises(BadInput, match="no such allow list"):
        read_allow_list(tmp_path / "none.yaml", tmp_path)


def test_the_page_starts_with_label_conflicts_and_stands_alone(conflicting, tmp_path):
    write_folder(examine(collect([conflicting])), tmp_path / "out")
    page = (tmp_path / "out/audit.html").read_text()
    heads = [page.index(head) for head in ("<h2>Conflicts", "<h2>Leaks", "<h2>Groups", "<h2>Data")]
    assert heads == sorted(heads) and "LABEL001" in page and "data:image/jpeg;base64," in page
    assert 'src="http' not in page and "href=" not in page
    (conflict,) = csv.DictReader((tmp_path / "out/conflicts.csv").open())
    assert {conflict["value"], conflict["partner_value"]} == {"a", "b"} and conflict["code"] == "LABEL001"
    groups = pd.read_csv(tmp_path / "out/groups.csv")
    assert groups["sample"].tolist() == ["a/2.png", "a/again.png", "a/wrong.png", "b/1.png"]
    findings = pd.read_csv(tmp_path / "out/findings.csv")
    assert findings["code"].tolist() == ["LABEL001", "COPY001", "COPY001", "DATA001", "DATA004", "DATA004"]
