"""Train and test one replay: python -m benchmarks.replays.replay --study NAME --publication NAME --variant NAME ...

Writes into results/<study>/replays/<publication>/<variant>/<protocol>/<fold>/

    predictions.parquet   of the test part, as a cell's: sample, source, patient, label, predicted, p_<class>...
    history.csv           epoch, loss, accuracy, val_loss, val_accuracy
    runtime.json          settings as replayed and as published, parameters, versions, hardware, seconds; `weights` is
                          none, imagenet, or scratch where the publication started from weights and no file was given;
                          `resumed` lists the epochs after which training was continued from a checkpoint
"""

import datetime
import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import backend, stored
from benchmarks.errors import run_cli
from benchmarks.publications import views
from benchmarks.publications.publication import find
from benchmarks.study import replayed
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from benchmarks.checkpoints.callback import Checkpoints

BEST = {"best_validation_accuracy": "val_accuracy", "best_validation_loss": "val_loss"}


def fit(
    model: "keras.Model",
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    recipe: dict[str, Any],
    about: dict[str, Any],
    checkpoints: "Checkpoints",
) -> "pd.DataFrame":
    """Train a compiled model by the schedule, early stopping and checkpoint of a recipe; return its history.

    `parts` are (images (N, S, S, 1), one-hot labels (N, C)) of train and validation. Training that `checkpoints` hold
    is resumed if it has the same name and settings, `about`.
    """
    import keras

    from benchmarks.cells.fit import history_table
    from benchmarks.checkpoints.callback import STOPPING

    kept: dict[Any, tuple[str, ...]] = {}
    schedule, stopping = recipe["schedule"] or {}, recipe.get("early_stopping")
    if schedule.get("name") == "reduce_on_plateau":
        options = {key: schedule[key] for key in ("monitor", "factor", "patience") if key in schedule}
        kept[keras.callbacks.ReduceLROnPlateau(**options)] = "best", "wait", "cooldown_counter"
    if stopping:
        stop = keras.callbacks.EarlyStopping(stopping["monitor"], patience=stopping["patience"])
        kept[stop] = STOPPING
    if watched := BEST.get(recipe["checkpoint"]):
        # Never stops: takes the best weights at the end.
        best = keras.callbacks.EarlyStopping(watched, patience=recipe["epochs"], restore_best_weights=True)
        kept[best] = STOPPING
    first = checkpoints.resume(about, [*parts["train"], *parts["validation"]], kept)
    model.fit(
        *parts["train"],
        batch_size=recipe["batch_size"] or 32,
        epochs=recipe["epochs"],
        initial_epoch=first,
        validation_data=parts["validation"],
        callbacks=[*kept, checkpoints],
        verbose=2,
    )
    return history_table(checkpoints.history)


def replay(study: Study, publication: str, variant: str, protocol: str, fold: int, threads: int) -> None:
    """Train and test one replay, and write its files. Raises BadInput if an earlier stage has not run."""
    backend.prepare(threads, backend=study.backend)
    import keras

    from benchmarks.cells.load import load_fold
    from benchmarks.cells.write import predictions_table, write_json
    from benchmarks.checkpoints.callback import Checkpoints
    from benchmarks.replays.network import build, compiled
    from benchmarks.replays.preparation import oversampled, prepared

    started = time.perf_counter()
    content, folder = replayed.content_of(publication), find(publication).parent
    recipe, published = study.replay_settings(publication, variant), views.recipe(content, variant)
    seed = (study.seed if published["seed"] is None else published["seed"]) + fold
    data = load_fold(study, protocol, fold, recipe["image_size"])
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(recipe["precision"] or "float32")
    films = {part: np.asarray(own.x[..., 0]) for part, own in data.parts.items()}
    images = prepared(films, recipe["preprocessing"], folder)
    labels = {part: own.y for part, own in data.parts.items()}
    images["train"], labels["train"] = oversampled(images["train"], labels["train"], recipe.get("oversampling"), seed)
    one_hot = np.eye(len(data.classes), dtype="float32")
    parts = {part: (x[..., np.newaxis], one_hot[labels[part]]) for part, x in images.items()}
    model = compiled(build(content, folder, variant, len(data.classes), recipe), recipe)
    names = {"publication": publication, "variant": variant, "protocol": protocol, "fold": fold, "seed": seed}
    unfinished = study.results() / "checkpoints" / publication / variant / protocol / str(fold)
    checkpoints = Checkpoints(unfinished)
    history = fit(model, parts, recipe, names | recipe, checkpoints)
    probabilities = model.predict(parts["test"][0], batch_size=64, verbose=0)
    target = study.replay_folder(publication, variant, protocol, fold)
    target.mkdir(parents=True, exist_ok=True)
    history.to_csv(target / "history.csv", index=False)
    table = predictions_table(probabilities, data.rows("test"), data.classes)
    table.to_parquet(target / "predictions.parquet", index=False)
    start = {"none": "none", None: "none"}.get(published["weights"], "imagenet" if recipe["file"] else "scratch")
    about = {
        **names,
        **{key: recipe[key] for key in ("image_size", "batch_size", "options")},
        **{"epochs": len(history), "weights": start, "parameters": model.count_params(), "recipe_published": published},
        "training_accuracy": float(history["accuracy"].iloc[-1]),
        **{f"n_{part}": len(own.y) for part, own in data.parts.items()},
        "resumed": checkpoints.resumed,
        **{"threads": threads, "seconds": round(checkpoints.earlier + time.perf_counter() - started, 2)},
        **{"versions": backend.versions(), "hardware": backend.hardware()},
        "command": shlex.join(["python", "-m", "benchmarks.replays.replay", *sys.argv[1:]]),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    write_json(target / "runtime.json", about)
    stored.remove(unfinished)


main = stage(
    "Train and test one network of a publication, as it did.",
    replay,
    publication={"required": True},
    variant={"required": True},
    protocol={"required": True},
    fold={"required": True, "type": int},
    threads=THREADS,
)

if __name__ == "__main__":
    run_cli(main)
