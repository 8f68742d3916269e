"""`make check PUBLICATION=NAME` names what is wrong with a folder; `make publication NAME=` writes its skeleton."""

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.check import networks
from benchmarks.check import publication as command
from benchmarks.errors import BadInput
from benchmarks.publications import code, publication, skeleton
from benchmarks.publications.splits import parts
from benchmarks.publications.verdicts import verdicts


@pytest.fixture
def changed(tmp_path):
    """Return a function that copies a publication's folder, sets keys of its publication.yaml and checks it."""

    def check(name: str, changes: dict, data=None) -> tuple[list[str], list[str]]:
        folder = tmp_path / name
        shutil.copytree(publication.find(name).parent, folder)
        content = yaml.safe_load((folder / "publication.yaml").read_text())
        for key, value in changes.items():
            *above, last = [int(part) if part.isdecimal() else part for part in key.split(".")]
            place = content
            for part in above:
                place = place[part]
            place[last] = value
        (folder / "publication.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        return command.check(str(folder / "publication.yaml"), data, build=False)

    return check


@pytest.mark.parametrize("name", publication.names())
def test_nothing_is_wrong_with_a_publication(name):
    problems, told = command.check(name, build=False)
    assert problems == [] and len(told) > 3


def test_stated_parts_are_compared_with_the_rule(changed):
    _, told = changed("mammoflow_2025", {})
    assert "parts of 5,724 files: train 4,579, test 1,145" in told


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        (
            "mammoflow_2025",
            {"split.sizes.test": 1144},
            "split.sizes.test: 1144 files, but the split of 5724 files gives",
        ),
        ("mammoflow_2025", {"split.steps.0.seed": 43}, "figures.0.support: the split gives "),
        ("alves", {"variants.simple.parameters": 5}, "variants.simple: parameters 5, but "),
        (
            "alves",
            {"variants.simple.recipe": {"batch_size": 128, "image_size": 9}},
            "variants.simple: image_size 9, but",
        ),
        ("alves", {"variants.simple.architecture": "x"}, "variants.simple.architecture: no x; name one of: alexnet"),
        ("alves", {"variants.simple.architecture": "efficientnet_lite"}, "efficientnet_lite has no published form"),
        ("alves", {"data.inbreast.options": {"x": 1}}, "data.inbreast.options.x: unknown option of mendeley_inbreast"),
        ("alves", {"data.inbreast.dataset": "x"}, "data.inbreast.dataset: no x; name one of: cbis_ddsm"),
    ],
)
def test_a_difference_is_named_with_file_key_and_correction(changed, name, changes, words):
    problems, _ = changed(name, changes)
    assert len(problems) == 1 and words in problems[0] and "publication.yaml: " in problems[0]


def test_a_page_is_asked_for(changed, tmp_path):
    changed("esen_2025", {})
    (tmp_path / "esen_2025/README.md").unlink()
    problems, _ = command.check(str(tmp_path / "esen_2025/publication.yaml"))
    assert len(problems) == 1 and "README.md is missing beside it; write a page" in problems[0]


def answers(name: str, about: str) -> list[str]:
    return [f"{one.verdict}: {one.reason}" for one in verdicts(publication.load(publication.find(name)))[about]]


def test_figures_by_class_fit_and_those_of_two_classes_do_not():
    assert not [one for one in answers("jimenez_2024", "cnn, test") if "impossible" in one]
    assert [one for one in answers("jimenez_2024", "cnn, test, Benign, Malignant") if "impossible" in one]


def test_two_accuracies_of_one_model_must_agree_but_those_of_two_epochs_need_not():
    assert any("accuracy 0.8885 and accuracy 0.80" in one for one in answers("learntocode_2022", "cnn, test"))
    assert not [one for one in answers("ujwalkumar_2023", "densenet201, validation") if "impossible" in one]


@pytest.mark.slow
def test_parts_are_compared_with_the_real_files(real_zip, changed):
    problems, told = command.check("alves", real_zip, build=False)
    assert problems == [] and "parts of 7,844 files: train 6,106, validation 1,526, test 42" in told
    problems, _ = changed("alves", {"split.steps.1.seed": 124}, real_zip)
    assert any("figures.1.support: the split gives" in line for line in problems)
    _, told = command.check("mammoflow_2025", real_zip, build=False)
    assert "copies that give the stated counts: 27 of each file (212 files before augmentation)" in told
    assert "copies that give the stated counts: 54 of each source (106 sources before augmentation)" in told


def test_a_skeleton_explains_every_key_and_its_gaps_are_named(tmp_path):
    folder = skeleton.write("mine_2020", tmp_path)
    text = (folder / "publication.yaml").read_text()
    content = yaml.safe_load(text)
    assert set(content) == set(publication.SCHEMA["required"])
    assert all(f"{key}:" in text for key in publication.SCHEMA["properties"])
    assert "# Title of the article, or of the repository.\ntitle: null" in text
    assert max(map(len, text.splitlines())) <= 120
    with pytest.raises(BadInput, match="title: None is not of type 'string'; write: Title of the article"):
        publication.load(folder / "publication.yaml")
    assert "make check PUBLICATION=mine_2020" in (folder / "README.md").read_text()


def test_a_skeleton_fits_the_schema_up_to_its_marked_places(tmp_path):
    folder = skeleton.write("mine_2020", tmp_path)
    marked = [
        line.strip().split(":")[0].removeprefix("- ")
        for line in (folder / "publication.yaml").read_text().splitlines()
        if line.endswith("# fill in")
    ]
    content = yaml.safe_load((folder / "publication.yaml").read_text())
    refused = {str(error.absolute_path[-1]) for error in publication.VALIDATOR(publication.SCHEMA).iter_errors(content)}
    assert refused and refused <= set(marked)
    assert content["variants"]["name"]["function"] in code.defined(folder)


def test_functions_of_the_skeleton_can_be_named_and_run(tmp_path):
    import keras

    folder = skeleton.write("mine_2020", tmp_path)
    content = yaml.safe_load(publication.find("jimenez_2024").read_text())
    content["variants"]["cnn"]["function"] = "cnn"
    content["variants"]["vgg16"] = {"function": "vgg16_frozen", "form": "VGG16", "parameters": 14_715_201}
    content["recipe"]["preprocessing"] = [{"function": "equalised"}]
    content["split"]["steps"] = [
        {"files": "all", "rule": "function", "function": "every_tenth", "into": ["train", "test"]}
    ]
    (folder / "publication.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    publication.load(folder / "publication.yaml")
    inputs = keras.Input((32, 32, 3))
    assert code.options(folder, "cnn") == {"width": 1.0}
    assert code.function(folder, "cnn")(inputs, 8, width=0.01).shape == (None, 8)
    assert keras.Model(inputs, code.function(folder, "vgg16_frozen")(inputs, 2)).count_params() == 14_715_201
    assert code.function(folder, "equalised")(np.zeros((32, 32), np.uint8)).shape == (32, 32)
    files = pd.DataFrame({"label": ["a", "b"] * 10, "name": [f"{number}" for number in range(20)]})
    made = parts(content["split"], files, seed=0, folder=folder)
    assert made["test"].tolist() == [0, 10] and len(made["train"]) == 18


def test_a_name_that_can_not_be_used_is_refused(tmp_path):
    skeleton.write("mine", tmp_path)
    for name, words in (("mine", "exists; take another name"), ("Mine 1", "not usable"), ("published", "not usable")):
        with pytest.raises(BadInput, match=words):
            skeleton.write(name, tmp_path)


def test_the_command_ends_with_the_number_of_problems(monkeypatch, capsys, tmp_path):
    folder = skeleton.write("mine", tmp_path)
    monkeypatch.setattr("sys.argv", ["check", str(folder / "publication.yaml"), "--fast"])
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == 1 and "title: None is not of type" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["check", "esen_2025", "--fast"])
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == 0 and "IEEE Access" in capsys.readouterr().out


def test_networks_of_variants_py_are_built_and_trained_by_one_step(tmp_path):
    """A planted fault in each of three networks is named; the sound one has the printed number of parameters."""
    (tmp_path / "variants.py").write_text(
        "from keras import layers\n\n\n"
        "def sound(inputs, classes):\n"
        "    return layers.Dense(classes, activation='softmax')(layers.Flatten()(inputs))\n\n\n"
        "def outputs(inputs, classes):\n"
        "    return layers.Dense(classes + 1, activation='softmax')(layers.Flatten()(inputs))\n\n\n"
        "def broken(inputs, classes):\n"
        "    return layers.Danse(classes)(inputs)\n"
    )
    content = publication.load(publication.find("jimenez_2024"))
    parameters = 224 * 224 * 3 * 8 + 8
    variants = {"sound": parameters, "outputs": None, "broken": None}
    own = {name: {"function": name, "form": None, "parameters": n} for name, n in variants.items()}
    own["counted"] = {"function": "sound", "form": None, "parameters": 123}
    (outputs, broken, counted), (sound, step) = networks.tried(content | {"variants": own}, tmp_path)
    assert sound == f"variants.sound: {parameters:,} parameters at 224 px, as printed"
    assert step.startswith("variants.sound: one step of training at 32 px, loss ")
    assert "variants.outputs" in outputs and "9 outputs for 8 classes" in outputs
    assert f"{tmp_path / 'variants.py'}:13" in broken and "Danse" in broken
    assert counted.startswith(f"variants.counted.parameters: 123 printed, but {tmp_path / 'variants.py'}: sound")
