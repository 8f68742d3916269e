"""Check one architecture's file before it costs anything: is it what the harness needs, and does it work?

    python -m benchmarks.check NAME [--study demo]

Builds it at the study's image size and options, all over its search space, saves it, has it learn sixteen phantoms by
heart, twice under one seed, and compares its size with the others'. Prints every problem with file, line and mend and
exits with 1, or says what it found and exits with 0. Half a minute on two cores for the architectures that ship.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import architectures
from benchmarks import backend
from benchmarks.errors import BadInput, run_cli
from benchmarks.study.study import Study, load_study

if TYPE_CHECKING:
    import keras_tuner

    from benchmarks.check.training import Learnt


def check(name: str, study: Study) -> tuple[list[str], list[str]]:
    """What is wrong with architecture `name`, and what to know of it; one of both is empty.

    What can't be told of a file that doesn't import or build is left out. Raises BadInput if there is no such file.
    """
    from benchmarks.check.__main__ import building as check_building

    architectures.file(name)
    try:
        architectures.describe(name)
        found = [*check_building.clashes(name)]
        architectures.load(name)
    except BadInput as error:
        return [str(error)], []
    found += check_building.contract(name, study)
    if found:
        return found, []
    return _trained(name, study)


def _trained(name: str, study: Study) -> tuple[list[str], list[str]]:
    import keras_tuner

    from benchmarks.check.__main__ import building as check_building
    from benchmarks.check.__main__ import training as check_training

    x, y = check_training.phantoms(check_building.side(name, study))
    hp = keras_tuner.HyperParameters()
    found = [*check_building.size(name, check_building.build(name, study, hp), study)]
    learnt = check_training.learns(name, study, x, y)
    found += learnt.problems
    found += check_training.explains(name, learnt.model, x)
    found += check_building.saves(name, learnt.model, x)
    found += check_training.repeats(name, study, x, y, learnt)
    return found, [] if found else [*_summary(name, study, learnt, hp)]


def _summary(name: str, study: Study, learnt: "Learnt", hp: "keras_tuner.HyperParameters") -> Iterator[str]:
    from benchmarks.check.__main__ import building as check_building
    from benchmarks.check.__main__ import training as check_training

    description = architectures.describe(name)
    layer = description.corrected.cam_layer
    height, width, channels = learnt.model.get_layer(layer).output.shape[1:]
    own = [f"{one.name} ({', '.join(str(value) for value in one.values)})" for one in check_building.own_space(hp)]
    side = check_building.side(name, study)
    cells = sum(len(study.cells(protocol)) for one, protocol in study.pairs() if one == name)
    yield f"{architectures.file(name)}: nothing wrong found at {side} px, by default hyperparameters:"
    n, parameters = check_training.PHANTOMS, learnt.model.count_params()
    yield f"  {parameters:,} parameters; learns {learnt.share * n:.0f} of {n} phantoms by heart"
    yield f"  explained at {layer}: {height} x {width}, {channels} channels"
    yield f"  searched besides what all share: {'; '.join(own) or 'nothing'}"
    yield f"  options of a study: {', '.join(description.options) or 'none'}; published form: {_published(description)}"
    if cells:
        yield f"  snakemake --cores 2 --config study={study.source.argument} trains {cells} cells of it"
    else:
        yield f"  study {study.name} has no cells of it: name it there under `architectures`"


def _published(description: architectures.Description) -> str:
    return f"{description.published.parameters:,} parameters, as declared" if description.published else "none"


def main() -> None:
    """Check one architecture's file."""
    parser = argparse.ArgumentParser(description="Say what is wrong with an architecture's file, and how to mend it.")
    parser.add_argument("name", help="of the file architectures/<name>.py, without .py")
    parser.add_argument("--study", default="demo", help="whose image size and options it is built with (default: demo)")
    arguments = parser.parse_args()
    started = time.monotonic()
    architectures.file(arguments.name)
    try:
        # Before the study, which would tell the same of it in its own words.
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
