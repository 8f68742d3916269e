"""The one exception for input that the user can mend, and how commands report it."""

import sys
from collections.abc import Callable


class BadInput(Exception):
    """Input that the user can mend; the message names the file and the fix."""


def run_cli(main: Callable[[], None]) -> None:
    """Run a command line's `main`; print a BadInput as one message and exit with status 2."""
    try:
        main()
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
