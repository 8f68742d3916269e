"""The one exception for input that the user can mend, and how commands report it."""

import contextlib
import errno
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from architectures._errors import BadInput

# No room on the disk or in a quota, no right to write
MENDABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}
MOST = 400  # characters of a library's own reason


def existing(path: Path) -> Path:
    """Return `path`, the output of an earlier stage. Raises BadInput if it is not there."""
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage that writes it first (snakemake runs them in order)")
    return path


@contextlib.contextmanager
def told(head: str) -> Iterator[None]:
    """Whatever a library makes of a broken file, and each has errors of its own, becomes BadInput: `head` and why."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        # Keras prints a model's whole configuration between what it was at and what was wrong.
        shown = reason if len(reason) < MOST else f"{reason[: MOST // 2]} ... {reason[-MOST // 2 :]}"
        raise BadInput(f"{head}: {shown}") from None


def run_cli(main: Callable[[], None]) -> None:
    """Run a command line's `main`; print what the user can mend as one message and exit with status 2."""
    try:
        main()
    except (BadInput, OSError) as error:
        if isinstance(error, OSError) and error.errno not in MENDABLE:
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
