"""The command line of a stage."""

import argparse
from collections.abc import Callable

from benchmarks.study.study import load_study

STUDY = "name under benchmarks/studies or path of a YAML file"
DATA = "folder, zip or CSV manifest of a data set that is not generated"
THREADS: dict = {"type": int, "default": 1}


def stage(description: str, run: Callable[..., object], *, data: bool = False, **options: dict) -> Callable[[], None]:
    """Return the `main` of a module: load the study that --study names, then call `run(study, **options)`.

    `options` maps names to the arguments of argparse's `add_argument("--<name>", ...)`; `run` gets them by keyword.
    With `data` there is an option --data, which the study is loaded with.
    """

    def main() -> None:
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--study", required=True, help=STUDY)
        if data:
            parser.add_argument("--data", help=DATA)
        for name, settings in options.items():
            parser.add_argument(f"--{name}", **settings)
        arguments = vars(parser.parse_args())
        run(load_study(arguments.pop("study"), arguments.pop("data", None)), **arguments)

    return main
