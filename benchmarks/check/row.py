"""What the survey will say of a publication, as far as it is known without a replay."""

from collections.abc import Iterator

from benchmarks.check.parts import GENERATED
from benchmarks.publications import views
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE
from benchmarks.publications.headline import headline, main_variant
from benchmarks.publications.verdicts import verdicts
from benchmarks.study.replaying import replaying

SIDE, EPOCHS = 64, 10  # of a replay in reduced form on two cores


def row(name: str, content: dict) -> Iterator[str]:
    """Yield the survey row of publication `name` in lines: printed accuracy, n, impossible figures, its replay."""
    variant = main_variant(content, list(content["variants"]))
    found = headline(content, variant)
    where = f"{found[0]:.4g} of {variant} ({found[1]})" if found else f"no accuracy of {variant} over all classes"
    sizes = (content["split"] or {}).get("sizes", {})
    parts = ", ".join(f"{part} {n:,}" for part, n in sizes.items() if n) or "not known"
    n = sorted({entry["n"] for entry in content["figures"] if entry["variant"] == variant and entry["n"]})
    answers = [one for some in verdicts(content).values() for one in some]
    impossible = sum(one.verdict == IMPOSSIBLE for one in answers)
    yield "survey row as far as known:"
    yield f"  printed accuracy: {where}"
    yield f"  n of its figures: {', '.join(f'{one:,}' for one in n) or 'not known'}; parts: {parts}"
    yield f"  arithmetic: {impossible} of {len(answers)} questions answered with impossible"
    yield from _replay(name, content)


def _replay(name: str, content: dict) -> Iterator[str]:
    """Yield how the publication is replayed: a study that names it, or one to copy; or why it can't be."""
    if study := replaying(name, content):
        data = "" if _dataset(content)[0] in GENERATED else " data=PATH"
        yield f"  replay: snakemake --cores 2 --config study={study}{data}"
    elif missing := [*_missing(content)]:
        yield f"  no replay: {' and '.join(missing)}; the survey has its figures and their arithmetic"
    else:
        yield f"  no study replays it yet; write this one as benchmarks/studies/survey_{name}.yaml:"
        yield from study_file(name, content)


def study_file(name: str, content: dict) -> list[str]:
    """Return the lines of a study that replays a publication in reduced form, on its first data set."""
    dataset, options = _dataset(content)
    stated = [views.recipe(content, variant)["epochs"] for variant in content["variants"]]
    epochs = min([EPOCHS, *(one for one in stated if one)])
    built = [variant for variant, own in content["variants"].items() if {"function", "architecture"} & set(own)]
    settings = "".join(f", {key}: {_scalar(value)}" for key, value in options.items())
    return [
        "",
        "extends: survey_inbreast",
        f"description: Replay of {name} in reduced form on two cores.",
        f"dataset: {{name: {dataset}{settings}}}",
        "protocols: [by_source, by_patient] # without by_patient where patients are not known",
        "control: {protocols: [by_source]}",
        "publications:",
        "  mammoflow_2025: null",
        f"  {name}:",
        f"    variants: {{{', '.join(f'{one}: {{}}' for one in built)}}}",
        f"    image_size: {SIDE} # reduced; the publication's own if left out",
        f"    epochs: {epochs}",
        "claims: null",
        "",
    ]


def _scalar(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _dataset(content: dict) -> tuple[str | None, dict]:
    own = next(iter(content["data"].values()))
    return own["dataset"], own.get("options", {})


def _missing(content: dict) -> Iterator[str]:
    if _dataset(content)[0] is None:
        yield "no data set of this repository"
    for key in ("split", "recipe"):
        if content[key] is None:
            yield f"{key} is not known"
    if not any({"function", "architecture"} & set(own) for own in content["variants"].values()):
        yield "no variant has a function or an architecture"
