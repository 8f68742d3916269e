"""The stage that explains an architecture's cells: its tables against models whose rule is known."""

import json

import numpy as np
import pandas as pd
import pytest
from small_results import CLASSES, write_results

from analysis.bias import bias
from analysis.bias.thresholds import NOT_EVALUABLE
from analysis.explanations import explain, probes
from analysis.tidy import read_table

SIDE = 64


def model(broken: bool = False):
    """Answers the second class the brighter the film's left half is, and the first one else."""
    import keras
    from keras import layers

    inputs = keras.Input((SIDE, SIDE, 1))
    maps = layers.Conv2D(1, 1, activation="relu", name="maps")(inputs)
    outputs = layers.Dense(len(CLASSES), activation="softmax", name="head")(layers.Flatten()(maps))
    built = keras.Model(inputs, outputs)
    kernel = np.zeros((SIDE, SIDE, len(CLASSES)), "float32")
    kernel[:, : SIDE // 2, 1] = np.nan if broken else 0.01
    built.get_layer("maps").set_weights([np.full((1, 1, 1, 1), 0.01), np.zeros(1)])
    built.get_layer("head").set_weights([kernel.reshape(-1, len(CLASSES)), np.array([1.0, 0.0, -9.0])])
    return built


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Half of the films hold a bright breast at the left, half a dark one at the right."""
    monkeypatch.chdir(tmp_path)
    study = write_results(tmp_path)
    results = study.results()
    samples = pd.read_parquet(results / "samples.parquet")
    samples = samples.assign(view="CC", variant="original", reflected=False, rotation=0)
    samples.to_parquet(results / "samples.parquet")
    images, masks = np.zeros((2, len(samples), SIDE, SIDE), np.uint8)
    for row in samples["row"]:
        place = slice(2, 30) if row % 4 < 2 else slice(-30, -2)
        images[row, 8:56, place], masks[row, 8:56, place] = (200 if row % 4 < 2 else 60), 1
    np.save(results / f"images_{SIDE}.npy", images)
    np.save(results / f"masks_{SIDE}.npy", masks)
    chosen = [
        probes.choose_probes(pd.read_parquet(results / f"folds/{protocol}.parquet"), samples, 2, 200, 1)
        for protocol in study.protocols
    ]
    tables = [table.assign(protocol=name) for table, name in zip(chosen, study.protocols, strict=True)]
    pd.concat(tables).to_csv(results / "tables/probes.csv", index=False)
    return study


def explained(study, broken: bool = False) -> dict[str, pd.DataFrame]:
    for protocol in study.protocols:
        for fold in {"published": [0], "by_patient": [0, 1]}[protocol]:
            folder = study.cell_folder("simple", protocol, fold)
            model(broken).save(folder / "model.keras")
            (folder / "runtime.json").write_text(json.dumps({"cam_layer": "maps"}))
            (folder / "hyperparameters.json").write_text("{}")
    explain.explain_architecture(study, "simple")
    explain.collect(study)
    return {name: read_table(study.results(), name) for name in explain.TABLES}


def test_every_probe_is_explained_by_its_own_cell(study):
    tables = explained(study)
    expected = read_table(study.results(), "probes")
    answers = tables["gradcam"].merge(expected, on=["protocol", "probe"], suffixes=("", "_of"), validate="1:1")
    assert len(answers) == len(expected) == 8 and (answers["sample"] == answers["sample_of"]).all()
    left = answers["row"] % 4 < 2
    assert answers.loc[left, "predicted"].eq(CLASSES[1]).all() and answers.loc[~left, "predicted"].eq(CLASSES[0]).all()
    # The brightness at the left speaks for the second class, so that all its heat is in the breast.
    assert answers.loc[left, "heat_in_breast"].to_numpy() == pytest.approx(1)
    changed = tables["interventions"].set_index(["protocol", "probe", "edit"]).sort_index()
    mirrored = changed.xs("mirror", level="edit")
    assert (
        mirrored["flipped"].astype(bool).reindex(pd.MultiIndex.from_frame(answers[["protocol", "probe"]])[left]).all()
    )
    assert set(tables["sanity"]["check"]) >= {"randomisation", "class_sensitivity", "deletion", "insertion", "folds"}
    with np.load(study.results() / "cams/simple.npz") as maps:
        shown = expected[expected["shown"]].groupby("protocol").size()
        assert {name: len(maps[name]) for name in study.protocols} == shown.to_dict()


def test_a_model_without_numbers_is_no_verdict(study):
    tables = explained(study, broken=True)
    assert tables["gradcam"]["note"].str.contains("zero map").all() and tables["gradcam"]["predicted"].isna().all()
    columns = ["architecture", "protocol", "factor", "group", "metric", "n_units", "rest", "difference", "ci_low"]
    pd.DataFrame(columns=[*columns, "ci_high", "note"]).to_csv(study.results() / "tables/groups.csv", index=False)
    skill = pd.DataFrame({"architecture": "simple", "protocol": study.protocols, "skill": "yes"})
    skill.to_csv(study.results() / "tables/headline.csv", index=False)
    assert set(bias.judge(study)["verdict"]) == {NOT_EVALUABLE}
