"""Accuracy of the search for copies of real films that were cropped, zoomed, shifted, sheared or seen in perspective.

    python -m analysis.warped_quality --inbreast ZIP --cbis ZIP > benchmarks/reference/warped_copies.csv

The films are the 106 upright originals of Mendeley Data x7bvzv6cvr and those of CBIS-DDSM. Of every fourth film of
CBIS-DDSM and all others, COPIES copies are made for each change of geometry and each further change
(analysis/film_changes.py), drawn by SEED, and looked for among the films. False pairs are counted there and among all
films; films of one patient are not counted. The last row compares all augmented files of x7bvzv6cvr with themselves.

Wrong pairs among all films, and copies that were missed, are listed on standard error.

Columns: test, n_films, n_copies, found (copies paired with their film), as_scan (of those, pairs called frames of one
scan), lowest (least similarity of a copy found), n_pairs (pairs of films of different patients), n_wrong (of those,
called copies), n_wrong_scan (called frames of one scan), cpu_seconds, peak_memory_mb, and those of
benchmarks/reference.
"""

import dataclasses
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.film_changes import GEOMETRY, WITH
from benchmarks.copies.pairs import find_pairs
from benchmarks.copies.registration import COPY
from benchmarks.datasets import image_folder, mendeley_inbreast
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

SEED = 1
COPIES = 25  # of each change of geometry and each further change
COLUMNS = [
    *("test", "n_films", "n_copies", "found", "as_scan", "lowest", "n_pairs", "n_wrong", "n_wrong_scan"),
    *("cpu_seconds", "peak_memory_mb"),
]
EVERY = 4  # of the films of CBIS-DDSM from which copies are made


@dataclasses.dataclass(frozen=True)
class Films:
    """Films by number: `read(number)` returns uint8 (H, W); `patient` (N,) has names, unique across data sets.

    The first `n_inbreast` films are those of the data set `inbreast`.
    """

    read: Callable[[int], np.ndarray]
    patient: np.ndarray
    n_inbreast: int
    inbreast: Any

    @property
    def chosen(self) -> list[int]:
        """Numbers of the films from which copies are made."""
        return [*range(self.n_inbreast), *range(self.n_inbreast, len(self.patient), EVERY)]


def load(inbreast: Path, cbis: Path) -> Films:
    """Return the films of both data sets. Raises BadInput if a data set is missing or damaged."""
    one, other = mendeley_inbreast.load(mendeley_inbreast.OPTIONS, inbreast, SEED), _cbis(cbis)
    first = one.samples[one.samples["upright"]].drop_duplicates("source")
    patients = [f"inbreast {patient}" for patient in first["patient"]]
    patients += [f"cbis {patient}" for patient in other.samples["patient"]]

    def read(number: int) -> np.ndarray:
        return one.native(first.index[number]) if number < len(first) else other.native(number - len(first))

    return Films(read, np.array(patients), len(first), one)


def _cbis(path: Path) -> Any:
    return image_folder.read(image_folder.OPTIONS, path, consistent=False)


def rows(films: Films) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    chosen, rng = films.chosen, np.random.default_rng(SEED)
    made = [(geometry, more) for geometry in GEOMETRY for more in WITH for _ in range(COPIES)]
    origins, copies = [], []
    for geometry, more in made:
        origin = int(rng.choice(chosen))
        changed = WITH[more](GEOMETRY[geometry](films.read(origin), rng), rng)
        origins.append(origin)
        copies.append(np.ascontiguousarray(changed))
    n = len(chosen)
    start = time.process_time()
    pairs = find_pairs(lambda place: films.read(chosen[place]) if place < n else copies[place - n], n + len(made), n)
    seconds = time.process_time() - start
    table = pd.DataFrame(made, columns=["geometry", "more"]).assign(found=False, as_scan=False, similarity=np.nan)
    origin, film = np.array(origins)[pairs["b"] - n], np.array(chosen)[pairs["a"]]
    for row in pairs[origin == film].itertuples():
        table.loc[row.b - n, ["found", "as_scan", "similarity"]] = (True, row.kind != COPY, row.similarity)
    for row in table[~table["found"]].itertuples():
        print(f"missed: film {origins[row.Index]}, {row.geometry}, {row.more}", file=sys.stderr)
    counted = _wrong(pairs, films.patient[film] != films.patient[origin])
    different = (films.patient[chosen][:, None] != films.patient[origins]).sum()
    yield _counted("all changes", n, table) | counted | {"n_pairs": int(different), "cpu_seconds": seconds}
    for column in ("geometry", "more"):
        for name, own in table.groupby(column, sort=False):
            yield _counted(str(name), n, own)
    start = time.process_time()
    pairs = find_pairs(films.read, len(films.patient))
    unlike = films.patient[pairs["a"]] != films.patient[pairs["b"]]
    sizes = pd.Series(films.patient).value_counts()
    n = len(films.patient)
    different = n * (n - 1) // 2 - int((sizes * (sizes - 1) // 2).sum())
    row = {"test": "films of different patients", "n_films": n, "n_pairs": different}
    yield row | _wrong(pairs, unlike) | {"cpu_seconds": time.process_time() - start}
    for pair in pairs[unlike].itertuples():
        print(f"films {pair.a} and {pair.b}: {pair.kind}, similarity {pair.similarity:.3f}", file=sys.stderr)
    yield augmented(films.inbreast)


def augmented(inbreast: Any) -> dict[str, Any]:
    """Return the row of the augmented files of x7bvzv6cvr against themselves, in which each file has a copy."""
    files = inbreast.samples[inbreast.samples["folder"] == "after"]
    source, n = files["source"].to_numpy(dtype=str), len(files)
    start = time.process_time()
    pairs = find_pairs(lambda place: inbreast.native(files.index[place % n]), 2 * n, n)
    seconds = time.process_time() - start
    unlike = source[pairs["a"]] != source[pairs["b"] - n]
    found = pairs.loc[~unlike, "b"].nunique()
    different = n * n - int((pd.Series(source).value_counts() ** 2).sum())
    row = {"test": "augmented files against themselves", "n_films": n, "n_copies": n, "found": found, "as_scan": 0}
    row |= {"lowest": pairs.loc[~unlike].groupby("b")["similarity"].max().min(), "n_pairs": different}
    return row | _wrong(pairs, unlike) | {"cpu_seconds": seconds}


def _counted(test: str, n_films: int, copies: pd.DataFrame) -> dict[str, Any]:
    counts = {"found": int(copies["found"].sum()), "as_scan": int(copies["as_scan"].sum())}
    return {"test": test, "n_films": n_films, "n_copies": len(copies), **counts, "lowest": copies["similarity"].min()}


def _wrong(pairs: pd.DataFrame, unlike: np.ndarray) -> dict[str, int]:
    copy = pairs["kind"] == COPY
    return {"n_wrong": int((unlike & copy).sum()), "n_wrong_scan": int((unlike & ~copy).sum())}


def measure(inbreast: Path, cbis: Path) -> pd.DataFrame:
    """Return the table without the columns of benchmarks/reference."""
    table = pd.DataFrame(rows(load(inbreast, cbis))).round({"lowest": 3, "cpu_seconds": 1})
    whole = ["n_copies", "found", "as_scan", "n_pairs", "n_wrong", "n_wrong_scan"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return table.astype(dict.fromkeys(whole, "Int64")).assign(peak_memory_mb=peak)[COLUMNS]


main = measurement(
    "analysis.warped_quality",
    "Measure the accuracy of the search for warped copies on real films.",
    measure,
    {
        "--inbreast": {"required": True, "type": Path, "help": "the zip of Mendeley Data x7bvzv6cvr"},
        "--cbis": {"required": True, "type": Path, "help": "the zip of films of CBIS-DDSM"},
    },
)

if __name__ == "__main__":
    run_cli(main)
