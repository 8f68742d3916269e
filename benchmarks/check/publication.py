"""Check one publication's folder: is anything missing, do its figures fit one another, do its parts fit the data?

    python -m benchmarks.check.publication NAME [--data PATH]        (make check PUBLICATION=NAME DATA=PATH)

Prints every problem of the folder with file, key and correction and exits with 1, or prints what is known of the
publication and exits with 0. Figures that no confusion matrix has are printed as impossible; they are a finding on the
publication, not a problem of its folder. Networks of variants.py are built and trained by one step.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import architectures
from benchmarks import backend, datasets
from benchmarks.check import variants
from benchmarks.errors import BadInput, run_cli
from benchmarks.publications import publication, views
from benchmarks.publications.splits import ordered, parts
from benchmarks.publications.verdicts import verdicts

SEEDS = 10  # tried where a split states no seed
FORM = ("image_size", "batch_size", "precision")  # settings that an architecture's published form declares, too


def check(name: str, data: Path | None = None) -> tuple[list[str], list[str]]:
    """Return the problems of a publication, and lines that say what is known. Raises BadInput if it can't be read."""
    path = publication.find(name)
    content = publication.load(path)
    problems, told = [*_page(path.parent), *_adapters(content), *_forms(content)], [*_known(content)]
    if not problems:
        files = _files(content, data)
        found, more = _split(content, files, path.parent)
        problems, told = found, told + more + _copies(content, data)
    for about, answers in verdicts(content).items():
        told += [f"{about}:", *(f"  {one.verdict}: {one.question} {one.reason}" for one in answers)]
    return [f"{path}: {problem}" for problem in problems], told


def networks(name: str) -> tuple[list[str], list[str]]:
    """Return the problems of a publication's own networks, and lines that say what is known of them."""
    path = publication.find(name)
    found = [*variants.problems(publication.load(path), path.parent)]
    return [f"{path}: {line}" for wrong, line in found if wrong], [line for wrong, line in found if not wrong]


def _page(folder: Path) -> Iterator[str]:
    if not (folder / "README.md").is_file():
        yield "README.md is missing beside it; write a page: what they did, what is reproduced, what is not known"


def _adapters(content: dict) -> Iterator[str]:
    for name, own in content["data"].items():
        adapter, options = own["dataset"], own.get("options", {})
        if adapter and adapter not in datasets.names():
            yield f"data.{name}.dataset: no {adapter}; name one of: {', '.join(datasets.names())}, or null"
        elif adapter:
            yield from datasets.problems({"name": adapter, **options}, f"data.{name}.options")


def _forms(content: dict) -> Iterator[str]:
    """Yield where a variant differs from the published form of its architecture."""
    for variant, own in content["variants"].items():
        key, name = f"variants.{variant}", own.get("architecture")
        if name is None:
            continue
        if name not in architectures.names():
            yield f"{key}.architecture: no {name}; name one of: {', '.join(architectures.names())}"
            continue
        form = architectures.describe(name).published
        if form is None:
            yield f"{key}.architecture: {name} has no published form; add @{name}.published, or leave architecture out"
            continue
        stated = {"parameters": own["parameters"], **views.recipe(content, variant)}
        for setting in ("parameters", *FORM):
            declared, printed = getattr(form, setting), stated.get(setting)
            if printed is not None and printed != declared:
                place = architectures.place(name, "published", setting)
                yield f"{key}: {setting} {printed}, but {place} declares {declared}; correct one of them"


def _known(content: dict) -> Iterator[str]:
    used = ", ".join(own["title"] for own in content["data"].values())
    yield f"{content['title']} ({content['authors'] or 'authors not known'}, {content['year'] or 'year not known'})"
    yield f"data: {used}"
    steps = content["split"]["steps"] if content["split"] else []
    rules = [f"{step['rule']} of {step['files']} into {' and '.join(step['into'])}" for step in steps]
    yield f"split: {'; '.join(rules) or content['unknown'].get('split', 'not known')}"
    if content["split"] and (why := content["split"].get("assumed")):
        yield f"split is assumed: {why}"
    for variant in content["variants"]:
        figures = {name: value for name, (value, _) in views.printed(content, variant).items()}
        shown = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in figures.items())
        yield f"{variant}: {shown or 'figures by class alone'}"


def _files(content: dict, data: Path | None) -> pd.DataFrame | None:
    """Return the files that the split divides, in the publication's order: from the data, else from class counts."""
    own = next(iter(content["data"].values()))
    split = content["split"]
    if split is None:
        return None
    if data and own["dataset"] and not split.get("copies"):
        found = datasets.load({"name": own["dataset"], **own.get("options", {})}, data, 0).samples
        if strange := sorted(set(found["label"]) ^ set(own["classes"] or found["label"])):
            raise BadInput(f"{data}: other classes than in publication.yaml ({', '.join(strange)}); give its own data")
        return ordered(found.assign(name=found["sample"].str.rsplit("/", n=1).str[-1]), own["classes"])
    if own.get("counts") and all(step["files"] not in ("before", "after") for step in split["steps"]):
        labels = np.repeat(own["classes"], own["counts"])
        return pd.DataFrame({"label": labels, "name": [f"{number}" for number in range(len(labels))]})
    return None


def _copies(content: dict, data: Path | None) -> list[str]:
    """Return which of the possible numbers of copies before the split give the stated counts of the classes."""
    own, copies = next(iter(content["data"].values())), (content["split"] or {}).get("copies")
    if not data or not isinstance(copies, list) or not own["dataset"] or not own.get("counts"):
        return []
    samples = datasets.load({"name": own["dataset"], **own.get("options", {})}, data, 0).samples
    before = samples[samples["folder"] == "before"]
    told = []
    for unit, files in (("file", before), ("source", before.drop_duplicates("source"))):
        n = files["label"].value_counts().reindex(own["classes"]).fillna(0).to_numpy()
        fits = [str(one) for one in copies if (n * one == own["counts"]).all()]
        shown = f"{', '.join(fits)} of each {unit}" if fits else f"none of {', '.join(map(str, copies))} of each {unit}"
        told.append(f"copies that give the stated counts: {shown} ({len(files):,} {unit}s before augmentation)")
    return told


def _split(content: dict, files: pd.DataFrame | None, folder: Path) -> tuple[list[str], list[str]]:
    """Return differences between the parts that the split makes of `files` and the stated ones, and what was found."""
    split = content["split"]
    if split is None:
        return [], []
    if files is None:
        return [], ["parts: not compared; give the data by DATA=PATH"]
    seeds = range(SEEDS) if any(step.get("seed", 0) is None for step in split["steps"]) else range(1)
    made = [parts(split, files, seed=seed, folder=folder) for seed in seeds]
    problems: list[str] = []
    told: list[str] = []
    for part, size in split["sizes"].items():
        if size and len(made[0][part]) != size:
            problem = (
                f"split.sizes.{part}: {size} files, but the split of {len(files)} files gives {len(made[0][part])}"
            )
            if split.get("assumed"):
                told.append(f"{problem}, by the assumed split")
            else:
                problems.append(f"{problem}; correct the split, or give other data")
    for number, entry in enumerate(content["figures"]):
        if "support" not in entry or entry.get("classes") or entry["part"] not in made[0] or split.get("assumed"):
            continue
        classes = views.classes_of(content, entry)
        counts = [files["label"].iloc[own[entry["part"]]].value_counts().reindex(classes) for own in made]
        if not any(one.fillna(0).astype(int).tolist() == entry["support"] for one in counts):
            first = ", ".join(f"{n:.0f}" for n in counts[0].fillna(0))
            problem = f"figures.{number}.support: the split gives {first}"
            if len(made) > 1:
                told.append(f"{problem}, and the stated counts with none of {SEEDS} seeds")
            else:
                problems.append(f"{problem}; correct the split, or give other data")
    sizes = ", ".join(f"{part} {len(own):,}" for part, own in made[0].items())
    if not problems:
        told.append(
            f"parts of {len(files):,} files: {sizes}{'' if len(made) == 1 else f' (the same for {SEEDS} seeds)'}"
        )
    return problems, told


def main() -> None:
    """Check one publication's folder."""
    parser = argparse.ArgumentParser(description="Print what is wrong with a publication's folder, and the correction.")
    parser.add_argument("name", help="of the folder under benchmarks/publications, or the path of a publication.yaml")
    parser.add_argument("--data", type=Path, help="folder or zip of the publication's data, to compare its parts")
    arguments = parser.parse_args()
    backend.prepare(backend.hardware()["cores"])
    try:
        problems, told = check(arguments.name, arguments.data)
        if not problems:
            problems, more = networks(arguments.name)
            told += more
    except BadInput as error:
        print(str(error).replace(f"{Path.cwd()}/", ""))
        raise SystemExit(1) from None
    print("\n".join([*problems, *told]).replace(f"{Path.cwd()}/", ""))
    raise SystemExit(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}" if problems else 0)


if __name__ == "__main__":
    run_cli(main)
