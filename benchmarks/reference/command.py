"""Command line of a measurement: a function's table on standard output, with command, machine and versions."""

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping

import pandas as pd

from benchmarks.reference import about


def measurement(
    module: str, description: str, measure: Callable[..., pd.DataFrame], options: Mapping[str, int | dict]
) -> Callable[[], None]:
    """Return the `main` of `module`: call `measure` with the options, print the table and the columns of `about`.

    `options` maps names for argparse (`--rounds`) to the other arguments of `add_argument`, or to an integer default.
    """

    def main() -> None:
        parser = argparse.ArgumentParser(description=description)
        for name, settings in options.items():
            parser.add_argument(name, **({"type": int, "default": settings} if isinstance(settings, int) else settings))
        table = measure(**vars(parser.parse_args()))
        command = shlex.join(["python", "-m", module, *sys.argv[1:]])
        table.assign(**about(command)).to_csv(sys.stdout, index=False)

    return main
