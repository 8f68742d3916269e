"""A study's files as the report reads them."""

import functools

import pandas as pd

from analysis.tidy import read_table
from benchmarks import stored
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import BASELINES, Study


class Results:
    """One study with its tables, data set and provenance, each read once."""

    def __init__(self, study: Study):
        self.study = study
        self.folder = study.results()
        self.architectures = sorted(study.architectures)
        self.compared = [*self.architectures, *BASELINES]
        self.protocols = list(study.protocols)
        self.honest = [protocol for protocol in self.protocols if protocol != PUBLISHED]
        self.dataset: dict = self._json("dataset.json")
        self.provenance: dict = self._json("provenance.json")

    @functools.cache  # noqa: B019 - lives as long as one rendering
    def table(self, name: str) -> pd.DataFrame:
        """tables/<name>.csv. Raises BadInput if it is not there."""
        return read_table(self.folder, name)

    def networks(self, name: str) -> pd.DataFrame:
        """The rows of tables/<name>.csv that are no baseline's."""
        table = self.table(name)
        return table[~table["architecture"].isin(BASELINES)]

    def cell(self, name: str, architecture: str, protocol: str) -> pd.Series:
        """The one row of tables/<name>.csv for `architecture` under `protocol`."""
        table = self.table(name)
        return table[(table["architecture"] == architecture) & (table["protocol"] == protocol)].iloc[0]

    @functools.cached_property
    def failures(self) -> list[dict]:
        """What failed in the run, as benchmarks/run/rest.py says; without it the report is complete."""
        path = self.study.failures_file()
        return stored.record(path) if path.is_file() else []

    def _json(self, name: str) -> dict:
        return stored.record(self.folder / name)
