"""Memory and time that a cell requests on a cluster: those of finished cells of its kind, with a margin.

The kind of a cell is its architecture and form. The values come from runtime.json, which the training process writes: a
benchmark file of Snakemake would measure the process that starts the job (warm.py). Each further attempt requests twice
as much, as the job may have been killed for lack of memory or time.

Cells of another image size are ignored. Other changes of a study, e.g. of its epochs, count once a cell has run with
them.
"""

import json
import math

from benchmarks.protocols import variant
from benchmarks.study.study import Study

UNKNOWN = 6000, 720  # MB and minutes while no cell of the kind has finished
LARGER = 1.5  # margin for a fold with more images, other versions of the libraries
SLOWER = 3  # margin for an older node, a fold that trains for more epochs
# Snakemake takes 170 MB, twice beside each job on a node; a warm process counts 350 MB of libraries less as its own.
BESIDE_MB = 1000
START_MINUTES = 5


class Needs:
    """Memory and time for the cells of `study`; the files of each kind of cell are read once, at its first request."""

    def __init__(self, study: Study):
        self.study = study
        self.known: dict[tuple[str, str], tuple[int, int]] = {}

    def memory_mb(self, architecture: str, protocol: str, attempt: int) -> int:
        """Return the memory in MB for a cell's attempt, counted from 1."""
        return self._first(architecture, variant(protocol))[0] * 2 ** (attempt - 1)

    def minutes(self, architecture: str, protocol: str, attempt: int) -> int:
        """Return the wall time in minutes for a cell's attempt, counted from 1."""
        return self._first(architecture, variant(protocol))[1] * 2 ** (attempt - 1)

    def _first(self, architecture: str, form: str) -> tuple[int, int]:
        key = architecture, form
        if key not in self.known:
            self.known[key] = self._learnt(architecture, form)
        return self.known[key]

    def _learnt(self, architecture: str, form: str) -> tuple[int, int]:
        finished = self._finished(architecture, form)
        if not finished:
            return UNKNOWN
        megabytes = max(cell["peak_memory_mb"] for cell in finished)
        seconds = max(cell["seconds"]["training"] + cell["seconds"]["prediction"] for cell in finished)
        return math.ceil(megabytes * LARGER + BESIDE_MB), math.ceil(seconds * SLOWER / 60 + START_MINUTES)

    def _finished(self, architecture: str, form: str) -> list[dict]:
        """Return the content of each runtime.json of the kind."""
        files = [
            self.study.cell_folder(architecture, protocol, fold) / "runtime.json"
            for name, protocol in self.study.pairs()
            if name == architecture and variant(protocol) == form
            for fold in self.study.cells(protocol)
        ]
        texts = [file.read_text() for file in files if file.is_file()]
        # On a network file system, a file that is being written is empty at first.
        cells = [json.loads(text) for text in texts if text]
        return [cell for cell in cells if cell["image_size"] == self.study.size_of(architecture)]
