"""Study files with unusual YAML: read correctly, or refused with file name and reason."""

import datetime
import json
import re
import tempfile
from pathlib import Path

import pytest
import yaml
from datasets_input import refusal
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_studies import GOOD

from benchmarks import datasets
from benchmarks.errors import BadInput
from benchmarks.study.study import load_study
from benchmarks.study.study_file import SCHEMA, configured, read_study


def loaded(content: bytes):
    """Return the study of a file with this content, None if it is refused by a message with the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_bytes(content)
        try:
            study = load_study(str(path))
        except BadInput as error:
            assert re.search(re.escape(str(path)) + r".*:\s*\S", str(error))
            return None
        try:
            study.check_data()
        except BadInput as error:
            assert re.search(r": \S", str(error))
        for architecture, protocol in study.pairs():
            json.dumps([study.cells(protocol), study.cell_settings(architecture, protocol)], allow_nan=False)
        return study


def yaml_text(content: dict) -> str:
    return yaml.safe_dump(content, sort_keys=False)


# Right for some key and wrong for most, or nearly right.
EDGES = [3.0, 0.5, 0, 1, 2, 64, -1, 10**30, float("nan"), float("inf"), True, None, datetime.date(2020, 1, 1), b"x", ""]
EDGES += ["all", "simple", "phantom", "by_patient", "external", "none", "x" * 300 + ".yaml", {}, {None: {}}, [], [[]]]
ANYTHING = st.recursive(
    st.sampled_from(EDGES) | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(EDGES[:-4]), inner, max_size=2),
    max_leaves=4,
)


def mapping(keys, **values: st.SearchStrategy) -> st.SearchStrategy[dict]:
    """Return a strategy for mappings of one or two of the keys, to any value by default."""
    one = [st.tuples(st.just(key), values.get(key, ANYTHING)) for key in keys]
    return st.lists(st.one_of(one), min_size=1, max_size=2).map(dict)


CONTENT = mapping(
    SCHEMA["properties"],
    dataset=st.one_of(
        mapping([*datasets.adapter(name).OPTIONS, "label", "labels"]).map(lambda own, name=name: {"name": name, **own})
        for name in datasets.names()
    ),
    architectures=mapping(
        ["simple", "vgg16", "all", "majority", None, 1],
        all=st.just({}),
        simple=mapping(["width", "image_size", "weights"]),
    ),
    **{
        key: st.one_of(ANYTHING, mapping(rule["properties"]))
        for key, rule in SCHEMA["properties"].items()
        if "properties" in rule and key != "dataset"
    },
)


@settings(max_examples=400)
@given(CONTENT)
def test_a_study_of_any_content_is_sound_or_refused(changes):
    loaded(yaml.safe_dump(GOOD | changes).encode())


TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "&a ",
    "*a",
    "!!",
    "!!python/object:os.system ",
    "<<: ",
]
TOKENS += [
    "? ",
    "| ",
    "---\n",
    "...",
    "%",
    "'",
    '"',
    "#",
    "no",
    ".nan",
    "-.inf",
    "0x_",
    "1e9",
    "1:30",
    "2020-13-45",
    "=",
]
TOKENS += ["seed: ", "folds: ", "9" * 5000, "~", "\\0", "\x85", "\ufeff", "é", "!!int "]


@settings(max_examples=300)
@given(
    parts=st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=12),
    raw=st.binary(max_size=4),
    place=st.sampled_from(["", "seed: 2\n"]),
)
def test_no_text_called_yaml_is_a_crash(parts, raw, place):
    good = yaml_text({key: value for key, value in GOOD.items() if key != "seed"})
    loaded((good + place + "".join(parts)).encode(errors="ignore") + raw)
    loaded("".join(parts).encode(errors="ignore") + raw)


BILLION = "\n".join(
    ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    + [f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]" for i in range(9)]
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BILLION, "more than 1,000,000 characters with aliases expanded"),
        (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]", "more than 1,000,000 characters"),
        ("search: &a {tuner: *a}", "alias *a refers to itself"),
        ("search: *a", "found undefined alias"),
        ("seed: 1\nseed: 2", "key 'seed' is used twice"),
        ("seed: !!python/object/apply:os.system [exit]", "the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("seed: !!int x", "the tag tag:yaml.org,2002:int"),
        ("search:\n\ttuner: random", "found character '\\t' that cannot start any token"),
        ("<<: {seed: 1}", "(top level): unknown key <<; allowed: "),
        ("published: {learning_rate: .nan}", ".nan is not a finite number"),
        ("published: {learning_rate: .inf}", ".inf is not a finite number"),
        ("published: {learning_rate: 1.0e+999}", "1.0e+999 is not a finite number"),
        (f"bootstrap: {'9' * 5000}", f"{'9' * 20} is not a finite number, or too large"),
        (f"bootstrap: 0x{'f' * 9000}", "0xffffffffffffffffff is not a finite number, or too large"),
        ("bootstrap: 0x_", "0x_ is not a finite number"),
        ("bootstrap: yes", "bootstrap: True is not of type 'integer'"),
        ("bootstrap: 200.0", "bootstrap: 200.0 is not of type 'integer'"),
        ("search: {tuner: no}", "search.tuner: False is not allowed; allowed: random"),
        ("? [a, b]\n: 1", "found unhashable key"),
        ("? {a: b}\n: 1", "found unhashable key"),
        ("search: " + "[" * 20_000, "brackets or indents are nested too deeply"),
        ("claims: " + "x" * 300, "claims: 'xxx"),
        ("--- 1\n--- 2", "expected a single document"),
    ],
)  # fmt: skip
def test_unusual_yaml_is_refused_with_the_name_of_its_file(tmp_path, text, message):
    content = {key: value for key, value in GOOD.items() if not re.search(f"^{key}:", text, re.MULTILINE)}
    (tmp_path / "mine.yaml").write_text(f"{yaml_text(content)}{text}\n")
    told = refusal(load_study, str(tmp_path / "mine.yaml"))
    assert message in told and told.startswith(str(tmp_path / "mine.yaml"))
    assert len(told) < 2000


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"- seed\n", b"text", b"\xff\xfe", b"seed: \xe9", b"a: \0", b"1", b"null"]
)
def test_files_without_a_mapping_are_refused(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    assert re.match(
        re.escape(str(path)) + ": (not a readable YAML file: .|a study is a mapping of keys)",
        refusal(load_study, str(path)),
    )


def test_plain_meanings_are_kept():
    text = yaml_text(GOOD | {"description": "x"}).replace("description: x", "description: 2020-13-45")
    assert loaded(text.encode()).description == "2020-13-45"
    assert loaded(b"\xef\xbb\xbf" + yaml_text(GOOD).encode()).seed == 1
    assert loaded(yaml_text(GOOD).replace("\n", "\r\n").encode()).dataset == loaded(yaml_text(GOOD).encode()).dataset
    shared = f"{yaml_text(GOOD)}control: {{architectures: &few [simple]}}\nlearning_curve: {{architectures: *few}}\n"
    assert loaded(shared.encode()).learning_curve["architectures"] == ["simple"]


@pytest.mark.parametrize(
    "value", ["[", "2020-13-45", "!!python/none x", "9" * 5000, "*a", ".nan", "{a: {b: 2020-01-01}}"]
)
def test_values_of_the_command_line_are_read_like_those_of_a_file(value):
    try:
        argument, _ = configured({"seed": value})
    except BadInput as error:
        assert str(error).startswith(f"--config {value}: ")
    else:
        assert "seed: " in refusal(load_study, argument)
    assert refusal(read_study, f"{{extends: demo, seed: [{value}").startswith("study={extends: demo")
