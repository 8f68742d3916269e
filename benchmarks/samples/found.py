"""Sources found from pixels, for data sets whose file names tell nothing (`source: found`).

Writes results/<study>/sources.csv: sample, source, n_files (of the source), and the source's weakest link
(benchmarks/copies/groups.py): weakest_link (similarity), weakest_a and weakest_b (samples), empty for a single file.
"""

import dataclasses
import re
from collections.abc import Iterator

import pandas as pd

from benchmarks.copies.groups import grouped, weakest_links
from benchmarks.copies.pairs import find_pairs
from benchmarks.copies.registration import COPY
from benchmarks.datasets import Dataset
from benchmarks.errors import refuse

CONSTANT = ("label", "patient")  # facts that all copies of an image share


def with_found_sources(dataset: Dataset, *, scans: bool = False) -> tuple[Dataset, pd.DataFrame]:
    """Return `dataset` with each group of copies as one source, and the rows of sources.csv.

    With `scans`, frames of one scan belong to one source, too.
    The first file of a group in natural order (image_2 before image_10) counts as the original, since pixels do not
    tell which file is un-augmented; the source has its name. Raises BadInput if the copies of an image differ in label
    or patient, or if an image can't be read.
    """
    samples = dataset.samples
    pairs = find_pairs(dataset.native, len(samples))
    pairs = pairs if scans else pairs[pairs["kind"] == COPY]
    groups = grouped(len(samples), pairs)
    order = pd.Series([natural(name) for name in samples["sample"]], samples.index)
    first_to_last = samples.assign(group=groups, order=order).sort_values("order")
    number = first_to_last.groupby("group").cumcount().sort_index()
    source = first_to_last.groupby("group")["sample"].transform("first").sort_index()
    found = samples.assign(
        source=source.astype("string"),
        copy=number + 1,
        upright=number == 0,
        folder=(number == 0).map({True: "before", False: "after"}),
    )
    refuse("source: found: copies that differ; correct them, or leave one out:", _conflicts(found))
    links = weakest_links(groups, pairs).set_index("group")
    names = samples["sample"].to_numpy()
    own = links.reindex(groups)
    table = pd.DataFrame(
        {
            "sample": samples["sample"],
            "source": source,
            "n_files": source.map(source.value_counts()),
            "weakest_link": own["similarity"].to_numpy().round(4),
            **{f"weakest_{end}": [names[int(place)] if place == place else None for place in own[end]] for end in "ab"},
        }
    )
    return dataclasses.replace(dataset, samples=found), table


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts numbers within names by their value."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _conflicts(found: pd.DataFrame) -> Iterator[str]:
    for fact in CONSTANT:
        values = found.groupby("source")[fact].nunique()
        for source in values[values > 1].index:
            members = found[found["source"] == source].drop_duplicates(fact).head(2)
            shown = " and ".join(f"{row['sample']} ({row[fact]})" for _, row in members.iterrows())
            yield f"{fact}: {shown} are copies of one image"
