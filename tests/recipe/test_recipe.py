"""The recipe: its views, its objective, its optimizer, cached maps, and cells trained by it."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prepared_study import prepared_study

from benchmarks import backend
from benchmarks.cells.cell import Cell
from benchmarks.cells.load import load
from benchmarks.cells.model import saved_model
from benchmarks.errors import BadInput
from benchmarks.recipe.augmentation import augmented
from benchmarks.recipe.feeding import CachedViews, Views
from benchmarks.recipe.maps import write_maps
from benchmarks.recipe.objective import Objective
from benchmarks.recipe.optimizer import LayerwiseAdamW, WeightAverage, layer_rates, rate_schedule
from benchmarks.study.recipe import DEFAULTS
from benchmarks.study.study import load_study
from benchmarks.training import train

STUDY = {
    "description": "Recipes on phantoms.",
    "seed": 3,
    "dataset": {"name": "phantom", "patients": 24},
    "image_size": 64,
    "protocols": ["by_patient"],
    "folds": 2,
    "recipe": {"epochs": 2},
    "architectures": {"simple": {}, "efficientnet_lite": {"recipe": {"cached_views": 2}}},
}


def film(side: int = 24) -> np.ndarray:
    image = np.zeros((side, side), np.uint8)
    image[4:12, 6:18] = 200
    return image


def test_strength_zero_changes_nothing_and_a_seed_gives_the_same_view():
    image = film()
    assert (augmented(image, 0, np.random.default_rng(1)) == image).all()
    one, again, other = (augmented(image, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any() and one.dtype == np.uint8 and one.shape == image.shape


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_a_view_keeps_about_the_area_and_the_grey_level(seed):
    image = np.zeros((96, 96), np.uint8)
    image[36:60, 36:60] = 200  # far from the edges, beyond which the image is mirrored
    view = augmented(image, 1.0, np.random.default_rng(seed))
    area = (view > view.max() / 2).sum() / 24**2
    assert np.exp(-0.45) < area < np.exp(0.45)  # scale e^(+-0.2) in both directions
    level = (200 / 255) ** np.exp(0.3) * 0.85, (200 / 255) ** np.exp(-0.3) * 1.15
    assert 255 * level[0] - 2 <= np.median(view[view > view.max() / 2]) <= min(255, 255 * level[1] + 2)


def test_a_view_of_an_image_with_surroundings_shows_them_in_place_of_a_reflection():
    image = film(32)
    reflected = augmented(image, 1.0, np.random.default_rng(3), np.pad(image, 16, "reflect"))
    assert (reflected == augmented(image, 1.0, np.random.default_rng(3))).all()
    around = np.full((64, 64), 255, np.uint8)
    around[16:48, 16:48] = image
    assert any(augmented(image, 1.0, np.random.default_rng(seed), around).max() > 240 for seed in range(20))


def test_the_objective_of_one_sample_by_hand():
    heads = {"severity": np.array([0, 1, 0, 1]), "density": np.array([0, 0, 1, 1])}
    recipe = DEFAULTS | {"label_smoothing": 0.1, "density_weight": 0.3}
    own = Objective(heads, recipe, np.array([0, 1, 2, 3]))
    logits = np.log(np.array([[0.2, 0.8, 0.4, 0.6]], np.float32))
    severity = -(0.05 * np.log(0.2) + 0.95 * np.log(0.8))
    assert float(own.loss(np.array([3]), logits)[0]) == pytest.approx(severity - 0.3 * np.log(0.6), rel=1e-5)
    assert float(own.crossentropy(np.array([3]), logits)[0]) == pytest.approx(-np.log(0.8 * 0.6), rel=1e-5)
    assert [float(own.accuracy(np.array([label]), logits)[0]) for label in range(4)] == [0, 0, 0, 1]


def test_balanced_classes_weigh_by_their_inverse_frequency():
    heads = {"classes": np.arange(2)}
    own = Objective(heads, DEFAULTS | {"class_weights": "balanced", "label_smoothing": 0.0}, np.array([0, 0, 0, 1]))
    losses = np.asarray(own.loss(np.array([0, 1]), np.zeros((2, 2), np.float32)))
    assert losses == pytest.approx(np.log(2) * np.array([4 / 6, 2]), rel=1e-5)


def test_the_rate_rises_from_zero_and_falls_to_zero():
    schedule = rate_schedule(DEFAULTS | {"learning_rate": 0.1, "warmup": 0.2}, 100)
    rates = [float(schedule(step)) for step in (0, 10, 20, 60, 100)]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.05, 0], abs=1e-6)
    constant = rate_schedule(DEFAULTS | {"learning_rate": 0.1, "warmup": 0.2, "schedule": "constant"}, 100)
    assert [float(constant(step)) for step in (10, 50, 100)] == pytest.approx([0.05, 0.1, 0.1])


def test_each_layer_moves_at_its_own_rate():
    """Adam's first step is the rate itself, whatever the gradient."""
    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2, use_bias=False) for _ in range(3))])
    head = model.layers[-1]
    before = [layer.get_weights()[0] for layer in model.layers]
    rates = layer_rates(model, head, 0.25, 3.0)
    model.compile(LayerwiseAdamW(rates, learning_rate=0.01, weight_decay=0.0), "mse")
    model.fit(np.array([[1.0, 2.0]]), np.array([[9.0, -9.0]]), verbose=0)
    moved = [np.abs(layer.get_weights()[0] - old).max() for layer, old in zip(model.layers, before, strict=True)]
    assert moved == pytest.approx([0.0025, 0.01, 0.03], rel=1e-3)


def test_the_average_is_the_exponential_one_of_the_weights():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[0.0]])])
    average = WeightAverage(0.9)
    average.set_model(model)
    average.on_train_begin()
    expected = 0.0
    for step, weight in enumerate([1.0, 2.0, 3.0]):
        model.set_weights([np.array([[weight]])])
        average.on_train_batch_end(step)
        momentum = min(0.9, (1 + step) / (10 + step))
        expected = momentum * expected + (1 - momentum) * weight
    average.on_train_end()
    assert model.get_weights()[0] == pytest.approx(expected)


def test_views_from_a_later_epoch_on_are_those_of_that_epoch():
    x, y = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 1), np.uint8), np.arange(10)
    maps = np.random.default_rng(1).normal(size=(10, 4, 2, 2, 3)).astype("float16")
    kinds = [
        lambda first: Views(x, y, 4, 5, 1.0, first),
        lambda first: CachedViews(maps, np.arange(10), y, 4, 5, first),
    ]
    for kind in kinds:
        early, late = kind(0), kind(2)
        for number in range(6):
            for one, other in zip(early[2 * early.steps + number], late[number], strict=True):
                np.testing.assert_array_equal(one, other)
        assert any((one != other).any() for one, other in zip(early[0], late[0], strict=True))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    backend.prepare(1)
    with prepared_study(tmp_path_factory.mktemp("recipe"), STUDY) as found:
        write_maps(found, "efficientnet_lite", threads=1)
        train(found, "efficientnet_lite", "by_patient", 0, 1)
        train(found, "simple", "by_patient", 0, 1)
        yield found


def test_maps_are_those_of_the_film_its_mirror_image_and_two_views(study):
    maps = np.load(study.results() / "maps_efficientnet_lite.npy")
    samples = pd.read_parquet(study.results() / "samples.parquet")
    assert maps.shape == (samples["upright"].sum(), 4, 4, 4, 112) and maps.dtype == np.float16
    model = saved_model("efficientnet_lite", study.cell_folder("efficientnet_lite", "by_patient", 0) / "model.keras")
    trunk = keras.Model(model.input, model.get_layer("block_10").output)
    image = np.load(study.results() / "images_64.npy")[samples.index[samples["upright"]][:1]]
    both = np.concatenate([image, image[:, :, ::-1]])[..., np.newaxis].astype("float32")
    np.testing.assert_allclose(trunk.predict(both, verbose=0), maps[0, :2], rtol=2e-3, atol=2e-3)


def test_layers_up_to_the_cut_and_all_statistics_stay_as_pretrained(study):
    import architectures

    pretrained = architectures.load("efficientnet_lite").shipped_weights()
    model = saved_model("efficientnet_lite", study.cell_folder("efficientnet_lite", "by_patient", 0) / "model.keras")
    frozen = [layer.name for layer in model.layers[: model.layers.index(model.get_layer("block_10"))]]
    changed = {
        name: [not np.array_equal(a, b) for a, b in zip(model.get_layer(name).get_weights(), arrays, strict=True)]
        for name, arrays in pretrained.items()
    }
    assert not any(any(each) for name, each in changed.items() if name in frozen)
    assert all(each[0] for name, each in changed.items() if name not in frozen and "convolution" in name)
    assert not any(any(each[2:]) for name, each in changed.items() if "normalisation" in name)


@pytest.mark.parametrize("name", ["simple", "efficientnet_lite"])
def test_a_cell_has_all_files_and_its_model_gives_its_answers(study, name):
    cell = Cell(study, name, "by_patient", 0)
    table = pd.read_parquet(cell.folder / "predictions.parquet")
    data = load(cell)
    model = saved_model(name, cell.folder / "model.keras")
    x = np.asarray(data.parts["test"].x)
    images = [x, x[:, :, ::-1], *([x[:, ::-1], x[:, ::-1, ::-1]] if name == "simple" else [])]
    answers = np.mean([model.predict(one.astype("float32"), verbose=0) for one in images], axis=0)
    np.testing.assert_allclose(table.filter(regex="^p_").to_numpy(), answers, atol=1e-4)
    history = pd.read_csv(cell.folder / "history.csv")
    assert history["loss"].notna().all() and history["val_loss"].notna().tolist() == [False, True]
    trials = pd.read_csv(cell.folder / "trials.csv")
    assert trials[["batch_size", "learning_rate", "dropout", "augmentation"]].iloc[0].tolist() == [32, 3e-4, 0.3, 1.0]
    runtime = json.loads((cell.folder / "runtime.json").read_text())
    assert (runtime["batch_size"], runtime["learning_rate"], runtime["trials"]) == (32, 3e-4, 1)


def test_a_second_training_gives_the_same_bytes(study):
    for name in ("simple", "efficientnet_lite"):
        file = study.cell_folder(name, "by_patient", 0) / "predictions.parquet"
        kept = file.read_bytes()
        train(study, name, "by_patient", 0, 1)
        assert file.read_bytes() == kept


def test_a_list_of_values_is_searched(study):
    changes = {"recipe": {"epochs": 1, "learning_rate": [0.0001, 0.01]}, "search": {"structure": "default"}}
    found = load_study(json.dumps({"extends": "small.yaml"} | changes))
    train(found, "simple", "by_patient", 1, 1)
    trials = pd.read_csv(found.cell_folder("simple", "by_patient", 1) / "trials.csv")
    assert set(trials["learning_rate"]) == {0.0001, 0.01} and trials["best"].sum() == 1
    assert trials.loc[trials["best"], "score"].item() == trials["score"].min()


def test_with_validation_trained_no_answer_of_that_part_is_written(study):
    found = load_study(json.dumps({"extends": "small.yaml", "recipe": {"epochs": 1, "validation": "trained"}}))
    train(found, "simple", "by_patient", 1, 1)
    folder = found.cell_folder("simple", "by_patient", 1)
    assert pd.read_parquet(folder / "validation_predictions.parquet").empty
    assert pd.read_csv(folder / "history.csv")["val_loss"].isna().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": {"cached_views": 2}}, "architectures.simple.recipe: simple declares no cut_layer"),
        ({"recipe": {"dropout": 2}}, "architectures.simple.recipe.dropout: 2 is more than 0.9"),
        ({"recipe": {"rate": 2}}, "recipe: unknown key rate"),
        ({"recipe": {"learning_rate": [1e-3, 1e-4], "validation": "trained"}}, "are chosen by the validation part"),
        ({"recipe": {"learning_rate": [1e-3, 1e-4]}, "search": {"tuner": "hyperband"}}, "hyperband stops trials early"),
        (
            {"architectures": {"efficientnet_lite": {"pretrained": False, "recipe": {"cached_views": 2}}}},
            "the frozen layers of efficientnet_lite would stay random",
        ),
        ({"architectures": {"simple": {"pretrained": True}}}, "pretrained: no weights come with simple"),
    ],
)
def test_recipes_that_make_no_sense_are_refused_by_key(study, changes, message):
    with pytest.raises(BadInput, match=message):
        load_study(json.dumps({"extends": "small.yaml"} | changes))
