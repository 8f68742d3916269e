"""`make check PUBLICATION=NAME` builds each network, counts its parameters and trains it for one step."""

import copy

import pytest
import yaml

from benchmarks.check import publication as command
from benchmarks.publications import publication

CODE = """from keras import layers


def cnn(inputs, classes):
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs))
    return layers.Dense(classes, activation="softmax")(x)


def broken(inputs, classes):
    x = layers.Conv2D(4, 3)(inputs)
    return layers.Dense(classes)(x, nothing=1)


def colour(image):
    return image[..., None].repeat(3, axis=-1)


def late(image):
    raise ValueError("no film")
"""
PARAMETERS = (9 * 4 + 4) + (4 * 2 + 2)  # convolution, dense layer
RECIPE = {"image_size": 40, "channels": 1, "preprocessing": [{"divide": 255}], "augmentation": [], "loss": None}
RECIPE |= {"optimiser": {"name": "adam", "learning_rate": 0.001}, "schedule": None, "epochs": 3, "batch_size": 8}
RECIPE |= {"checkpoint": "last", "precision": "float32", "weights": "none", "seed": 1}
STEP = {
    "files": "all",
    "rule": "train_test_split",
    "share": 0.2,
    "stratify": True,
    "seed": 1,
    "into": ["train", "test"],
}
CONTENT = {
    **{"title": "A trial", "authors": None, "year": 2024, "identifiers": {"number": "1"}, "licence": "none stated"},
    "data": {"films": {"dataset": "phantom", "title": "Phantoms", "options": {"label": "severity"}}},
    "split": {"steps": [STEP], "sizes": {}},
    "recipe": RECIPE,
    "variants": {"cnn": {"function": "cnn", "form": "small", "parameters": PARAMETERS}},
    "figures": [{"variant": "cnn", "part": "test", "where": "table 1", "n": 50, "unit": "file"}],
    **{"code": {}, "claims": [], "unknown": {"authors": "not stated", "recipe": "not stated"}},
}
CONTENT["data"]["films"]["classes"] = ["benign", "malignant"]
CONTENT["figures"][0]["values"] = {"accuracy": "0.96"}


@pytest.fixture
def checked(tmp_path):
    """Return a function that writes a publication with changes by key, and checks it."""

    def check(changes: dict, build: bool = True) -> tuple[list[str], list[str]]:
        content = copy.deepcopy(CONTENT)
        for key, value in changes.items():
            *above, last = [int(part) if part.isdecimal() else part for part in key.split(".")]
            place = content
            for part in above:
                place = place[part]
            place[last] = value
        folder = tmp_path / "trial"
        folder.mkdir()
        (folder / "publication.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        (folder / "variants.py").write_text(CODE)
        (folder / "README.md").write_text("A trial.")
        return command.check(str(folder / "publication.yaml"), build=build)

    return check


def test_a_network_with_the_printed_parameters_is_trained_for_one_step(checked, capsys):
    problems, told = checked({})
    assert problems == []
    assert f"variants.cnn: {PARAMETERS} parameters at 40 px, as printed" in told
    assert any("variants.cnn: one step of training at 32 px, loss 0." in line for line in told)
    assert "network 1 of 1: cnn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"variants.cnn.parameters": 7},
            f"parameters: 7 printed, but FOLDER/variants.py: cnn makes {PARAMETERS}",
        ),
        ({"variants.cnn.function": "broken"}, "variants.cnn: FOLDER/variants.py:11: cannot be built at 40 px: "),
        ({"recipe.preprocessing": [{"function": "colour"}]}, "variants.cnn: preprocessing makes 32 x 32 x 3 of images"),
        (
            {"recipe.preprocessing": [{"function": "late"}]},
            "variants.cnn: FOLDER/variants.py:19: preprocessing fails: ValueError: no film; correct this line",
        ),
        ({"recipe.loss": "mse"}, "variants.cnn: recipe.loss: mse can't be replayed; known: "),
        ({"recipe.optimiser.name": "best"}, "recipe.optimiser: {'name': 'best'"),
        ({"split.steps.0.files": "before", "split.sizes": {"test": 3}}, "split.sizes.test: 3 files, but the split of"),
        (
            {"data.films.classes": ["benign", "cancer"]},
            "other classes than in publication.yaml (cancer, malignant)",
        ),
    ],
)
def test_a_problem_has_file_key_and_correction(checked, tmp_path, changes, words):
    try:
        problems, _ = checked(changes)
    except publication.BadInput as error:
        problems = [str(error)]
    assert len(problems) == 1 and words.replace("FOLDER", f"{tmp_path}/trial") in problems[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variants.cnn": {"form": "small", "parameters": 7}}, "variants.cnn: not built; write its function"),
        ({"recipe": None}, "variants.cnn: parameters not compared; the image size is not known"),
        ({"recipe": None}, "variants.cnn: not trained; recipe.optimiser is not known, and a replay needs it"),
    ],
)
def test_what_can_not_be_built_or_trained_is_no_problem_and_says_what_is_missing(checked, changes, words):
    problems, told = checked(changes)
    assert problems == [] and any(words in line for line in told)


def test_the_split_is_made_as_a_replay_makes_it_and_its_copies_are_counted(checked):
    _, told = checked({}, build=False)
    line = next(line for line in told if "as a replay makes it" in line)
    assert "test files have a copy of their source in training" in line
    assert not any("one step" in line for line in told)


def test_the_survey_row_ends_with_a_study_to_copy(checked, tmp_path):
    _, told = checked({}, build=False)
    assert "  printed accuracy: 0.96 of cnn (table 1)" in told
    assert any(line.startswith("  arithmetic: 0 of ") for line in told)
    start = next(number for number, line in enumerate(told) if "write this one as" in line)
    study = yaml.safe_load("\n".join(told[start + 1 :]))
    assert study["publications"]["trial"] == {"variants": {"cnn": {}}, "image_size": 64, "epochs": 3}
    assert study["dataset"] == {"name": "phantom", "label": "severity"}


def test_a_publication_of_figures_alone_says_why_it_has_no_replay():
    _, told = command.check("esen_2025", build=False)
    assert any("no replay: " in line and "split is not known" in line for line in told)
