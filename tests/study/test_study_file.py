"""Studies that extend others, and changes from the command line."""

import json
import re

import pytest
import yaml
from conftest import ROOT
from plain_studies import GOOD

from benchmarks.errors import BadInput
from benchmarks.study.study import load_study
from benchmarks.study.study_file import SCHEMA, configured, read_study

BASE = GOOD | {
    "description": "The base.",
    "training": {"epochs": 7, "patience": 3},
    "architectures": {"all": {}, "vgg16": {"width": 0.1}, "alexnet": {"image_size": 67}},
    "claims": "published",
}


@pytest.fixture
def write(tmp_path):
    def write(name: str = "mine", folder: str = ".", **content) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        path = tmp_path / folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return str(path)

    write("base", **BASE)
    return write


def test_an_extension_changes_only_the_keys_that_it_names(write):
    base = load_study(write("base", **BASE))
    mine = load_study(write(extends="base.yaml", description="Mine.", training={"epochs": 9}, protocols=["by_source"]))
    assert (mine.name, mine.description, mine.training["epochs"]) == ("mine", "Mine.", 9)
    assert mine.training["patience"] == 3 and mine.protocols == ["by_source"] and mine.claims == base.claims
    assert mine.architectures == base.architectures and mine.dataset == base.dataset


def test_null_takes_an_inherited_key_out(write):
    changes = {"claims": None, "training": {"patience": None}, "dataset": {"patients": None}}
    mine = load_study(write(extends="base.yaml", description="Mine.", **changes))
    assert mine.claims is None and mine.training["patience"] == 15 and mine.dataset["patients"] == 40


def test_null_leaves_an_architecture_out_even_where_all_are_asked_for(write):
    left = load_study(write(extends="base.yaml", description="Mine.", architectures={"vgg16": None, "simple": None}))
    assert set(load_study(write("base", **BASE)).architectures) - set(left.architectures) == {"vgg16", "simple"}
    few = load_study(write(extends="base.yaml", description="Mine.", architectures={"all": None, "vgg16": {}}))
    assert few.architectures == {"vgg16": {"width": 0.1}}
    with pytest.raises(BadInput, match="architectures: none is left"):
        load_study(write(extends="base.yaml", description="Mine.", architectures={"all": None}))


def test_another_data_set_brings_none_of_the_old_ones_options(write):
    mine = load_study(write(extends="base.yaml", description="Mine.", dataset={"name": "planted", "strength": 0.5}))
    assert mine.dataset["patients"] == 160 and mine.dataset["strength"] == 0.5


def test_extensions_form_chains_from_folder_to_folder(write):
    write("middle", "sub", extends="../base.yaml", description="Middle.", folds=4, seed=2)
    last = write("last", "sub/", extends="middle.yaml", description="Last.", seed=3)
    study = load_study(last)
    assert (study.folds, study.seed, study.image_size) == (4, 3, 64)
    assert [path.name for path in study.source.files] == ["last.yaml", "middle.yaml", "base.yaml"]
    assert "# middle.yaml, which it extends:" in study.source.text and "folds: 4" in study.source.text


def test_a_shipped_study_is_extended_by_its_name(write):
    mine = load_study(write(extends="laptop", description="Mine.", protocols=["by_patient"], control={"protocols": []}))
    assert mine.dataset["name"] == "mendeley_inbreast" and mine.protocols == ["by_patient"]


def test_claims_lie_beside_the_study_that_names_them(write, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/theirs.yaml").write_text((ROOT / "benchmarks/publications/alves/publication.yaml").read_text())
    write("middle", "sub", extends="../base.yaml", description="Middle.", claims="theirs.yaml")
    assert load_study(write(extends="sub/middle.yaml", description="Mine.")).claims == tmp_path / "sub/theirs.yaml"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"extends": "bse.yaml", "description": "x"}, "mine.yaml: extends: bse.yaml: neither a study ("),
        ({"extends": ["base.yaml"], "description": "x"}, "extends: ['base.yaml'] is neither the name of a study nor"),
        (
            {"extends": "base.yaml"},
            "mine.yaml: description is missing; say how this study differs from base.yaml",
        ),
        (
            {"extends": "mine.yaml", "description": "x"},
            "mine.yaml: it extends itself, through mine.yaml; remove one `extends`",
        ),
        ({"extends": "base.yaml", "description": "x", "folds": 1}, "base.yaml:\n  - folds: 1 is less than the minimum"),
        ({"extends": "base.yaml", "description": "x", "fold": 1}, "(top level): unknown key fold; allowed: "),
    ],
)
def test_a_wrong_extension_is_named_with_its_files(write, content, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        load_study(write(**content))


def test_the_command_line_changes_keys_of_a_study():
    """Read numbers inside lists and mappings of --config, which Snakemake leaves as text."""
    argument, data = configured({"study": "laptop", "data": "x.zip", "folds": 4, "search": {"trials": "5"}})
    assert json.loads(argument) == {"extends": "laptop", "folds": 4, "search": {"trials": 5}} and data == "x.zip"
    study = load_study(argument)
    assert (study.name, study.folds, study.search["trials"]) == ("laptop", 4, 5)
    assert study.description == load_study("laptop").description
    assert study.source.overrides == {"folds": 4, "search": {"trials": 5}} and study.source.argument == argument
    assert read_study(study.source.argument).content == study.source.content
    assert configured({}) == ("demo", None) and configured({"study": "laptop"}) == ("laptop", None)


@pytest.mark.parametrize("key", ["fold", "extends", "description", "folds "])
def test_a_key_that_no_study_has_is_refused(key):
    with pytest.raises(
        BadInput, match=re.escape(f"--config {key}: unknown; allowed: study, data, and of a study seed,")
    ):
        configured({key: 3})


@pytest.mark.parametrize("argument", ["{folds: 3}", "{extends: 3}", "{extends: demo"])
def test_a_mapping_must_name_the_study_to_change(argument):
    with pytest.raises(BadInput, match="study="):
        read_study(argument)


def test_the_configuration_is_explained_key_by_key():
    text = (ROOT / "config/README.md").read_text()
    assert not [key for key in ("study", "data", *SCHEMA["properties"]) if f"`{key}`" not in text]
    assert configured(yaml.safe_load((ROOT / "config/config.yaml").read_text())) == ("demo", None)
