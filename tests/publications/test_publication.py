"""Publications: each has a folder that is read and checked, and every mistake is named with key and correction."""

from pathlib import Path

import pytest
import yaml

from benchmarks.errors import BadInput
from benchmarks.publications import publication, views

ALVES = publication.find("published")


@pytest.mark.parametrize("name", publication.names())
def test_a_publication_can_be_read(name):
    content = publication.load(publication.find(name))
    assert content["figures"]
    for variant in content["variants"]:
        assert all(0 <= value <= 1 for value, _ in views.printed(content, variant).values())


def test_published_is_an_alias():
    assert publication.find("published") == publication.find("alves") == publication.FOLDER / "alves/publication.yaml"


def test_the_first_publication_has_the_figures_of_its_notebooks():
    content = publication.load(ALVES)
    table = views.by_variant(content)
    assert len(table) == 6 and len(content["claims"]) == 6
    assert {name: own["test_accuracy"] for name, own in table.items()} == {
        "simple": 0.98,
        "shufflenet": 0.95,
        "densenet": 0.81,
        "efficientnet": 0.45,
        "vgg16": 0.45,
        "alexnet": 0.45,
    }
    assert table["simple"] == {
        "image_size": 224,
        "batch_size": 128,
        "epochs": 50,
        "parameters": 5_977_640,
        "validation_accuracy": 0.9332,
        "test_accuracy": 0.98,
        "macro_f1": 0.99,
        "weighted_precision": 0.98,
        "weighted_recall": 0.98,
        "weighted_f1": 0.98,
    }
    assert table["alexnet"]["image_size"] == 227 and table["vgg16"]["batch_size"] == 8
    assert views.recipe(content, "vgg16")["precision"] == "mixed_float16"
    assert views.datasets(content) == ["mendeley_inbreast"]


def test_an_address_is_the_first_that_is_known():
    assert views.address({"identifiers": {"doi": "10.1/2", "url": "https://a.org"}}) == "doi:10.1/2"
    assert views.address({"identifiers": {"doi": None, "number": "JEEEMI, article 920"}}) == "JEEEMI, article 920"


def test_figures_as_printed():
    assert views.value_of("0.20") == 0.2 and views.value_of("99.96 %") == pytest.approx(0.9996) == views.value_of(
        "99.96%"
    )


def test_of_several_printings_the_first_counts_and_classes_are_left_out():
    entry = {"variant": "a", "part": "validation", "where": "table 1"}
    values = {"accuracy": ["0.9", "0.8"], "recall": {"b": "0.5"}, "macro_f1": "0.7"}
    earlier = entry | {"state": "epoch 1", "values": {"accuracy": "0.2"}}
    figures = [earlier, entry | {"values": values}, entry | {"where": "table 2", "values": {"accuracy": "0.1"}}]
    assert views.printed({"figures": figures}, "a") == {
        "validation_accuracy": (0.9, "table 1"),
        "validation_macro_f1": (0.7, "table 1"),
    }


STEP = {"files": "train", "rule": "file_lists", "lists": {"train": "a.txt"}, "into": ["train"]}
MISTAKES = [
    ("claims.0.variant", "resnet", "claims.accuracy-98.variant: 'resnet' is not in variants; name one of: simple"),
    (
        "claims.0.metric",
        "auc",
        "accuracy-98.metric: 'auc' is not in figures of simple; name one of: validation_accuracy",
    ),
    ("claims.1.variants", ["simple", "x"], "claims.best-three.variants: 'x' is not in variants"),
    ("figures.3", None, "figures.3: None is not of type 'object'"),
    ("claims.2.fact", "moon", "claims.transfer-learning.fact: 'moon' is not in code"),
    ("claims.1.id", "grad-cam", "id grad-cam is used twice; rename one"),
    ("claims.2.fact", ..., "claims.2: 'fact' is a required property; add it"),
    ("title", ..., "(top level): 'title' is a required property; add it: Title of the article"),
    ("figures.1.values.accuracy", 0.98, "accuracy: 0.98 is not of type 'string', 'array', 'object'; write: In quotes"),
    ("figures.1.values.accuracy", "98 per cent", "figures.1.values.accuracy: '98 per cent' does not match"),
    ("figures.1.values.accuracy", "98", "figures.1.values.accuracy: 98 is above 1; write it with its sign (98 %)"),
    ("figures.1.values.kappa", "0.9", "figures.1.values: 'kappa' is not allowed; allowed: accuracy, "),
    (
        "figures.1.values.recall",
        {"Benign": "0.9"},
        "recall: 'Benign' is not in its classes; name one of: Density1Benign",
    ),
    ("figures.0.variant", "x", "figures.0.variant: 'x' is not in variants"),
    ("figures.0.data", "x", "figures.0.data: 'x' is not in data; name one of: inbreast"),
    ("figures.1.n", 43, "figures.1.support: the counts sum to 42, n is 43; correct one of them"),
    ("figures.1.support", [42], "figures.1.support: 1 counts for 8 classes"),
    ("figures.1.matrix", [[1, 2], [3, 4]], "figures.1.matrix: not 8 rows of 8 counts"),
    ("data.inbreast.classes", None, "figures.1: support or matrix without classes"),
    ("data.inbreast.counts", [1, 2], "data.inbreast.counts: 2 counts for 8 classes"),
    ("recipe.epochs", None, "recipe.epochs: null without a reason; add `recipe.epochs: why"),
    ("split", None, "split: null without a reason; add `split: why it is not known` to unknown"),
    ("split.steps.0.files", "test", "split.steps.0.files: no earlier step makes the part test"),
    ("split.steps.1.into", ["train", "test"], "split.steps.1.into: an earlier step makes train"),
    ("split.steps.1.into", ["unused", "unused"], "split.sizes: no step makes test"),
    ("split.steps.1.into", ["test"], "split.steps.1.into: names 1; keras_validation_split makes two parts"),
    ("split.steps.1.seed", ..., "split.steps.1: 'seed' is a required property"),
    ("split.steps.1", STEP, "a.txt is missing; write one file name a line"),
    ("recipe.preprocessing", [{"function": "clahe"}], "variants.py is missing; write it, with the functions clahe"),
    ("n_tests", 1, "unknown key n_tests; allowed: title"),
]


@pytest.mark.parametrize(("key", "value", "words"), MISTAKES)
def test_a_mistake_is_named_with_file_key_and_correction(tmp_path, key, value, words):
    content = yaml.safe_load(ALVES.read_text())
    *above, last = [int(part) if part.isdecimal() else part for part in key.split(".")]
    place = content
    for part in above:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(BadInput, match=r"mine\.yaml") as error:
        publication.load(path)
    assert words in str(error.value)


def test_an_unexplained_null_is_explained_by_a_key_above_it_or_a_pattern(tmp_path):
    content = yaml.safe_load(ALVES.read_text())
    content["recipe"] |= {"epochs": None, "loss": None}
    content["variants"]["simple"]["parameters"] = None
    content["figures"][0]["n"] = None
    content["unknown"] |= {"recipe": "no code", "variants.*.parameters": "not printed", "figures.*.n": "not stated"}
    path = tmp_path / "publication.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    assert publication.load(path)["recipe"]["epochs"] is None


def test_functions_are_looked_for_in_variants_py(tmp_path):
    content = yaml.safe_load(ALVES.read_text())
    content["variants"]["simple"]["function"] = "small"
    path = tmp_path / "publication.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    (tmp_path / "variants.py").write_text("def other():\n    pass\n")
    with pytest.raises(BadInput, match=r"variants\.simple\.function: no function small in .*; add it"):
        publication.load(path)
    (tmp_path / "variants.py").write_text("def small(inputs, classes):\n    return inputs\n")
    assert publication.load(path)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "def small(inputs):\n    pass\n",
            r"variants\.py:1: small\(inputs\) can't be called; write \(inputs, classes, ",
        ),
        ("def small(a, b, c):\n    pass\n", r"small\(a, b, c\) can't be called; write \(inputs, classes, "),
        ("N = 1\ndef small(a, b, *, width=N):\n    pass\n", r"variants\.py:2: small: width has no literal as default"),
        ("def small(a, b, *, width):\n    pass\n", "small: width has no literal as default; write the number"),
        ("def small(:\n", r"variants\.py: not readable as Python: "),
    ],
)
def test_functions_of_another_form_are_named_with_their_line(tmp_path, code, message):
    content = yaml.safe_load(ALVES.read_text())
    content["variants"]["simple"]["function"] = "small"
    path = tmp_path / "publication.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    (tmp_path / "variants.py").write_text(code)
    with pytest.raises(BadInput, match=message):
        publication.load(path)


def test_a_publication_that_is_not_there():
    with pytest.raises(BadInput, match=r"'x' is neither a publication \(.*alves.*\) nor the path of"):
        publication.find("x")


def test_every_key_of_the_schema_is_explained():
    def keys(schema: dict, path: str = "") -> list[str]:
        found = []
        for name, rule in schema.get("properties", {}).items():
            found += [f"{path}.{name}"] * ("description" not in rule) + keys(rule, f"{path}.{name}")
        for part in ("items", "additionalProperties"):
            found += keys(schema[part], f"{path}.*") if isinstance(schema.get(part), dict) else []
        return found

    whole = publication.SCHEMA
    missing = keys(whole) + [key for name, one in whole["$defs"].items() for key in keys(one, name)]
    assert not missing, missing


def test_every_folder_has_its_page():
    rooms = ("__pycache__", "arithmetic")
    folders = [path for path in Path(publication.FOLDER).iterdir() if path.is_dir() and path.name not in rooms]
    assert sorted(path.name for path in folders) == publication.names()
    assert all((folder / "README.md").is_file() for folder in folders)
