"""Frozen features: what EfficientNet-Lite0, trained on ImageNet alone, makes of each image; once for all folds.

Writes results/<study>/features_<view>.npy, float32 (N, 2560), rows as in samples.parquet: mean and maximum of each of
the 1,280 last maps, averaged over the image and its mirror image. Rows that no fold needs are NaN.
"""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import backend, stored
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras

NETWORK = "efficientnet_lite"
BATCH = 16  # images at once
CHUNK = 256  # images in memory


def needed(study: Study, upright: np.ndarray) -> np.ndarray:
    """Return which samples are in some fold, bool (N,): originals alone unless the copies are trained on."""
    copies = PUBLISHED in study.protocols or study.training["images"] == "shipped"
    return np.full(len(upright), True) if copies else upright


def network(size: int) -> "keras.Model":
    """Return the network with its ImageNet weights: float32 (N, size, size, 1), 0..255, to (N, 2560)."""
    import keras

    from benchmarks.cells.model import build_model, plain_hyperparameters

    keras.config.set_dtype_policy("float32")
    settings = {"variant": "corrected", "hp": plain_hyperparameters(), "classes": 2, "image_size": size}
    model, layer = build_model(NETWORK, **settings, weights="imagenet")
    maps = model.get_layer(layer).output
    pooled = [keras.layers.GlobalAveragePooling2D()(maps), keras.layers.GlobalMaxPooling2D()(maps)]
    return keras.Model(model.input, keras.layers.Concatenate()(pooled))


def embed(images: np.ndarray, model: "keras.Model") -> np.ndarray:
    """Return the features of images uint8 (N, S, S), float32 (N, 2560)."""
    features = np.zeros((len(images), model.output_shape[-1]), np.float32)
    for start in range(0, len(images), BATCH):
        batch = np.asarray(images[start : start + BATCH], np.float32)[..., np.newaxis]
        both = model.predict_on_batch(np.concatenate([batch, batch[:, :, ::-1]]))
        features[start : start + BATCH] = (both[: len(batch)] + both[len(batch) :]) / 2
    return features


def embed_view(study: Study, view: str, threads: int) -> None:
    """Write the features of one view. Raises BadInput if the images are missing."""
    backend.prepare(threads, backend=study.backend)
    results = study.results()
    images = stored.array(results / f"images_{view}.npy")
    rows = np.flatnonzero(needed(study, stored.table(results / "samples.parquet")["upright"].to_numpy(bool)))
    model = network(images.shape[1])
    features = np.full((len(images), model.output_shape[-1]), np.nan, np.float32)
    for start in range(0, len(rows), CHUNK):
        chosen = rows[start : start + CHUNK]
        features[chosen] = embed(images[chosen], model)
        print(f"{start + len(chosen)} of {len(rows)} images", flush=True)
    np.save(results / f"features_{view}.npy", features)


main = stage("Compute the frozen features of a study's images.", embed_view, view={"required": True}, threads=THREADS)

if __name__ == "__main__":
    run_cli(main)
