"""Check one publication's folder: is anything missing, do its figures fit one another, do its parts fit the data?

    python -m benchmarks.check.publication NAME [--data PATH] [--fast]    (make check PUBLICATION=NAME DATA=PATH)

Compares parts and supports with the split, builds each network at its published image size, compares its parameters
with the printed number, trains it for one step at a small size, and prints the survey row as far as known. Takes
seconds to two minutes on two cores; with --fast no network is built.

Prints every problem of the folder with file, key and correction and exits with 1, or prints what is known of the
publication and exits with 0. Figures that no confusion matrix has are printed as impossible; they are a finding on the
publication, not a problem of its folder.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import architectures
from benchmarks import backend, datasets
from benchmarks.check import networks, parts
from benchmarks.check.row import row
from benchmarks.errors import BadInput, run_cli
from benchmarks.publications import publication, views
from benchmarks.publications.verdicts import verdicts

FORM = ("image_size", "batch_size", "precision")  # settings that an architecture's published form declares, too


def check(name: str, data: Path | None = None, *, build: bool = True) -> tuple[list[str], list[str]]:
    """Return the problems of a publication, and lines that say what is known. Raises BadInput if it can't be read.

    Without `build`, no network is built; the check then takes seconds.
    """
    path = publication.find(name).absolute()
    content = publication.load(path)
    problems, told = [*_page(path.parent), *_adapters(content), *_forms(content)], [*_known(content)]
    if not problems:
        samples = parts.samples_of(content, data)
        found, more = parts.compared(content, parts.listed(content, samples), path.parent)
        as_folds, folds_told = parts.as_folds(content, path, samples)
        problems, told = found + as_folds, told + more + parts.fitting_copies(content, samples) + folds_told
    if not problems and build:
        problems, more = networks.tried(content, path.parent)
        told += more
    for about, answers in verdicts(content).items():
        told += [f"{about}:", *(f"  {one.verdict}: {one.question} {one.reason}" for one in answers)]
    told += row(path.parent.name, content)
    return [f"{path}: {problem}" for problem in problems], told


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


def main() -> None:
    """Check one publication's folder."""
    parser = argparse.ArgumentParser(description="Print what is wrong with a publication's folder, and the correction.")
    parser.add_argument("name", help="of the folder under benchmarks/publications, or the path of a publication.yaml")
    parser.add_argument("--data", type=Path, help="folder or zip of the publication's data, to compare its parts")
    parser.add_argument("--fast", action="store_true", help="build no network")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        if not arguments.fast:
            backend.prepare(backend.hardware()["cores"])
        problems, told = check(arguments.name, arguments.data, build=not arguments.fast)
    except BadInput as error:
        print(str(error).replace(f"{Path.cwd()}/", ""))
        raise SystemExit(1) from None
    print("\n".join([*problems, *told]).replace(f"{Path.cwd()}/", ""))
    seconds = f"{time.monotonic() - started:.0f} s"
    raise SystemExit(
        f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'} in {seconds}" if problems else 0
    )


if __name__ == "__main__":
    run_cli(main)
