"""Differences of a replay from what its publication did, in words: reductions, weights, and what is not known."""

from collections.abc import Iterator
from typing import Any

UNITS = {"image_size": "px", "epochs": "epochs"}  # settings that a study may reduce
# Settings of a recipe that change what a network learns. The precision is left out, and so are seeds, which are varied.
DECISIVE = (
    *("image_size", "channels", "preprocessing", "augmentation", "loss", "optimiser", "schedule", "epochs"),
    *("batch_size", "checkpoint", "weights"),
)


def reduced(own: dict[str, Any], published: dict[str, Any]) -> str:
    """Return how a replay is smaller than the publication (`64 of 224 px; 5 of 10 epochs; width 0.125`), or nothing.

    `own` is the recipe as replayed, with the options of the network, `published` that of the publication.
    """
    parts = [
        f"{own[key]} of {published[key]} {unit}"
        for key, unit in UNITS.items()
        if published[key] is not None and own[key] < published[key]
    ]
    return "; ".join([*parts, *(f"{name} {value}" for name, value in own["options"].items())])


def differences(own: dict[str, Any], published: dict[str, Any], split: dict[str, Any], started: str) -> list[str]:
    """Return all differences that could explain another figure; empty for a replay in full.

    `own` and `published` are as in `reduced`, `split` is that of publication.yaml. `started` names the weights in the
    replay's runtime.json: none, imagenet or scratch.
    """
    return [*_of_recipe(own, published, started), *_of_split(split)]


def _of_recipe(own: dict[str, Any], published: dict[str, Any], started: str) -> Iterator[str]:
    if smaller := reduced(own, published):
        yield f"reduced ({smaller})"
    if started == "scratch":
        yield "without the pretrained weights"
    elif published["weights"] == "earlier_run":
        yield "from ImageNet weights instead of an earlier run's"
    if published["augmentation"]:
        yield "without the augmentation of training images"
    if any("words" in step for step in published["preprocessing"] or ()):
        yield "without a step of the preprocessing that is known in words only"
    unknown = [key for key in DECISIVE if published[key] is None]
    if (published["optimiser"] or {}).get("learning_rate", 0) is None:
        unknown.append("learning_rate")
    if unknown:
        yield f"not known of the recipe: {', '.join(unknown)}"


def _of_split(split: dict[str, Any]) -> Iterator[str]:
    if split.get("assumed"):
        yield "the split is assumed"
    if split.get("copies"):
        yield "shipped copies instead of its own"
