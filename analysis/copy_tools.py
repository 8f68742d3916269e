"""Run one search for copies on a folder of images: python analysis/copy_tools.py TOOL FOLDER, by the tool's own Python.

FOLDER has train/*.png and test/*.png. Prints JSON: pairs (file in train, file in test), version, seconds and
cpu_seconds (with the tool's imports) and memory_mb (peak of the process; Linux only). Each tool is used with its
defaults. vision-data-doctor answers with the most similar train file of each test file, so with one pair at most. The
file imports nothing of this repository but our search, and runs in the environment of the tool.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

Pairs = Iterator[tuple[str, str]]


def ours(train: list[Path], test: list[Path]) -> Pairs:
    """Yield the copies that benchmarks/copies finds, without the frames of one scan."""
    import numpy as np
    from PIL import Image

    from benchmarks.copies.pairs import find_pairs

    files = [*train, *test]
    found = find_pairs(lambda number: np.asarray(Image.open(files[number])), len(files), len(train))
    copies = found[found["kind"] == "copy"]
    for a, b in zip(copies["a"], copies["b"], strict=True):
        yield files[a].name, files[b].name


def hashes(train: list[Path], test: list[Path], kind: str, most: int) -> Pairs:
    """Yield the pairs with at most `most` different bits of the 64 of an imagehash."""
    import imagehash
    import numpy as np
    from PIL import Image

    known, asked = (
        np.array([getattr(imagehash, kind)(Image.open(path)).hash.ravel() for path in paths]) for paths in (train, test)
    )
    for number, bits in enumerate(asked):
        for place in np.flatnonzero((known != bits).sum(axis=1) <= most):
            yield train[place].name, test[number].name


def segments(train: list[Path], test: list[Path]) -> Pairs:
    """Yield the pairs that match by imagehash's crop-resistant hash."""
    import imagehash
    from PIL import Image

    known = {path.name: imagehash.crop_resistant_hash(Image.open(path)) for path in train}
    for path in test:
        asked = imagehash.crop_resistant_hash(Image.open(path))
        yield from ((name, path.name) for name, one in known.items() if one.matches(asked))


def data_doctor(train: list[Path], test: list[Path]) -> Pairs:
    """Yield the leaks that `data-doctor leakage` reports."""
    from data_doctor.leakage import check_leakage

    found = check_leakage(train[0].parent, test[0].parent)
    yield from ((leak["train"], leak["val"]) for leak in (*found.exact_leaks, *found.near_leaks))


# Name of the tool -> its distribution (None: this repository) and its search.
TOOLS: dict[str, tuple[str | None, Callable[[list[Path], list[Path]], Pairs]]] = {
    "mammobench": (None, ours),
    "vision-data-doctor": ("vision-data-doctor", data_doctor),
    "imagehash phash, 6 bits": ("imagehash", lambda train, test: hashes(train, test, "phash", 6)),
    "imagehash phash, 10 bits": ("imagehash", lambda train, test: hashes(train, test, "phash", 10)),
    "imagehash dhash, 10 bits": ("imagehash", lambda train, test: hashes(train, test, "dhash", 10)),
    "imagehash crop_resistant_hash": ("imagehash", segments),
}


def run(tool: str, folder: Path) -> dict[str, Any]:
    """Return what the module's docstring says."""
    distribution, search = TOOLS[tool]
    files = [sorted((folder / part).glob("*.png")) for part in ("train", "test")]
    started = time.perf_counter()
    pairs = list(search(*files))
    seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return {
        "pairs": pairs,
        "version": version(distribution) if distribution else "",
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "memory_mb": _peak_mb(),
    }


def _peak_mb() -> int:
    """Return the peak of the resident memory since the start of this program, MB (Linux)."""
    # ru_maxrss would count the memory of the program that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


if __name__ == "__main__":
    json.dump(run(sys.argv[1], Path(sys.argv[2])), sys.stdout)
