"""How a study differs from the larger one of which it is a reduced form (`reduced_from`)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import architectures
from benchmarks.study.study import Study, load_study

COMPARED = (
    *("dataset", "crop", "protocols", "folds", "repeats", "training", "published", "search", "control"),
    *("learning_curve", "positive_control", "probes", "bootstrap"),
)
REPLAYED = ("image_size", "epochs")


class Difference(NamedTuple):
    """A setting, its value in the study, and its value in the larger study; None where a study does not use it.

    `owner` is an architecture, `publication/variant` of a replay, or "". The parts of `key` are joined by dots.
    """

    owner: str
    key: str
    own: Any
    full: Any


def differences(study: Study) -> list[Difference]:
    """Return the settings in which `study` differs from the study `reduced_from`; none if it names no other study.

    Settings count with their defaults filled in. Raises BadInput if there is no study of that name.
    """
    if study.reduced_from is None:
        return []
    own, full = (_settings(one) for one in (study, load_study(study.reduced_from)))
    return [
        Difference(*key, own.get(key), full.get(key))
        for key in dict.fromkeys([*own, *full])
        if own.get(key) != full.get(key)
    ]


def _settings(study: Study) -> dict[tuple[str, str], Any]:
    """Return (owner, key) -> value of everything that may be reduced."""
    found = {("", key): value for name in COMPARED for key, value in _flat(name, getattr(study, name))}
    if study.search["tuner"] == "hyperband":
        del found["", "search.trials"]  # its brackets follow from the epochs
    found["", "embedding.views"] = [view.name for view in study.embedding_views()]
    for name in study.architectures:
        own = {"image_size": study.size_of(name), **architectures.describe(name).options, **study.options_of(name)}
        recipe = study.recipe_of(name)
        found |= {(name, key): value for key, value in (own | dict(_flat("recipe", recipe) if recipe else ())).items()}
    for publication, variant, _ in study.replays():
        recipe = study.replay_settings(publication, variant)
        own = {key: recipe[key] for key in REPLAYED} | recipe["options"]
        own["seeds"] = study.publications[publication]["seeds"]
        found |= {(f"{publication}/{variant}", key): value for key, value in own.items()}
    return found


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield dotted keys with their values; a mapping counts as its values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    else:
        yield key, value
