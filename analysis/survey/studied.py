"""What the studies of a results folder measured of one publication."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.survey import ordinary
from analysis.tidy import read_table
from benchmarks import stored
from benchmarks.publications import views
from benchmarks.publications.publication import ALIASES

OWN, PERMUTED, BY_SOURCE, BY_PATIENT = "own", "permuted", "by_source", "by_patient"  # roles of protocols
MAJORITY, FEATURES = "majority", "imagenet_logistic"  # baselines beside the variants
# Tables without which a study of the first publication has not finished
ORDINARY = ("headline", "cells", "control", "inflation", "leakage", "claims")


@dataclasses.dataclass(frozen=True)
class Studied:
    """One study's rows on one publication: of replays.csv, replay_leaks.csv and replay_figures.csv."""

    study: str
    replays: pd.DataFrame
    leaks: pd.DataFrame
    figures: pd.DataFrame


def studied(results: Path, name: str, content: dict) -> Studied | None:
    """Return what the study with the largest images, then most epochs, then first name measured; None without one."""
    found = [*_studies(results, name, content)]
    return min(found, key=_rank) if found else None


def finished(results: Path, table: str) -> Iterator[tuple[Path, dict]]:
    """Yield the folder and dataset.json of each study that has this table; `results`: of all studies, or of one."""
    for path in sorted([*results.glob(f"tables/{table}.csv"), *results.glob(f"*/tables/{table}.csv")]):
        folder = path.parents[1]
        if (folder / "dataset.json").is_file():
            yield folder, stored.record(folder / "dataset.json")


def _studies(results: Path, name: str, content: dict) -> Iterator[Studied]:
    if name in ALIASES.values():
        yield from _ordinary(results, name, content)
        return
    for folder, dataset in finished(results, "replays"):
        rows = _of(folder, "replays", name)
        if dataset["name"] in views.datasets(content) and (rows["role"] == OWN).any():
            yield Studied(folder.name, rows, _of(folder, "replay_leaks", name), _of(folder, "replay_figures", name))


def _ordinary(results: Path, name: str, content: dict) -> Iterator[Studied]:
    for folder, dataset in finished(results, "headline"):
        complete = all((folder / "tables" / f"{table}.csv").is_file() for table in ORDINARY)
        if dataset["name"] not in views.datasets(content) or not complete:
            continue
        rows = ordinary.replays(folder, name, content)
        own = (rows["role"] == OWN) & rows["variant"].isin(content["variants"])
        if own.any():
            yield Studied(folder.name, rows, ordinary.leaks(folder, name), ordinary.figures(folder, name))


def _of(folder: Path, table: str, name: str) -> pd.DataFrame:
    rows = read_table(folder, table)
    return rows[rows["publication"] == name].reset_index(drop=True)


def _rank(one: Studied) -> tuple[float, float, str]:
    own = one.replays[one.replays["role"] == OWN]
    return -own["image_size"].max(), -own["epochs"].max(), one.study
