"""The recipe of a study: its defaults, and what is wrong with it."""

from collections.abc import Iterator
from typing import Any

import architectures

# Chosen on mass films of CBIS-DDSM (benchmarks/reference/ablation.csv).
DEFAULTS: dict[str, Any] = {
    "epochs": 12,
    "batch_size": 32,
    "learning_rate": 3e-4,
    "head_rate": 3.0,
    "layer_decay": 1.0,
    "weight_decay": 0.02,
    "schedule": "cosine",
    "warmup": 0.15,
    "average": 0.99,
    "dropout": 0.3,
    "pooling": "mean_max",
    "augmentation": 1.0,
    "mirrored": True,
    "heads": "factors",
    "label_smoothing": 0.1,
    "density_weight": 0.3,
    "class_weights": "none",
    "frozen": "none",
    "cached_views": 0,
    "validation": "held_out",
}
MOST = {"label_smoothing": 0.9, "dropout": 0.9, "layer_decay": 1, "augmentation": 2}


def completed(common: dict | None, own: dict | None = None) -> dict | None:
    """Return the recipe of an architecture: the study's, changed by its own; None if neither has one."""
    return DEFAULTS | (common or {}) | (own or {}) if common is not None or own is not None else None


def searched(recipe: dict) -> dict[str, list]:
    """Return the keys that KerasTuner searches, with their values."""
    return {key: value for key, value in recipe.items() if isinstance(value, list)}


def problems(name: str, entry: dict, common: dict | None, search: dict) -> Iterator[str]:
    """Yield what is wrong with the recipe and the word `pretrained` in an architecture's entry."""
    if "pretrained" in entry and not architectures.ships_weights(name):
        have = [other for other in architectures.names() if architectures.ships_weights(other)]
        yield f"pretrained: no weights come with {name}; they do with {', '.join(have)}"
    found = completed(common, entry.get("recipe"))
    if found is None:
        return
    if (found["cached_views"] or found["frozen"] == "cut") and not architectures.describe(name).corrected.cut_layer:
        yield f"recipe: {name} declares no cut_layer; set frozen to none and cached_views to 0, or declare it"
    if (
        (found["cached_views"] or found["frozen"] == "cut")
        and "weights" not in entry
        and not (architectures.ships_weights(name) and entry.get("pretrained", True))
    ):
        yield f"recipe: the frozen layers of {name} would stay random; give weights, or set frozen to none"
    for key, most in MOST.items():
        values = found[key] if isinstance(found[key], list) else [found[key]]
        yield from (f"recipe.{key}: {value} is more than {most}" for value in values if value > most)
    if searched(found) and found["validation"] == "trained":
        yield f"recipe.validation: trained, but {', '.join(searched(found))} are chosen by the validation part"
    if searched(found) and search["tuner"] == "hyperband":
        yield "recipe: hyperband stops trials early, which a cycle of fixed length does not allow; use random"
    if isinstance(found["augmentation"], list) and found["cached_views"]:
        yield "recipe.augmentation: the cached views have one strength; give one number"
