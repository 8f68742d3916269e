"""Kinds of training in a study: what the cost of a step depends on."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from benchmarks.cells.model import published_recipe
from benchmarks.cells.shared import SEARCHED
from benchmarks.protocols import PUBLISHED, variant
from benchmarks.study.study import Study

SEARCH, RECIPE, REPLAY = "search", "recipe", "replay"
BATCHES = (8, 16, 32)  # that a search draws from (cells/shared.py)
NOT_COST = ("seed", "published", "search", "epochs", "code")  # settings that change no step


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of training: `owner` is an architecture, or publication/variant of a replay; `how` as above.

    `how` is published (a published form), search, recipe or replay.
    """

    owner: str
    how: str

    @property
    def name(self) -> str:
        """Owner and how, for messages."""
        return f"{self.owner} ({self.how})"


def kind_of(study: Study, rule: str, own: Mapping[str, str]) -> Kind:
    """Return the kind of training of a job of `rule` cell or replay with the wildcards `own`."""
    if rule == "replay":
        return Kind(f"{own['publication']}/{own['variant']}", REPLAY)
    if variant(own["protocol"]) == PUBLISHED:
        return Kind(own["architecture"], PUBLISHED)
    return Kind(own["architecture"], RECIPE if study.recipe_of(own["architecture"]) else SEARCH)


def settings(study: Study, kind: Kind) -> dict[str, Any]:
    """Return all settings of the study that the cost of a step of `kind` depends on."""
    if kind.how == REPLAY:
        own = study.replay_settings(*kind.owner.split("/"))
    else:
        own = study.cell_settings(kind.owner, PUBLISHED if kind.how == PUBLISHED else "")
        own = own | {"structure": study.search["structure"], "precision": study.training["precision"]}
        own["training"] = {key: value for key, value in own["training"].items() if key in ("augmentation", "xla")}
    kept = {key: value for key, value in own.items() if key not in NOT_COST}
    return kept | {"owner": kind.owner, "how": kind.how, "backend": study.backend}


def batch_sizes(study: Study, kind: Kind) -> tuple[int, ...]:
    """Return the batch sizes of `kind`: those that a search draws from, else one."""
    if kind.how == REPLAY:
        return (study.replay_settings(*kind.owner.split("/"))["batch_size"] or 32,)
    if kind.how == PUBLISHED:
        return (published_recipe(kind.owner)["batch_size"],)
    if kind.how == RECIPE:
        return ((study.recipe_of(kind.owner) or {})["batch_size"],)
    return BATCHES


def modules(kind: Kind) -> list[str]:
    """Return the modules that training of `kind` consists of, for a digest of its code."""
    if kind.how == REPLAY:
        return ["benchmarks.replays.replay"]
    return ["benchmarks.training", f"architectures.{kind.owner}"]


def image_size(study: Study, kind: Kind) -> int:
    """Return the side in pixels of the images of `kind`."""
    if kind.how == REPLAY:
        return study.replay_settings(*kind.owner.split("/"))["image_size"]
    return study.size_of(kind.owner)


def searches_structure(study: Study, kind: Kind) -> bool:
    """Return whether the trials of `kind` may differ in structure, so that some trace a model of their own."""
    return kind.how == SEARCH and study.search["structure"] == SEARCHED
