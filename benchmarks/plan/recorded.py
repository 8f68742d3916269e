"""What finished cells of a study recorded, and how many epochs a job trains.

A trial stops early once its validation loss has not improved for `patience` epochs. How soon that is depends on the
data: the share of the epochs beyond `patience` that are trained is taken from finished cells of the study. Without any,
it is the mean of all cells of `demo` for phantoms, which are learnt, and of `laptop` for images of patients (STOPPED).
"""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.plan.due import Job
from benchmarks.plan.kinds import RECIPE, REPLAY, Kind
from benchmarks.protocols import FEWER, PERMUTED, PLANTED, PUBLISHED, base
from benchmarks.study.recipe import searched
from benchmarks.study.study import Study

# Share of the epochs beyond `patience` by the suffix of a derived protocol, "" for the protocol itself: of phantoms, of
# images of patients.
STOPPED = {"": (0.65, 0.35), PERMUTED: (0.17, 0.28), FEWER: (0.05, 0.22), PLANTED: (0.38, 0.28)}
FACTOR = 3  # of Hyperband: KerasTuner's default


class Recorded:
    """Records of the finished cells of `study`; each kind of cell is read once, when it is first asked for.

    Without `learn`, no cell counts as finished.
    """

    def __init__(self, study: Study, learn: bool = True):
        self.study, self.learn = study, learn
        self.known: dict[tuple[str, str], list[tuple[dict, Path]]] = {}

    def cells(self, architecture: str, protocol: str) -> list[tuple[dict, Path]]:
        """Return runtime.json and folder of the finished cells of an architecture, under one protocol."""
        key = architecture, protocol
        if key not in self.known:
            folders = [self.study.cell_folder(architecture, protocol, fold) for fold in self.study.cells(protocol)]
            texts = [(folder / "runtime.json", folder) for folder in folders if (folder / "runtime.json").is_file()]
            read = [(json.loads(file.read_text() or "{}"), folder) for file, folder in texts]
            size = self.study.size_of(architecture)
            # On a network file system, a file that is being written is empty at first.
            self.known[key] = [(about, folder) for about, folder in read if about.get("image_size") == size]
        return self.known[key] if self.learn else []

    def seconds(self, architecture: str, protocol: str) -> float | None:
        """Return the mean seconds of a cell's training and prediction; None without a finished cell."""
        took = [about["seconds"] for about, _ in self.cells(architecture, protocol)]
        return float(np.mean([one["training"] + one["prediction"] for one in took])) if took else None

    def memory_mb(self, architecture: str, protocol: str) -> float | None:
        """Return the largest peak memory of a cell; None without a finished cell."""
        return max((about["peak_memory_mb"] for about, _ in self.cells(architecture, protocol)), default=None)

    def share(self, architecture: str, protocol: str) -> float | None:
        """Return which share of the epochs beyond `patience` the trials trained; None without a finished search."""
        most, patience = (self.study.training[key] for key in ("epochs", "patience"))
        files = [folder / "trials.csv" for _, folder in self.cells(architecture, protocol)]
        epochs = [pd.read_csv(file)["epochs"] for file in files if file.is_file()]
        if not epochs or most <= patience:
            return None
        return float(np.clip((pd.concat(epochs).mean() - patience) / (most - patience), 0, 1))


def trials_and_epochs(study: Study, kind: Kind, job: Job, share: float | None = None) -> tuple[int, float]:
    """Return the number of trials of a job and the sum of their epochs; `share` is that of finished cells, if known."""
    if kind.how == REPLAY:
        return 1, study.replay_settings(*kind.owner.split("/"))["epochs"]
    if kind.how == PUBLISHED:
        return 1, study.published["epochs"]
    if kind.how == RECIPE:
        recipe = study.recipe_of(kind.owner) or {}
        trials = study.search["trials"] if searched(recipe) else 1
        return trials, trials * recipe["epochs"]
    most, patience = study.training["epochs"], study.training["patience"]
    phantoms = study.dataset["name"] == "phantom"
    share = stopped(job.wildcards["protocol"], phantoms) if share is None else share
    if study.search["tuner"] != "hyperband":
        return study.search["trials"], study.search["trials"] * trained(most, patience, share)
    rounds = hyperband(most)
    return sum(n for n, _ in rounds), sum(n * min(epochs, trained(most, patience, share)) for n, epochs in rounds)


def trained(most: int, patience: int, share: float) -> float:
    """Return the expected epochs of a trial of at most `most`."""
    return min(patience, most) + share * max(most - patience, 0)


def stopped(protocol: str, phantoms: bool) -> float:
    """Return the share for a protocol of which no cell has finished, on phantoms or on images of patients."""
    suffix = protocol.removeprefix(base(protocol))
    own, others = next(shares for start, shares in reversed(STOPPED.items()) if suffix.startswith(start))
    return own if phantoms else others


def hyperband(most: int) -> list[tuple[int, int]]:
    """Return (trials, epochs that each adds) of every round of every bracket, as KerasTuner's Hyperband plans them."""
    brackets, epochs = 0, float(most)
    while epochs >= 1:
        epochs, brackets = epochs / FACTOR, brackets + 1
    last = math.ceil(1 + math.log(most, FACTOR))
    rounds = []
    for bracket in range(brackets):
        before = 0
        for number in range(bracket + 1):
            size = math.ceil(last / (bracket + 1) * FACTOR ** (bracket - number))
            until = math.ceil(most / FACTOR ** (bracket - number))
            rounds.append((size, until - before))
            before = until
    return rounds
