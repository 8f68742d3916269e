"""The exception for input that the user can correct, and how commands report it."""

import contextlib
import errno
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from architectures._errors import BadInput

# Full disk or quota, no permission to write
CORRECTABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}
MOST_SHOWN = 30  # problems in a message
MOST = 400  # characters shown of a library's error message


def existing(path: Path) -> Path:
    """Return `path`, the output of an earlier stage. Raises BadInput if it is not there."""
    if not path.exists():
        raise BadInput(f"{path} is missing; run the stage that writes it first (snakemake runs them in order)")
    return path


def listing(head: str, problems: Iterable[str]) -> str:
    """Return a message: `head`, then each problem on a line, at most MOST_SHOWN, then the number of the others."""
    listed = list(dict.fromkeys(problems))
    more = [f"and {len(listed) - MOST_SHOWN} more"] if len(listed) > MOST_SHOWN else []
    return "\n".join([head, *(f"  - {problem}" for problem in listed[:MOST_SHOWN] + more)])


def refuse(head: str, problems: Iterable[str]) -> None:
    """Raise BadInput that lists `problems` below `head`; do nothing without problems."""
    if listed := list(problems):
        raise BadInput(listing(head, listed))


@contextlib.contextmanager
def told(head: str) -> Iterator[None]:
    """Turn any error of a library in the block into BadInput: `head`, then the library's message."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        # Keras prints a model's whole configuration in the middle of its message.
        shown = reason if len(reason) < MOST else f"{reason[: MOST // 2]} ... {reason[-MOST // 2 :]}"
        raise BadInput(f"{head}: {shown}") from None


def run_cli(main: Callable[[], None]) -> None:
    """Run a command line's `main`; print an error that the user can correct as one line and exit with status 2."""
    try:
        main()
    except (BadInput, OSError) as error:
        if isinstance(error, OSError) and error.errno not in CORRECTABLE:
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
