"""Training by the published recipe with several random seeds, unchanged or with one change; results are appended.

    python -m benchmarks.validation.replay --study laptop --architecture vgg16 --set learning_rate=0.0001 --seeds 1 2 3

Reads samples, images and the published parts from results/<study>; sizes, epochs and options from the study. `--set`
changes epochs, learning_rate, precision, image_size or an option of the published form; epochs and image_size have
their own columns and are not part of the column change. Appends to

    replay.csv               a row a run: architecture, change, seed, image_size, options, epochs, batch_size,
                             learning_rate, precision, parameters, n_train, n_validation, validation_accuracy, n_test,
                             test_correct, test_accuracy, predicted_classes, first_loss, last_loss, epochs_nan (without
                             a finite validation loss), seconds, threads, command, hardware, versions, finished
    replay_patients.csv      architecture, change, seed, image_size, epochs, part (validation, test), patient,
                             n (files), n_correct
"""

import dataclasses
import json
import shlex
import time
from pathlib import Path

import numpy as np
import pandas as pd

import architectures
from benchmarks import backend, reference
from benchmarks.cells.cell import Cell
from benchmarks.cells.load import load
from benchmarks.cells.model import published_recipe, set_precision
from benchmarks.cells.progress import Progress
from benchmarks.cells.write import predictions_table
from benchmarks.errors import BadInput, run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.reference import NONE, RUN
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study
from benchmarks.yaml_file import parse_yaml


def changed(study: Study, architecture: str, settings: dict[str, object]) -> Study:
    """Return `study` with `settings` for `architecture`. Raises BadInput that lists the allowed settings."""
    entry, published, training = dict(study.architectures[architecture]), dict(study.published), dict(study.training)
    for key, value in settings.items():
        if key in published:
            published[key] = value
        elif key == "precision":
            training[key] = value
        else:
            entry[key] = value
    new = dataclasses.replace(study, architectures={architecture: entry}, published=published, training=training)
    options, size = new.options_of(architecture), new.size_of(architecture)
    problems = list(architectures.check_options(architecture, options, size, PUBLISHED))
    if problems:
        raise BadInput(f"--set: {'; '.join(problems)}; besides {', '.join(published)}, precision and image_size")
    return new


def replay(cell: Cell) -> tuple[dict, pd.DataFrame]:
    """Train one published cell; return its columns of replay.csv, and its rows of replay_patients.csv."""
    from benchmarks.cells.fit import fit_published
    from benchmarks.cells.predict import predict

    started = time.perf_counter()
    data = load(cell)
    policy = set_precision(cell)
    result = fit_published(cell, data, Progress())
    answers = {
        part: predictions_table(predict(result.model, data.parts[part].x)[0], data.rows(part), data.classes)
        for part in ("validation", "test")
    }
    right = pd.concat(
        table.assign(part=part, correct=table["predicted"] == table["label"]) for part, table in answers.items()
    )
    counts = right.groupby(["part", "patient"])["correct"].agg(n="size", n_correct="sum").reset_index()
    test, history = answers["test"], result.history
    row = {
        "image_size": cell.study.size_of(cell.architecture),
        "options": json.dumps(cell.study.options_of(cell.architecture), sort_keys=True),
        "epochs": len(history),
        "batch_size": published_recipe(cell.architecture)["batch_size"],
        "learning_rate": result.hyperparameters["learning_rate"],
        "precision": policy,
        "parameters": result.model.count_params(),
        **{f"n_{part}": len(data.parts[part].y) for part in ("train", "validation")},
        "validation_accuracy": round(float(history["val_accuracy"].iloc[-1]), 4),
        "n_test": len(test),
        "test_correct": int((test["predicted"] == test["label"]).sum()),
        "test_accuracy": round(float((test["predicted"] == test["label"]).mean()), 4),
        "predicted_classes": test["predicted"].nunique(),
        "first_loss": round(float(history["loss"].iloc[0]), 4),
        "last_loss": round(float(history["loss"].iloc[-1]), 4),
        "epochs_nan": int((~np.isfinite(history["val_loss"])).sum()),
        "seconds": round(time.perf_counter() - started, 1),
    }
    return row, counts


def replay_seeds(
    study: Study, architecture: str, changes: list[str], seeds: list[int], threads: int, out: Path
) -> None:
    """Train with each of `seeds` after `changes` (KEY=VALUE), and append the results to the tables in `out`."""
    backend.prepare(threads)
    import keras

    pairs = [word.partition("=") for word in changes]
    settings = {key: parse_yaml(value, f"--set {key}") for key, _, value in pairs}
    # The command without --out, which does not affect the results.
    words = ["--study", study.source.argument, "--architecture", architecture]
    words += [*(["--set", *changes] if changes else []), "--seeds", *map(str, seeds), "--threads", str(threads)]
    command = shlex.join(["python", "-m", "benchmarks.validation.replay", *words])
    change = " ".join(word for word, (key, _, _) in zip(changes, pairs, strict=True) if key not in RUN) or NONE
    study = changed(study, architecture, settings)
    for seed in seeds:
        keras.backend.clear_session()
        row, patients = replay(Cell(dataclasses.replace(study, seed=seed), architecture, PUBLISHED, 0))
        row = {"architecture": architecture, "change": change, "seed": seed} | row | {"threads": threads}
        own = {key: row[key] for key in RUN}
        tables = {
            "replay": pd.DataFrame([row | reference.about(command)]),
            "replay_patients": patients.assign(**own)[[*own, *patients]],
        }
        for name, table in tables.items():
            path = out / f"{name}.csv"
            table.to_csv(path, mode="a", header=not path.exists(), index=False)


main = stage(
    "Train by the published recipe with several random seeds.",
    replay_seeds,
    architecture={"required": True},
    set={"dest": "changes", "nargs": "*", "default": [], "metavar": "KEY=VALUE", "help": "settings to change"},
    seeds={"nargs": "+", "type": int, "default": [1]},
    threads=THREADS,
    out={"type": Path, "default": reference.FOLDER, "help": "folder of the tables to append to"},
)

if __name__ == "__main__":
    run_cli(main)
