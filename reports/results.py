"""Files of a study as the report reads them."""

import functools
from typing import Any

import pandas as pd

from analysis.tidy import read_table
from benchmarks import stored
from benchmarks.protocols import BY_PATIENT, EXTERNAL, NOT_HONEST, OFFICIAL, PUBLISHED
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

# Honest protocols, the strictest first, and the units that each keeps on one side of the split.
KEPT_APART = {BY_PATIENT: "patient", OFFICIAL: "patient", EXTERNAL: "data set", "by_source": "source image"}


def main_honest(protocols: list[str]) -> str | None:
    """Return the strictest honest protocol; None if no protocol is honest."""
    honest = [protocol for protocol in protocols if protocol not in NOT_HONEST]
    return next((protocol for protocol in KEPT_APART if protocol in honest), honest[0] if honest else None)


def where(table: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Return the rows of `table` whose columns have the `wanted` values."""
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table


class Results:
    """One study with its tables, data set and provenance. Each file is read once."""

    def __init__(self, study: Study):
        self.study = study
        self.folder = study.results()
        self.architectures = sorted(study.architectures)
        self.compared = [*self.architectures, *BASELINES]
        self.protocols = list(study.protocols)
        self.honest = [protocol for protocol in self.protocols if protocol not in NOT_HONEST]
        self.leaky = [protocol for protocol in self.protocols if protocol in NOT_HONEST]
        self.searched = [protocol for protocol in self.protocols if protocol != PUBLISHED]
        self.main_protocol = main_honest(self.protocols) or self.leaky[0]
        self.dataset: dict = stored.record(self.folder / "dataset.json")
        self.provenance: dict = stored.record(self.folder / "provenance.json")

    @functools.cache  # noqa: B019 - lives as long as one rendering
    def table(self, name: str) -> pd.DataFrame:
        """Return tables/<name>.csv. Raises BadInput if the file is missing."""
        return read_table(self.folder, name)

    def networks(self, name: str) -> pd.DataFrame:
        """Return the rows of tables/<name>.csv without those of baselines."""
        table = self.table(name)
        return table[~table["architecture"].isin(BASELINES)]

    def scored(self) -> pd.DataFrame:
        """Return one row of tables/headline.csv for each protocol: number of test images and independent units."""
        return self.networks("headline").drop_duplicates("protocol")

    def cell(self, name: str, architecture: str, protocol: str) -> pd.Series:
        """Return the one row of tables/<name>.csv for `architecture` under `protocol`."""
        return where(self.table(name), architecture=architecture, protocol=protocol).iloc[0]

    @functools.cached_property
    def failures(self) -> list[dict]:
        """Failed cells and architectures, as benchmarks/run/rest.py writes them; empty if the report is complete."""
        path = self.study.failures_file()
        return stored.record(path) if path.is_file() else []
