"""Check one architecture's file before a study uses it: does it keep the contract, and does it learn?

    python -m benchmarks.check NAME [--study demo]

Builds the architecture at the study's image size and options, over its whole search space, saves it, has it memorise
64 training images, starts twice from one random seed, and compares its size with the others'. Prints every problem with
file, line and correction and exits with 1, or prints a summary and exits with 0. Takes half a minute on two cores for
the architectures of this repository.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import architectures
from benchmarks import backend
from benchmarks.errors import BadInput, run_cli
from benchmarks.study.study import Study, load_study

if TYPE_CHECKING:
    from benchmarks.check.training import Learnt


def check(name: str, study: Study) -> tuple[list[str], list[str]]:
    """Return the problems of architecture `name`, or lines that describe it; one of both lists is empty.

    A file that cannot be imported or built is not trained. Raises BadInput if there is no such file.
    """
    import keras_tuner

    from benchmarks.check import building, training

    architectures.file(name)
    try:
        architectures.describe(name)
        found = [*building.clashes(name)]
        architectures.load(name)
    except BadInput as error:
        return [str(error)], []
    found += building.contract(name, study)
    if found:
        return found, []
    x, y = training.phantoms(building.side(name, study))
    hp = keras_tuner.HyperParameters()
    found += building.size(name, building.build(name, study, hp), study)
    learnt = training.learns(name, study, x, y)
    found += learnt.problems
    found += training.explains(name, learnt.model, x)
    found += building.saves(name, learnt.model, x)
    found += training.repeats(name, study, x, y, learnt)
    return found, [] if found else [*_summary(name, study, learnt, len(y), building.own_space(hp))]


def _summary(name: str, study: Study, learnt: "Learnt", n: int, own: list[Any]) -> Iterator[str]:
    description, form = architectures.describe(name), architectures.describe(name).published
    layer = description.corrected.cam_layer
    height, width, channels = learnt.model.get_layer(layer).output.shape[1:]
    searched = [f"{one.name} ({', '.join(str(value) for value in one.values)})" for one in own]
    published = f"{form.parameters:,} parameters, as declared" if form else "none"
    cells = sum(len(study.cells(protocol)) for one, protocol in study.pairs() if one == name)
    side = learnt.model.input.shape[1]
    yield f"{architectures.file(name)}: nothing wrong found at {side} px, by default hyperparameters:"
    yield f"  {learnt.model.count_params():,} parameters; memorises {learnt.share * n:.0f} of {n} training images"
    yield f"  explained at {layer}: {height} x {width}, {channels} channels"
    yield f"  searched besides the shared hyperparameters: {'; '.join(searched) or 'nothing'}"
    yield f"  options of a study: {', '.join(description.options) or 'none'}; published form: {published}"
    if cells:
        yield f"  snakemake --cores 2 --config study={study.source.argument} trains {cells} cells of it"
    else:
        yield f"  study {study.name} has no cells of it: name it there under `architectures`"


def main() -> None:
    """Check one architecture's file."""
    parser = argparse.ArgumentParser(description="Print what is wrong with an architecture's file, and the correction.")
    parser.add_argument("name", help="of the file architectures/<name>.py, without .py")
    parser.add_argument("--study", default="demo", help="study with the image size and options (default: demo)")
    arguments = parser.parse_args()
    started = time.monotonic()
    architectures.file(arguments.name)
    try:
        # First: loading the study would report the same in other words.
        architectures.describe(arguments.name)
        study = load_study(arguments.study)
    except BadInput as error:
        print(str(error).replace(f"{Path.cwd()}/", ""))
        raise SystemExit("1 problem") from None
    backend.prepare(backend.hardware()["cores"])
    found, told = check(arguments.name, study)
    print("\n".join(found or told).replace(f"{Path.cwd()}/", ""))
    seconds = f"{time.monotonic() - started:.0f} s"
    raise SystemExit(f"{len(found)} {'problem' if len(found) == 1 else 'problems'} in {seconds}" if found else 0)


if __name__ == "__main__":
    run_cli(main)
