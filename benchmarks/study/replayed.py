"""Publications that a study replays: their entries in the study, their splits, and the settings of each replay.

The publication `alves` is not among them: protocol `published` replays it, with the architectures' published forms.
"""

import functools
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from benchmarks.errors import BadInput
from benchmarks.protocols import PERMUTED
from benchmarks.publications import publication, views
from benchmarks.publications.code import FILE, WEIGHTS, options
from benchmarks.publications.publication import ALIASES

SEEDS = 3  # of a split or a training without a stated seed
COPIES = "_copies"  # in the name of a split: copies of each film that were made before it
REDUCED = ("image_size", "epochs")  # keys of a study's entry that replace those of the recipe


def problems(publications: dict[str, dict]) -> Iterator[str]:
    """Yield what is wrong with `publications` of a study file, which fit the schema."""
    for name, entry in publications.items():
        key = f"publications.{name}"
        if name in ALIASES.values():
            yield f"{key}: protocol `published` replays it; name `published` in `protocols`, and remove this key"
            continue
        if name not in publication.names():
            yield f"{key}: no folder of that name; there are: {', '.join(publication.names())}"
            continue
        try:
            content = content_of(name)
        except BadInput as error:
            yield f"{key}: {error}"
            continue
        if content["split"] is None or content["recipe"] is None:
            yield f"{key}: neither split nor recipe is known, so it can't be replayed; remove this key"
            continue
        yield from (f"{key}.{problem}" for problem in _variant_problems(name, content, entry))


def _variant_problems(name: str, content: dict, entry: dict) -> Iterator[str]:
    for key in ("variants", "weights"):
        for variant in entry.get(key, {}):
            if variant not in content["variants"]:
                yield f"{key}.{variant}: not a variant; name one of: {', '.join(content['variants'])}"
    for variant in entry.get("variants", content["variants"]):
        own = content["variants"].get(variant, {})
        if own and not {"function", "architecture"} & set(own):
            yield f"variants: {variant} has neither function nor architecture, so it can't be built; name others"
        for setting in REDUCED:
            if own and setting not in entry and views.recipe(content, variant)[setting] is None:
                yield f"{setting}: not known of {variant}; write the value of the replay"
        if "function" in own:
            known = options(publication.find(name).parent, own["function"])
            yield from _option_problems(variant, known, entry)


def _option_problems(variant: str, known: dict[str, Any], entry: dict) -> Iterator[str]:
    """Yield options and weights of `entry` that a function with the keywords `known` does not take."""
    own = [option for option in known if option != WEIGHTS]
    for option in entry.get("variants", {}).get(variant) or ():
        if option not in own:
            yield f"variants.{variant}.{option}: no option of it; allowed: {', '.join(own) or 'none'}"
    if variant in entry.get(WEIGHTS, {}) and WEIGHTS not in known:
        yield f"weights.{variant}: it takes no weights; remove this key"


def completed(publications: dict[str, dict]) -> dict[str, dict[str, Any]]:
    """Return the entries with `variants` (name -> options), `seeds` and `weights` (variant -> file) filled in."""
    filled = {}
    for name, entry in publications.items():
        content = content_of(name)
        stated = all(step.get("seed", 0) is not None for step in content["split"]["steps"])
        variants: dict[str, dict] = {variant: {} for variant in content["variants"]}
        filled[name] = {"seeds": 1 if stated else SEEDS, "weights": {}, "variants": variants, **entry}
    return filled


@functools.cache
def content_of(name: str) -> dict[str, Any]:
    """Return the checked content of a publication. Raises BadInput."""
    return publication.load(publication.find(name))


def code_of(name: str) -> str | None:
    """Return a digest of a publication's variants.py; None without one."""
    path = publication.find(name).with_name(FILE)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def splits(name: str) -> list[str]:
    """Return the protocols of a publication's own split: one, or one for each possible number of copies."""
    copies = content_of(name)["split"].get("copies")
    return [f"{name}{COPIES}{number}" for number in copies] if isinstance(copies, list) else [name]


def with_control(name: str) -> list[str]:
    """Return the splits of a publication, and the last of them with permuted labels."""
    own = splits(name)
    return [*own, f"{own[-1]}{PERMUTED}"]


def split_of(protocol: str) -> tuple[str, int | None]:
    """Return the publication whose split `protocol` is, and the number of copies before it, None without copies."""
    own = protocol.removesuffix(PERMUTED)
    numbered = re.fullmatch(rf"(.+){COPIES}(\d+)", own)
    if numbered:
        return numbered[1], int(numbered[2])
    copies = content_of(own)["split"].get("copies")
    return own, copies


def settings(publications: dict[str, dict], name: str, variant: str) -> dict[str, Any]:
    """Return the recipe of a variant as the study replays it: that of the publication, with the study's reductions.

    Further keys: `options` of the network, and `file`, its ImageNet weights (None without a file).
    """
    entry = publications[name]
    recipe = views.recipe(content_of(name), variant) | {key: entry[key] for key in REDUCED if key in entry}
    return recipe | {"options": entry["variants"][variant], "file": entry["weights"].get(variant)}
