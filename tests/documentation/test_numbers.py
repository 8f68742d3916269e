"""Measured numbers on README and docs: marks, words, records, what is stale; every page as its records have it."""

import dataclasses
import json
import re
from pathlib import Path

import jinja2
import pytest
import yaml
from conftest import ROOT

from benchmarks.errors import BadInput
from benchmarks.run.code import Code, recorded_digest
from docs.numbers import measure, records, words
from docs.numbers.__main__ import differences, pages
from docs.numbers.marks import Mark, filled, marks
from docs.numbers.records import Measured, keep, read, registry, stale
from docs.reference import pages as made_pages

# A share, a score, a duration, a size, a factor, or a count of a count
NUMBER = re.compile(
    r"(?<![\w.,])(?:0\.\d\d+|\d[\d,.]*\s?%|\d[\d,.]*\s(?:of\s\d[\d,]*|(?:ms|s|min|minutes?|hours?|h|[KMG]i?B|times)\b))"
)
CODE = re.compile(r"^\s*```.*?^\s*```|^ {4}.*?$|`[^`]*`", re.MULTILINE | re.DOTALL)
ALLOWED = yaml.safe_load((ROOT / "docs/numbers/allowed.yaml").read_text())
MADE = {*made_pages(), "tables.md"}
NAMES = registry()


def made(tmp_path: Path, name: str = "made", **keys: object) -> Measured:
    """A measurement whose command prints a small table."""
    keys = {"command": "printf 'n,seconds\\n3,1.5\\n'", "code": ("benchmarks.yaml_file",)} | keys
    return Measured(name=name, about="", record=tmp_path / "made.csv", minutes=0, **keys)


@pytest.fixture
def digests(tmp_path, monkeypatch) -> Path:
    """A file of digests of its own."""
    monkeypatch.setattr(records, "DIGESTS", tmp_path / "digests.json")
    return records.DIGESTS


def test_every_mark_on_every_page_is_as_its_record_has_it():
    assert not differences(NAMES), "run make numbers"


def test_every_measurement_and_every_macro_is_on_a_page():
    named = {mark.key for path in pages() for mark in marks(path.read_text(), path.name)}
    macros = set()
    for name, one in NAMES.items():
        module = words.environment(words.TEMPLATES).get_template(f"{name}.j2").make_module({"record": read(one.record)})
        public = [key for key in vars(module) if not key.startswith("_")]
        macros |= {f"{name}.{key}" for key in public if isinstance(getattr(module, key), jinja2.runtime.Macro)}
    # laptop.source is part of laptop.front.
    assert macros - named == {"laptop.source"}


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_number_that_looks_measured_has_a_mark_or_a_reason(path):
    page = path.relative_to(ROOT).as_posix()
    reasons = ALLOWED.get(page, {})
    if path.name in MADE or isinstance(reasons, str):
        return
    text = unmarked(path.read_text(), page)
    for phrase in reasons:
        assert phrase in text, f"{page} no longer says {phrase}: remove it from docs/numbers/allowed.yaml"
    found = look_measured(text, [*ALLOWED["any"], *reasons])
    assert not found, "mark the number (CONTRIBUTING.md), or give a reason in docs/numbers/allowed.yaml"


def unmarked(text: str, page: str) -> str:
    """A page on one line, without code and without what stands between marks."""
    for mark in reversed(list(marks(text, page))):
        text = text[: mark.start] + text[mark.end :]
    return " ".join(CODE.sub("`", text).split())


def look_measured(text: str, allowed: list[str]) -> list[str]:
    """The numbers in `text` that look measured, with the words before them, without the `allowed` phrases."""
    for phrase in allowed:
        text = text.replace(phrase, "")
    return [text[max(0, one.start() - 30) : one.end()] for one in NUMBER.finditer(text)]


def test_numbers_that_look_measured_are_found():
    text = "AUC 0.86; in 12 s `for 9 s`; 3.4 times; 5 of\n6; 7 MB; 8%; v0.2.0, 42 films\n\n    x # 4 s\n\n"
    text += "95% CI <!--n:a.b-->1 s<!--/n-->"
    found = look_measured(unmarked(text, "page"), ["95% CI"])
    assert [one.split("; ")[-1] for one in found] == ["AUC 0.86", "in 12 s", "3.4 times", "5 of 6", "7 MB", "8%"]


def test_the_text_between_marks_is_replaced_and_the_rest_stays():
    text = "a <!--n:x.one-->1<!--/n--> b\n<!-- numbers:x.two -->\nold\nlines\n<!-- /numbers -->\nc\n"
    new = {"x.one": "2", "x.two": "new\n"}
    once = filled(text, "page", lambda mark: new[mark.key])
    assert once == "a <!--n:x.one-->2<!--/n--> b\n<!-- numbers:x.two -->\nnew\n<!-- /numbers -->\nc\n"
    assert filled(once, "page", lambda mark: new[mark.key]) == once
    assert [mark.block for mark in marks(text, "page")] == [False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb <!--n:x.y-->1", "page:2: this mark is not closed"),
        ("b <!--n:x.y-->1 <!--n:x.z-->2<!--/n-->", "page:1: this mark is not closed"),
        ("a 1<!--/n-->", "page:1: nothing to close"),
        ("<!-- numbers:x.y -->\n1<!--/n-->", "page:2: nothing to close"),
        ("<!-- number:x.y -->\n", "page:1: unknown mark"),
        ("<!-- numbers: x.y -->\n1\n<!-- /numbers -->\n", "page:1: unknown mark"),
        ("a <!-- n:x.y -->1<!--/n-->", "page:1: unknown mark"),
        ("a\n<!--n:x.y-->1<!--/n--> b", "page:2: a mark at the start of a line"),
        ("- <!--n:x.y-->1<!--/n--> b", "page:1: a mark at the start of a line"),
        ("| <!--n:x.y-->1<!--/n--> |", None),
    ],
)
def test_a_mark_that_pages_cannot_show_is_refused(text, said):
    if said is None:
        assert filled(text, "page", lambda mark: "1") == text
    else:
        with pytest.raises(BadInput, match=said):
            filled(text, "page", lambda mark: "1")


def test_a_mark_without_measurement_or_macro_is_refused():
    texts = words.Words(NAMES)
    with pytest.raises(BadInput, match=r"nothing\.here: .*registry\.yaml has no nothing"):
        texts.text(Mark("nothing.here", False, 0, 0))
    for macro in ("", "nothing", "_rate"):
        with pytest.raises(BadInput, match=r"search\.j2 has no macro"):
            texts.text(Mark(f"search.{macro}", False, 0, 0))


def test_a_record_without_what_a_template_prints_is_refused_by_name(tmp_path):
    (tmp_path / "made.j2").write_text("{% macro one() %}{{ record[0].missing }}{% endmacro %}")
    one = made(tmp_path)
    one.record.write_text("n\n3\n")
    with pytest.raises(BadInput, match=r"made\.one: made\.csv: .*missing.*measure again"):
        words.Words({"made": one}, tmp_path).text(Mark("made.one", False, 0, 0))


def test_cells_of_a_record_keep_their_digits(tmp_path):
    record = tmp_path / "record.csv"
    record.write_text('tool,n,seconds,share,reuse,note\n"a, b",312,3.0,,True,4.3.2\n')
    assert read(record) == [{"tool": "a, b", "n": 312, "seconds": 3.0, "share": None, "reuse": True, "note": "4.3.2"}]


def test_words_of_numbers():
    assert [words.fixed(-0.001), words.fixed(0.125, 1)] == ["0.00", "0.1"]
    assert [words.ranged([51.9, 104, 63]), words.ranged([1.1, 1.15])] == ["52 to 104", "1"]
    # Wilson: 4 of 4 from 4 / (4 + 1.96 squared)
    assert words.share_ci(4, 4) == "51-100%"
    assert [words.about_time(one) for one in (26, 55, 130)] == ["about 26 minutes", "about an hour", "about 2 hours"]
    with pytest.raises(BadInput, match="2 rows"):
        words.row([{"a": 1}, {"a": 1}], a=1)


def test_paragraphs_and_items_of_a_block_are_filled_and_tables_stay():
    wide = "word " * 30
    block = words._laid_out(f"{wide}\n\n- {wide}\n- short\n\n| {wide}| \n")
    lines = block.split("\n")
    assert max(map(len, lines[:7])) <= 120 and lines[3].startswith("- word") and lines[4].startswith("  word")
    assert lines[5] == "- short" and lines[7] == f"| {wide}|"


def changed(tmp_path: Path, **facts: object) -> words.Words:
    """The words of the study laptop with other facts in its record."""
    record = tmp_path / "laptop.json"
    record.write_text(json.dumps(read(NAMES["laptop"].record) | facts))
    return words.Words({"laptop": dataclasses.replace(NAMES["laptop"], record=record)})


def told(texts: words.Words, macro: str) -> str:
    """A text on one line."""
    return " ".join(texts.text(Mark(f"laptop.{macro}", True, 0, 0)).split())


def test_sentences_on_the_study_follow_its_results(tmp_path):
    better = [{"protocol": "by_patient", "a": "simple", "b": "majority"}]
    some = told(changed(tmp_path, better=better), "summary")
    assert "simple was significantly better than the baseline `majority`, and none of the seven" in some
    assert "networks was significantly better than any baseline" in told(changed(tmp_path, better=[]), "summary")
    rows = [
        {"architecture": "simple", "protocol": "published", "permuted": 0.2, "low": 0.1, "high": 0.3, "chance": 0.2},
        {"architecture": "simple", "protocol": "by_patient", "permuted": 0.2, "low": 0.1, "high": 0.3, "chance": 0.2},
    ]
    at_chance = told(changed(tmp_path, control=[row | {"verdict": "at chance"} for row in rows]), "control")
    assert "`simple` reaches" in at_chance and "memorised" not in at_chance
    rows[0] |= {"verdict": "above chance: leakage"}
    leaky = told(changed(tmp_path, control=[rows[0], rows[1] | {"verdict": "at chance"}]), "control")
    assert "`simple` still reaches" in leaky and "measures memorised images" in leaky
    claims = {"reproduced only with leakage": 1, "not evaluable": 2}
    assert "three claims in words, one is reproduced" in told(changed(tmp_path, claims=claims), "claims")
    none = {"judged": 0, "without_skill": 7, "checks": {}}
    seen = read(NAMES["laptop"].record)["bias"]["published"]
    unskilled = told(changed(tmp_path, bias={"published": seen, "by_patient": none}), "bias")
    assert "By patient, no network has skill, so that no check is evaluable." in unskilled


def test_a_record_is_stale_when_its_code_or_itself_has_changed(tmp_path, digests):
    one, code = made(tmp_path), Code()
    assert stale(one, None, code) == "not measured yet"
    one.record.write_text("n\n3\n")
    assert "before digests" in stale(one, None, code)
    keep(one, ["benchmarks.yaml_file"], code.digest(["benchmarks.yaml_file"]))
    known = json.loads(digests.read_text())["made"]
    assert stale(one, known, code) == ""
    assert stale(one, known | {"code": "other"}, code) == "its code has changed"
    assert "no longer there" in stale(one, known | {"modules": ["benchmarks.gone"]}, code)
    data = ROOT / "benchmarks/studies/demo.yaml"
    assert stale(dataclasses.replace(one, files=(str(data),)), known, code) == "its code has changed"
    one.record.write_text("n\n4\n")
    assert stale(one, known, code) == "made.csv was changed by hand"


def test_a_run_of_a_study_records_the_digest_that_its_code_has(tmp_path):
    code = Code()
    data = [ROOT / "benchmarks/studies/demo.yaml"]
    digest = code.digest(["benchmarks.yaml_file", "benchmarks.stored"], data)
    code.write(tmp_path / "code.json")
    assert recorded_digest(tmp_path / "code.json", ["benchmarks.stored", "benchmarks.yaml_file"], data) == digest


def test_a_measurement_writes_its_record_without_paths_and_is_fresh(tmp_path, digests, monkeypatch):
    monkeypatch.setenv("FILMS", "/home/me/films.zip")
    one = made(tmp_path, command="printf 'n,command\\n3,run '; echo $FILMS", needs=("FILMS",))
    measure.run({"made": one}, ["made"])
    assert read(one.record) == [{"n": 3, "command": "run $FILMS"}]
    assert stale(one, records.digests()["made"], Code()) == ""


def test_what_cannot_be_measured_here_is_left_out_and_refused_by_name(tmp_path, digests, monkeypatch, capsys):
    monkeypatch.delenv("FILMS", raising=False)
    lacks = {
        "FILMS=PATH": made(tmp_path, "films", needs=("FILMS",)),
        "the finished study nothing": made(tmp_path, "study", results=("nothing",)),
        "no command writes": made(tmp_path, "typed", command=None),
    }
    measure.run({one.name: one for one in lacks.values()}, [])
    printed = capsys.readouterr().out
    for said, one in lacks.items():
        assert said in printed
        with pytest.raises(BadInput, match=said):
            measure.run({one.name: one}, [one.name])
    with pytest.raises(BadInput, match="unknown"):
        measure.run({}, ["unknown"])


def test_a_command_that_fails_leaves_the_record(tmp_path, digests):
    one = made(tmp_path, command="echo half; exit 3")
    one.record.write_text("n\n3\n")
    with pytest.raises(BadInput, match="made: the command failed"):
        measure.run({"made": one}, ["made"])
    assert one.record.read_text() == "n\n3\n" and not digests.exists()
