"""Several data sets together; tests on a data set that was not used for training."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from plain_studies import plain_study

from analysis.audit.leakage import audit
from analysis.scores import tables
from analysis.scores.external import NO_DIFFERENCE, WORSE
from analysis.scores.external import external as external_table
from benchmarks import datasets, protocols
from benchmarks.errors import BadInput
from benchmarks.samples.folds import make_folds
from benchmarks.samples.samples import write_samples
from benchmarks.study.study import load_study

SETS = {"north": {"name": "phantom", "patients": 24}, "south": {"name": "phantom", "patients": 32, "noise": 20}}
STUDY = {
    "description": "Two hospitals.",
    "seed": 1,
    "dataset": {"name": "several", "sets": SETS},
    "image_size": 32,
    "protocols": ["by_patient", "external"],
    "folds": 2,
    "external": {"test": ["north", "south"]},
    "architectures": {"simple": {}},
}


def write(place, **changes):
    path = place / "two.yaml"
    path.write_text(yaml.safe_dump(STUDY | changes))
    return str(path)


def films(*rows: tuple) -> pd.DataFrame:
    """Return upright originals from (data set, patient, label), each with a separate source."""
    table = pd.DataFrame(rows, columns=["dataset", "patient", "label"])
    table["sample"] = table["source"] = [f"f{number}" for number in range(len(table))]
    return table.assign(upright=True, folder="before").astype({"patient": "string", "source": "string"})


def hospitals(n=6) -> pd.DataFrame:
    """Return two classes with `n` patients each from three hospitals; patient p0 is in a and in b."""
    rows = [(name, f"{name}{i}", label) for name in "abc" for i in range(n) for label in ("benign", "malignant")]
    return films(*rows, ("a", "p0", "benign"), ("b", "p0", "malignant"))


def external(samples, test, **options):
    settings = plain_study(**options)
    settings.external["test"] = test
    return make_folds("external", samples, settings).merge(samples, on="sample")


def test_each_named_data_set_is_tested_after_training_on_the_others_without_shared_patients():
    found = external(hospitals(), ["a", "b"], repeats=2)
    assert found["fold"].unique().tolist() == [0, 1, 2, 3] and found["repeat"].unique().tolist() == [0, 1]
    for fold, tested in enumerate(["a", "b", "a", "b"]):
        own = found[found["fold"] == fold]
        of = {part: rows for part, rows in own.groupby("part")}
        assert set(of["test"]["dataset"]) == {tested} and len(of["test"]) == 13
        learnt = pd.concat([of["train"], of["validation"]])
        # Two other hospitals of six patients each, two films a patient; p0 is left out.
        assert tested not in set(learnt["dataset"]) and len(learnt) == 24 and "p0" not in set(learnt["patient"])
        assert not set(of["train"]["patient"]) & set(of["validation"]["patient"])
        assert 0 < of["validation"]["patient"].nunique() <= 4
    first, again = (set(found.loc[(found["fold"] == fold) & (found["part"] == "train"), "sample"]) for fold in (0, 2))
    assert first != again


def test_where_patients_are_unknown_sources_are_kept_together_in_validation():
    samples = hospitals().assign(patient=pd.array([pd.NA] * 38, "string"))
    samples["source"] = ["s" + str(number // 2) for number in range(len(samples))]
    found = external(samples, ["c"])
    parts = found.groupby("part")["source"].agg(set)
    assert not parts["train"] & parts["validation"] and not parts["train"] & parts["test"]


@pytest.mark.parametrize(
    ("samples", "test", "message"),
    [
        (hospitals(), ["d"], "external.test: d, but the data sets are a, b, c; name one of several in test.yaml"),
        (hospitals().assign(dataset="a"), ["a"], "external.test: a, but the data sets are a; name one of several"),
        (
            pd.concat([hospitals(), films(("a", "a9", "normal")).assign(sample="new", source="new")]),
            ["a"],
            "a is tested on classes that no other data set trains (normal); give all sets the same classes",
        ),
    ],
)
def test_an_impossible_external_test_is_refused(samples, test, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        external(samples, test)


def test_several_sets_keep_their_own_ids_and_images(tmp_path):
    whole = datasets.load({"name": "several", "sets": SETS}, None, 5)
    parts = [datasets.load(entry, None, seed) for entry, seed in zip(SETS.values(), (5, 6), strict=True)]
    n = len(parts[0].samples)
    assert len(whole.samples) == n + len(parts[1].samples) and whole.generated
    assert whole.samples["dataset"].value_counts().to_dict() == {"north": n, "south": len(parts[1].samples)}
    assert whole.samples["sample"][n] == f"south/{parts[1].samples['sample'][0]}"
    assert whole.samples["patient"].nunique() == 24 + 32
    for row, (part, own) in {0: (0, 0), n - 1: (0, n - 1), n: (1, 0), n + 7: (1, 7)}.items():
        np.testing.assert_array_equal(whole.native(row), parts[part].native(own))
        np.testing.assert_array_equal(whole.read(row, 40), parts[part].read(own, 40))
        np.testing.assert_array_equal(whole.mask(row, 40), parts[part].mask(own, 40))
    assert whole.file_size is None and whole.title.startswith(
        "north: Generated phantoms, 24 patients (seed 5); south: "
    )


def test_classes_follow_from_label_and_labels():
    severity = datasets.load({"name": "phantom", "patients": 24, "label": "severity"}, None, 0)
    assert severity.classes == ["benign", "malignant"]
    assert (severity.samples["label"] == severity.samples["severity"]).all()
    dense = {"name": "phantom", "patients": 24, "label": "density", "labels": {"1": "fatty", "2": "fatty"}}
    found = datasets.load(dense, None, 0)
    assert found.classes == ["3", "4", "fatty"]
    assert (found.samples["label"].eq("fatty") == found.samples["density"].isin([1, 2])).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "age"}, "dataset.label: 'age' is not allowed; allowed: label, severity, density"),
        ({"labels": ["benign"]}, "dataset.labels: ['benign'] is not a mapping of classes to classes, all of them text"),
        (
            {"data": "x"},
            "dataset.data: unknown option of phantom; allowed: patients, copies, side, noise, evidence, label, "
            "labels, boxed",
        ),
    ],
)
def test_a_wrong_option_of_any_data_set_stops_the_study(tmp_path, changes, message):
    path = write(tmp_path, dataset={"name": "phantom"} | changes, protocols=["by_patient"])
    with pytest.raises(BadInput, match=re.escape(message)):
        load_study(path)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({"labels": {"Benign": "b"}}, "dataset.labels: no class Benign to rename; there are: Density1Benign, "),
        ({"label": "severity", "labels": {"malignant": "benign"}}, "dataset.labels: benign is the only class left"),
    ],
)
def test_missing_classes_are_named(dataset, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        datasets.load({"name": "phantom", "patients": 24} | dataset, None, 0)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({"one": SETS["north"]}, "dataset.sets: two or more are needed"),
        (SETS | {"east": {"name": "phantoms"}}, "dataset.sets.east.name: 'phantoms' is not a data set; allowed:"),
        (SETS | {"a/b": {"name": "phantom"}}, "dataset.sets: 'a/b' is not a name for a set"),
        (SETS | {"real": {"name": "image_folder", "data": "gone"}}, "dataset.sets.real: data set image_folder:"),
        (SETS | {"all": {"name": "several", "sets": SETS}}, "dataset.sets.all: sets inside a set"),
        (SETS | {"east": {"name": "phantom", "patients": 1}}, "dataset.sets.east: data set phantom:"),
    ],
)
def test_a_wrong_set_is_named_before_any_work(tmp_path, sets, message):
    loaded = load_study(write(tmp_path, dataset={"name": "several", "sets": sets}, protocols=["by_patient"]))
    with pytest.raises(BadInput, match=re.escape(message)):
        loaded.check_data()


def test_a_study_says_which_sets_it_tests(tmp_path):
    loaded = load_study(write(tmp_path, repeats=2))
    assert loaded.cells("external") == [0, 1, 2, 3] and loaded.cells("by_patient") == [0, 1, 2, 3]
    for named, message in (
        ([], "external.test: protocol external needs"),
        (["east"], "'east' is not among dataset.sets"),
    ):
        with pytest.raises(BadInput, match=re.escape(message)):
            load_study(write(tmp_path, external={"test": named}))


def test_the_loss_on_another_data_set_is_paired_by_image(tmp_path, monkeypatch):
    """Test on `south` after external training: all correct predictions become wrong; on `north` none does."""
    monkeypatch.chdir(tmp_path)
    loaded = load_study(write(tmp_path, bootstrap=100))
    samples = hospitals().replace({"dataset": {"a": "north", "b": "south"}})
    samples = samples[samples["dataset"] != "c"].iloc[:24]
    (loaded.results() / "folds").mkdir(parents=True)
    samples.to_parquet(loaded.results() / "samples.parquet")
    folds = {"by_patient": np.arange(len(samples)) % 2, "external": (samples["dataset"] == "south").astype(int)}
    for protocol, fold in folds.items():
        table = samples[["sample"]].assign(fold=fold, part="test", repeat=0)
        table.to_parquet(loaded.results() / f"folds/{protocol}.parquet")
        for name in loaded.compared():
            for number in (0, 1):
                own = samples.loc[table["fold"] == number, ["sample", "source", "patient", "label"]]
                right = protocol == "by_patient" or number == 0
                own["predicted"] = own["label"] if right else "neither"
                folder = loaded.cell_folder(name, protocol, number)
                folder.mkdir(parents=True)
                own.to_parquet(folder / "predictions.parquet")
    found = external_table(loaded).query("architecture == 'simple'").set_index("dataset")
    assert found["accuracy"].to_dict() == {"north": 1, "south": 0, "all": 0.5}
    assert found["loss"].to_dict() == {"north": 0, "south": 1, "all": 0.5}
    assert found["internal"].eq(1).all() and found["n_units"].to_dict() == {"north": 6, "south": 6, "all": 12}
    assert found["verdict"].to_dict() == {"north": NO_DIFFERENCE, "south": WORSE, "all": WORSE}
    assert found.loc["south", ["loss_low", "loss_high"]].tolist() == [1, 1] and found.loc["all", "loss_low"] > 0
    loaded.protocols.remove("by_patient")
    alone = external_table(loaded)
    assert alone["internal"].isna().all() and alone["verdict"].str.startswith("not evaluable: ").all()
    loaded.protocols[:] = ["by_patient"]
    assert external_table(loaded).empty


def test_the_same_patient_under_two_names_is_found_by_pixels(tmp_path, monkeypatch):
    """Find films of one hospital in the other under new ids, by their pixels."""
    monkeypatch.chdir(tmp_path)
    loaded = load_study(write(tmp_path, protocols=["external"], bootstrap=100))
    phantoms = datasets.load(SETS["north"], None, 3)
    rows = phantoms.samples.index[phantoms.samples["upright"]][:20]
    for name, chosen in {"ours": rows[:16], "theirs": rows[12:]}.items():
        for number, row in enumerate(chosen):
            folder = tmp_path / name / phantoms.samples["severity"][row]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(phantoms.native(row)).save(folder / f"{number}.png")
    sets = {name: {"name": "image_folder", "data": name} for name in ("ours", "theirs")}
    loaded.dataset.update({"sets": sets})
    loaded.external["test"] = ["theirs"]
    write_samples(loaded, loaded.results())
    (loaded.results() / "folds").mkdir()
    samples = pd.read_parquet(loaded.results() / "samples.parquet")
    folds = make_folds("external", samples, loaded)
    folds.to_parquet(loaded.results() / "folds/external.parquet")
    audit(loaded)
    found = pd.read_csv(loaded.results() / "tables/leakage.csv").set_index(["part_a", "part_b", "kind"])["n_flagged"]
    known = found[("train", "test", "pixel_identical")] + found[("validation", "test", "pixel_identical")]
    assert known == 4
    assert tables.folds_table("external", folds, samples)["datasets"].tolist() == ["ours", "ours", "theirs"]
    assert tables.datasets_table(samples).query("label == 'all'")["before_files"].tolist() == [16, 8]
    assert protocols.base("external_permuted") == "external"
