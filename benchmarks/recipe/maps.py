"""Cached maps: what the frozen first layers of a pretrained network make of several views of each image.

Writes results/<study>/maps_<architecture>.npy, float16 (N, 2 + views, h, w, c): the output of the architecture's
cut_layer for each original (in the order of samples.parquet), its mirror image, and augmented views of it. Training
what follows the cut then takes minutes on a CPU. Views of a lesion crop show the film around the crop. No label and no
fold has a part in it.
"""

import numpy as np

import architectures
from benchmarks import backend, stored
from benchmarks.cells.model import build_model, plain_hyperparameters, study_settings
from benchmarks.errors import run_cli
from benchmarks.recipe.augmentation import augmented
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study

WHOLE = 2  # views before the augmented ones: the image and its mirror image


def write_maps(study: Study, architecture: str, threads: int) -> None:
    """Write the maps of one architecture. Raises BadInput if the images are missing."""
    backend.prepare(threads, backend=study.backend)
    import keras

    keras.config.set_dtype_policy("float32")
    recipe = study.recipe_of(architecture)
    assert recipe
    hp, results = plain_hyperparameters(), study.results()
    model, _ = build_model(architecture, variant="corrected", hp=hp, classes=2, **study_settings(study, architecture))
    trunk = keras.Model(model.input, model.get_layer(cut_layer(architecture)).output)
    images, *surroundings = (
        stored.array(results / f"images_{view.name}.npy") for view in study.maps_views(architecture)
    )
    around = surroundings[0] if surroundings else [None] * len(images)
    rows = np.flatnonzero(stored.table(results / "samples.parquet")["upright"].to_numpy(bool))
    shape = (len(rows), WHOLE + recipe["cached_views"], *trunk.output_shape[1:])
    with stored.replacing(results / f"maps_{architecture}.npy") as path:
        maps = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
        for number, row in enumerate(rows):
            rng = np.random.default_rng([study.seed, int(row)])
            drawn = [augmented(images[row], recipe["augmentation"], rng, around[row]) for _ in range(shape[1] - WHOLE)]
            shown = np.stack([images[row], images[row][:, ::-1], *drawn])
            maps[number] = trunk.predict_on_batch(shown[..., np.newaxis].astype(np.float32))
            if number % 100 == 0:
                print(f"{number} of {len(rows)} images", flush=True)
        maps.flush()


def cut_layer(architecture: str) -> str:
    """Return the layer of an architecture at which it is cut."""
    found = architectures.describe(architecture).corrected.cut_layer
    assert found  # benchmarks/study/recipe.py refuses a study that cuts any other
    return found


main = stage(
    "Compute what the frozen layers of an architecture make of a study's images.",
    write_maps,
    architecture={"required": True},
    threads=THREADS,
)

if __name__ == "__main__":
    run_cli(main)
