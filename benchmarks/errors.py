"""The one exception for input that the user can mend, and how commands report it."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path

# No room on the disk or in a quota, no right to write
MENDABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


class BadInput(Exception):
    """Input that the user can mend; the message names the file and the fix."""


def existing(path: Path) -> Path:
    """Return `path`, the output of an earlier stage. Raises BadInput if it is not there."""
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage that writes it first (snakemake runs them in order)")
    return path


def run_cli(main: Callable[[], None]) -> None:
    """Run a command line's `main`; print what the user can mend as one message and exit with status 2."""
    try:
        main()
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
