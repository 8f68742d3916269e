"""Answers of the service: published contract, predictions and maps of the cell, model card."""

import base64
import io
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="fastapi is not installed: make app")

from fastapi.testclient import TestClient

from analysis.explanations.gradcam import GRADCAM, METHODS, Explainer, enlarged, scaled
from app.api import create_app, prediction
from app.model.picture import png
from app.model.served import Answer, Served, traced_gradcam
from app.settings import Settings
from benchmarks.cells.model import build_model, saved_model


@pytest.fixture(scope="module")
def client(trained_cell):
    with TestClient(create_app(Settings(model=trained_cell, threads=2))) as client:
        yield client


@pytest.fixture(scope="module")
def served(client) -> Served:
    return client.app.state.served


def form(content: bytes) -> dict:
    return {"image_": ("film.png", content, "image/png")}


@pytest.fixture(scope="module")
def tested(trained_cell) -> pd.DataFrame:
    """Return the cell's predictions for its test part, with the row of each image."""
    rows = pd.read_parquet(trained_cell.parents[3] / "samples.parquet")[["sample", "row"]]
    return pd.read_parquet(trained_cell / "predictions.parquet").merge(rows, on="sample")


@pytest.fixture(scope="module")
def film(served, tested) -> np.ndarray:
    """Return a test film, uint8 (32, 32)."""
    return np.array(served.cell.images[tested["row"].iloc[0]])


def test_published_client_gets_published_answer(client, film):
    # As the published page: requests.post(url, files={"image_": (name, bytes, type)}).json()["heatmap"]
    answer = client.post("/generate_heatmap", files=form(png(film)))
    assert answer.status_code == 200 and list(answer.json()) == ["heatmap"]
    assert "x-out-of-distribution" not in answer.headers
    picture = Image.open(io.BytesIO(base64.b64decode(answer.json()["heatmap"], validate=True)))
    assert picture.format == "JPEG" and picture.size == (224, 224)


def test_predictions_equal_those_of_the_cell(client, served, tested):
    for row in tested.head(8).to_dict("records"):
        found = client.post("/predict", files=form(png(np.array(served.cell.images[row["row"]])))).json()
        if not found["in_distribution"]:
            continue
        expected = {name: row[f"p_{name}"] for name in served.classes}
        assert found["probabilities"] == pytest.approx(expected, abs=1e-5)
        assert found["predicted"] == row["predicted"]
        malignant = sum(value for name, value in expected.items() if name.endswith("Malignant"))
        assert found["severity"]["probabilities"]["malignant"] == pytest.approx(malignant, abs=1e-5)
        assert found["severity"]["verdict"] == ("malignant" if malignant > 0.5 else "benign")
        densities = {d: sum(v for name, v in expected.items() if name.startswith(f"Density{d}")) for d in "1234"}
        assert found["density"]["probabilities"] == pytest.approx(densities, abs=1e-5)
        assert found["density"]["verdict"] == max(densities, key=densities.get)


@pytest.mark.parametrize("method", METHODS)
def test_heat_maps_equal_those_of_the_study(served, trained_cell, tested, method):
    explainer = Explainer(saved_model("simple", trained_cell / "model.keras"), served.explainer.layer)
    images = np.array(served.cell.images[tested["row"].iloc[:3]])
    for target in range(len(served.classes)):
        expected = scaled(explainer.maps(images[..., None].astype("float32"), np.full(3, target), method))
        for image, own in zip(images, expected, strict=True):
            np.testing.assert_allclose(served.answer(image, target, method).heat, own, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "variant", "policy", "options"),
    [
        ("shufflenet", "corrected", "float32", {"units": [1, 1, 1], "width": 0.5}),
        ("vgg16", "published", "mixed_float16", {"width": 0.1}),
    ],
)
def test_traced_and_untraced_grad_cam_are_equal(architecture, variant, policy, options):
    import keras
    import keras_tuner

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    # With this seed, the maps are not zero.
    keras.utils.set_random_seed(0)
    try:
        hp = keras_tuner.HyperParameters() if variant == "corrected" else None
        model, layer = build_model(architecture, variant=variant, hp=hp, classes=8, image_size=64, options=options)
    finally:
        keras.config.set_dtype_policy(before)
    explainer = Explainer(model, layer)
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 1)).astype("float32")
    targets = np.array([2, 7, 0], np.int32)
    probabilities, maps = traced_gradcam(explainer)(images, targets)
    expected = explainer.maps(images, targets)
    assert expected.max() > 0
    np.testing.assert_allclose(scaled(enlarged(maps.numpy(), 64)), scaled(expected), atol=1e-3)
    np.testing.assert_allclose(probabilities, explainer.predict(images), atol=1e-3)


def test_probabilities_that_are_not_finite_give_no_verdict(served):
    answer = Answer(np.full(8, np.nan, np.float32), 0, np.zeros((32, 32), np.float32), 0.0, None)
    found = prediction(served, answer, None)
    assert found.in_distribution and found.predicted is found.severity is None and "finite" in found.reason


def test_the_map_is_of_the_predicted_class_by_default(client, served, film):
    answered = int(served.answer(film).target)
    other = (answered + 1) % len(served.classes)
    usual, named, another = (
        client.post("/generate_heatmap", params={"details": True} | query, files=form(png(film))).json()
        for query in ({}, {"class": served.classes[answered]}, {"class": served.classes[other]})
    )
    assert usual == named and usual["predicted"] and usual["method"] == GRADCAM
    assert another["class"] == served.classes[other] and not another["predicted"]
    plain = client.post("/generate_heatmap", params={"overlay": 0}, files=form(png(film))).json()["heatmap"]
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(plain))), int)
    expected = np.asarray(Image.fromarray(film).resize((224, 224), Image.Resampling.BILINEAR), int)
    assert np.abs(grey.mean(axis=-1) - expected).mean() < 2 and np.ptp(grey, axis=-1).max() < 8


def test_heat_map_keeps_the_aspect_ratio_of_the_film(client, film):
    tall = np.asarray(Image.fromarray(film).resize((100, 200)))
    heatmap = client.post("/generate_heatmap", files=form(png(tall))).json()["heatmap"]
    assert Image.open(io.BytesIO(base64.b64decode(heatmap))).size == (112, 224)


@pytest.mark.parametrize("query", ["?class=Density9Benign", "?method=published", "?overlay=1.5", "?overlay=nan"])
def test_a_wrong_parameter_is_named(client, film, query):
    answer = client.post(f"/generate_heatmap{query}", files=form(png(film)))
    assert answer.status_code == 422 and answer.json()["detail"].startswith(query[1:].split("=")[0])


def test_a_form_without_a_file_is_refused(client):
    assert client.post("/predict").json() == {"detail": "image_: Field required"}
    assert client.post("/predict", files={"image": b"x"}).status_code == 422


def test_model_card_has_honest_scores_and_bias_findings(client, trained_cell):
    card = client.get("/model").json()
    assert (card["architecture"], card["study"], card["protocol"], card["fold"]) == ("simple", "small", "by_patient", 0)
    assert card["scores"]["accuracy"] == {"estimate": 0.25, "ci_low": 0.15, "ci_high": 0.35}
    assert (card["scores"]["n_units"], card["scores"]["unit"]) == (40, "patients")
    names = ("majority", "stratified", "thumbnail_logistic", "imagenet_logistic")
    assert card["scores"]["baselines"] == dict(zip(names, (0.3, 0.1, 0.2, 0.35), strict=True))
    assert card["published"]["accuracy"]["estimate"] == 0.9
    severity = card["scores"]["severity"]
    assert severity["sensitivity"] == {"estimate": 0.5, "ci_low": None, "ci_high": None}
    assert "specificity" not in severity
    assert card["bias"]["summary"] == "1 of 2 verdicts flag it; 1 are not evaluable."
    findings = card["bias"]["findings"]
    assert findings[0]["region_or_group"] == "border" and [row["q"] for row in findings] == [0.0002, 0.4, None]
    assert card["out_of_distribution"]["threshold"] > 0 and "diagnostic device" in card["disclaimer"]
    home = client.get("/")
    assert "0.25 (95 % interval 0.15 to 0.35, 40 patients)" in home.text and "diagnostic device" in home.text


def test_probes_are_images_of_the_test_part(client, served, tested):
    probes = client.get("/probes").json()
    assert probes and {probe["fold"] for probe in probes} == {0}
    shown = np.asarray(Image.open(io.BytesIO(client.get(probes[0]["url"]).content)))
    assert any(np.array_equal(shown, served.cell.images[row]) for row in tested["row"])
    assert client.get("/probes/9999.png").status_code == 404


def test_notes_name_missing_tables_and_factors(trained_cell, tmp_path, film):
    study = shutil.copytree(trained_cell.parents[3], tmp_path / "other")
    shutil.rmtree(study / "tables")
    samples = pd.read_parquet(study / "samples.parquet")
    samples.assign(severity=None, density=pd.NA).to_parquet(study / "samples.parquet")
    with TestClient(create_app(Settings(model=study / "cells/simple/by_patient/0"))) as client:
        found = client.post("/predict", files=form(png(film))).json()
        assert found["severity"] is found["density"] is None and found["in_distribution"]
        missing = [f"not every class of this study has one {factor}" for factor in ("severity", "density")]
        assert found["notes"] == missing
        card = client.get("/model").json()
        assert card["scores"] is card["bias"] is None and "no scores under by_patient" in " ".join(card["notes"])
        assert client.get("/probes").json() == []


def test_a_model_without_skill_is_not_judged(trained_cell, tmp_path):
    study = shutil.copytree(trained_cell.parents[3], tmp_path / "other")
    bias = pd.read_csv(study / "tables/bias.csv")
    bias.assign(verdict="not evaluable", note="no skill").to_csv(study / "tables/bias.csv", index=False)
    with TestClient(create_app(Settings(model=study / "cells/simple/by_patient/0"))) as client:
        found = client.get("/model").json()["bias"]
        assert found["summary"].startswith("not evaluable: no skill.") and "chance" in found["summary"]
        assert {(row["verdict"], row["note"]) for row in found["findings"]} == {("not evaluable", "no skill")}
        assert found["findings"][0]["effect"] == 0.2
        assert "not evaluable: no skill." in client.get("/").text


def test_every_answer_has_an_example_in_the_schema(client):
    schema = client.get("/openapi.json").json()
    for name in ("Prediction", "KnownFilm", "Heatmap", "Problem", "Health", "Factor", "Probe"):
        assert schema["components"]["schemas"][name]["examples"]
    assert {"503", "504", "413", "415", "422"} < set(schema["paths"]["/predict"]["post"]["responses"])
