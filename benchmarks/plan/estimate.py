"""Seconds, memory and disk of each job: of training from the measured costs, of the other stages from stages.py."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.plan import stages
from benchmarks.plan.costs import Cost
from benchmarks.plan.due import Job
from benchmarks.plan.kinds import (
    RECIPE,
    REPLAY,
    SEARCH,
    Kind,
    batch_sizes,
    image_size,
    kind_of,
    searches_structure,
)
from benchmarks.plan.recorded import Recorded, trials_and_epochs
from benchmarks.plan.sizes import Sizes
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study

TRAINING = ("cell", "replay")
BESIDE_MB = 0.2  # files of a cell beside its model
PER_JOB = 0.6  # seconds with which Snakemake starts a job and notes its end
# Of a fold's images in memory, where training holds them: as loaded, by part, on their way to the network. Other
# training reads them batch by batch from their file, whose pages count once.
COPIES, PAGES = 3, 1
KEPT = 4  # traced models of a worker (cells/reuse.py)
# A worker of a run has loaded more than one that measures a step; each kept model takes its share, too.
WARM_MB, EACH_KEPT_MB = 140, 65
MIRRORED = 4  # images over which a recipe averages its answers


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What one job takes: seconds on its threads, peak memory in MB, files in MB."""

    seconds: float
    memory_mb: float
    disk_mb: float


class Estimator:
    """Estimates for the jobs of `study`, with `costs` of its kinds of training and what finished cells recorded.

    What is neither measured nor recorded is taken for a machine of the given pace.
    """

    def __init__(
        self,
        study: Study,
        sizes: Sizes,
        costs: Mapping[Kind, Cost],
        cores: int,
        recorded: Recorded,
        pace: float,
    ):
        self.study, self.sizes, self.cores, self.pace = study, sizes, cores, pace
        self.costs, self.recorded = costs, recorded

    def all(self, jobs: Sequence[Job]) -> dict[int, Estimate]:
        """Return the estimate of each job by its id."""
        self.alike = Counter(kind_of(self.study, job.rule, job.wildcards) for job in jobs if job.rule in TRAINING)
        return {job.id: self.of(job) for job in jobs}

    def of(self, job: Job) -> Estimate:
        """Return the estimate of one job."""
        if job.rule not in TRAINING:
            seconds, memory, disk = stages.takes(self.study, self.sizes, job, self.costs, self.cores, self.pace)
            return Estimate(seconds + self.pace * PER_JOB, memory, disk)
        kind = kind_of(self.study, job.rule, job.wildcards)
        cost = self.costs.get(kind) or dearest(kind, self.costs)
        own = (job.wildcards["architecture"], job.wildcards["protocol"]) if job.rule == "cell" else None
        took = self.recorded.seconds(*own) if own else None
        most = self.recorded.memory_mb(*own) if own else None
        seconds = took if took is not None else self.training_seconds(job, kind, cost)
        memory = most if most is not None else self.memory_mb(job, kind, cost)
        return Estimate(seconds + cost.write + self.pace * PER_JOB, memory, cost.disk_mb + BESIDE_MB)

    def training_seconds(self, job: Job, kind: Kind, cost: Cost) -> float:
        """Return the seconds of training and prediction."""
        study = self.study
        train, validation, test = self.parts(job)
        share = self.recorded.share(kind.owner, job.wildcards["protocol"]) if job.rule == "cell" else None
        trials, epochs = trials_and_epochs(study, kind, job, share)
        sizes = batch_sizes(study, kind)
        steps = [
            math.ceil(train / size) * cost.step.at(size) + math.ceil(validation / size) * cost.check.at(size)
            for size in sizes
        ]
        epoch = cost.epoch + sum(steps) / len(steps)
        # A worker traces what its cells share once.
        first = min(1.0, self.cores / max(self.alike[kind], 1)) * cost.start if kind.how == SEARCH else cost.start
        # Of the structures of a search, a worker keeps the traces of those used last.
        traced = max(0.0, 1 - KEPT / cost.structures) if searches_structure(study, kind) else 0.0
        further = cost.trial + traced * cost.start
        mirrored = MIRRORED if kind.how == RECIPE and (study.recipe_of(kind.owner) or {})["mirrored"] else 1
        asked = mirrored * (validation + test) + (test if trials > 1 else 0)
        begun = trials if kind.how == RECIPE else trials - 1
        return first + begun * further + epochs * epoch + cost.answer.at(asked)

    def memory_mb(self, job: Job, kind: Kind, cost: Cost) -> float:
        """Return the peak memory of a job of training."""
        pixels = sum(self.parts(job)) * image_size(self.study, kind) ** 2
        each = 4 if kind.how == REPLAY else 1
        kept = KEPT if searches_structure(self.study, kind) else 0
        beside = WARM_MB + EACH_KEPT_MB * min(kept, cost.structures)
        copies = COPIES if kind.how in (PUBLISHED, REPLAY) else PAGES
        return beside + cost.memory_mb.at(max(batch_sizes(self.study, kind))) + copies * pixels * each / 1e6

    def parts(self, job: Job) -> tuple[int, int, int]:
        """Return the numbers of images in train, validation and test of a job's fold."""
        own = job.wildcards
        return self.sizes.parts[own.get("protocol") or own["any_protocol"], int(own["fold"])]


def dearest(kind: Kind, costs: Mapping[Kind, Cost]) -> Cost:
    """Return the cost that stands for one not yet measured: the one whose step of 8 images takes longest."""
    alike = [cost for other, cost in costs.items() if other.how == kind.how] or [*costs.values()]
    return max(alike, key=lambda cost: cost.step.at(8))
