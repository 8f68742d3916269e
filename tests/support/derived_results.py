"""A results folder to check control, learning curve and search by hand: eight patients with one image each."""

import json
from pathlib import Path

import pandas as pd
import yaml
from small_results import BY_HAND

from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study, load_study

N = 8
SAMPLES = [f"s{i}" for i in range(N)]
FOLD_OF = [0, 0, 0, 0, 1, 1, 1, 1]
STUDY = BY_HAND | {"bootstrap": 500}


def write_study(place: Path, patients: list[str] | None = None, **changes) -> Study:
    """Write study, samples and folds below `place`, the working directory. All labels are `a`.

    Each honest fold tests its four samples and validates two of the others; `published` tests all of them.
    """
    (place / "small.yaml").write_text(yaml.safe_dump(STUDY | changes))
    study = load_study("small.yaml")
    (study.results() / "folds").mkdir(parents=True)
    (study.results() / "tables").mkdir()
    samples = pd.DataFrame({"sample": SAMPLES, "source": SAMPLES, "label": "a", "upright": True})
    samples["patient"] = patients or [f"p{i}" for i in range(N)]
    samples.to_parquet(study.results() / "samples.parquet")
    (study.results() / "dataset.json").write_text(json.dumps({"classes": ["a", "b"]}))
    for protocol in study.all_protocols():
        folds = [
            {"sample": sample, "fold": fold, "part": _part(place, fold_of, fold)}
            for fold in study.cells(protocol)
            for place, (sample, fold_of) in enumerate(zip(SAMPLES, FOLD_OF, strict=True))
            if not protocol.startswith("published")
        ]
        folds += [{"sample": s, "fold": 0, "part": "test"} for s in SAMPLES if protocol.startswith("published")]
        pd.DataFrame(folds).assign(repeat=0).to_parquet(study.results() / "folds" / f"{protocol}.parquet")
        for name in ["simple", *BASELINES]:
            write_answers(study, name, protocol, "aabbaabb")
    return study


def _part(place: int, fold_of: int, fold: int) -> str:
    if fold_of == fold:
        return "test"
    return "validation" if place % 4 < 2 else "train"


def write_answers(
    study: Study, name: str, protocol: str, answers: str, part: str = "predictions", labels: str = "a" * N
) -> None:
    """Write the cells of one architecture or baseline: a letter of `answers` a sample, right if it is its label's."""
    for fold in study.cells(protocol):
        folder = study.results() / "cells" / name / protocol / str(fold)
        folder.mkdir(parents=True, exist_ok=True)
        tested = [i for i in range(N) if protocol.startswith("published") or FOLD_OF[i] == fold]
        rows = [{"sample": SAMPLES[i], "label": labels[i], "predicted": answers[i]} for i in tested]
        pd.DataFrame(rows, columns=["sample", "label", "predicted"]).to_parquet(folder / f"{part}.parquet")
