"""What a schema can't see in a study: names that lead nowhere, and keys that don't go together."""

from collections.abc import Iterator

import architectures
from benchmarks import protocols
from benchmarks.backend import BACKENDS
from benchmarks.study import recipe
from benchmarks.study.names import BASELINES, HARNESS_KEYS
from benchmarks.study.study_file import known


def problems_of(content: dict) -> Iterator[str]:
    """Yield a message for each problem of a study's content that fits the schema, completed with defaults."""
    yield from _backend_problems(content["backend"])
    yield from _protocol_problems(content)
    yield from _architecture_problems(content)
    yield from _derived_problems(content)
    full = content["reduced_from"]
    if full is not None and full not in known():
        yield f"reduced_from: {full!r} is not a study; allowed: {', '.join(known())}"


def _backend_problems(backend: str) -> Iterator[str]:
    if backend not in BACKENDS:
        yield f"KERAS_BACKEND={backend} in the environment: allowed: {', '.join(BACKENDS)}"


def _protocol_problems(content: dict) -> Iterator[str]:
    for name in content["protocols"]:
        if name not in protocols.names():
            yield f"protocols: {name!r} is not a protocol; allowed: {', '.join(protocols.names())}"
    if protocols.EXTERNAL not in content["protocols"]:
        return
    named, sets = content["external"]["test"], content["dataset"].get("sets")
    if not named:
        yield "external.test: protocol external needs the names of the data sets that are tested, each in its own fold"
    for name in named if isinstance(sets, dict) else []:
        if name not in sets:
            yield f"external.test: {name!r} is not among dataset.sets: {', '.join(map(str, sets))}"


def _derived_problems(content: dict) -> Iterator[str]:
    for key in ("control", "learning_curve", "positive_control"):
        for name in content[key]["architectures"]:
            if name not in content["architectures"]:
                yield f"{key}.architectures: {name!r} is not among the study's: {', '.join(content['architectures'])}"
    for key in ("control", "positive_control"):
        for name in content[key]["protocols"]:
            if name not in content["protocols"]:
                yield f"{key}.protocols: {name!r} is not among the study's: {', '.join(content['protocols'])}"
    planted = content["positive_control"]
    chosen = planted["architectures"] or content["architectures"] if planted["protocols"] else []
    for name in chosen:
        own = recipe.completed(content["recipe"], content["architectures"].get(name, {}).get("recipe"))
        if own and own["cached_views"]:
            yield f"positive_control.architectures: the cached maps of {name} hold no planted lesion; name others only"
    for name in protocols.NOT_HONEST:
        if name in planted["protocols"]:
            yield f"positive_control.protocols: {name!r} may train on copies of test images; name honest protocols only"
    if content["positive_control"]["protocols"] and content["training"]["images"] == "shipped":
        yield "positive_control: lesions are planted into originals only; set training.images to on_the_fly"
    if content["learning_curve"]["patients"] and protocols.BY_PATIENT not in content["protocols"]:
        yield "learning_curve: it needs by_patient among `protocols`, which gives it its folds and its last point"


def _architecture_problems(content: dict) -> Iterator[str]:
    if not content["architectures"]:
        yield "architectures: none is left; name at least one that is not null"
    for name, entry in content["architectures"].items():
        key = f"architectures.{name}"
        if name in BASELINES:
            yield f"{key}: it is a baseline, which every study includes; remove the key"
            continue
        if name not in architectures.names():
            yield f"{key}: no file architectures/{name}.py; there are: {', '.join(architectures.names())}"
            continue
        size = entry.get("image_size", content["image_size"])
        options = {k: v for k, v in entry.items() if k not in HARNESS_KEYS}
        for variant in sorted({protocols.variant(protocol) for protocol in content["protocols"]}):
            yield from (f"{key}: {p}" for p in architectures.check_options(name, options, size, variant))
        yield from (f"{key}.{p}" for p in architectures.weights_problems(name, entry.get("weights")))
        yield from (f"{key}.{p}" for p in recipe.problems(name, entry, content["recipe"], content["search"]))
