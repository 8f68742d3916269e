"""Results class by class, and confusion matrices."""

from collections.abc import Iterator

import pandas as pd

from reports.document import Cell, Column, Figures, Picture, Section, Table
from reports.results import Results
from reports.wording import MISSING, count, estimate, number, units


def classes(results: Results) -> Iterator[Section]:
    """The sections on single classes."""
    yield Section("classes", "Each class", [_per_class(results, p) for p in results.protocols])
    yield Section("confusion", "Confusion matrices", [_confusion(results, p) for p in results.protocols])


def _per_class(results: Results, protocol: str) -> Table:
    table = results.table("per_class")
    table = table[table["protocol"] == protocol].set_index(["label", "architecture"])
    unit = results.cell("headline", results.architectures[0], protocol)["unit"]
    rows = []
    for label in results.dataset["classes"]:
        for architecture in results.compared:
            row = table.loc[(label, architecture)]
            rows.append(
                [
                    *(Cell(label), Cell(architecture), Cell(count(row["support"]), units(row["n_units"], unit))),
                    *(Cell(number(row["precision"])), _recall(row), Cell(number(row["f1"]))),
                ]
            )
    titles = [Column("class", "left"), Column("architecture", "left"), Column("test images"), Column("precision")]
    titles += [Column("recall"), Column("F1")]
    caption = (
        f"{protocol}: precision, recall and F1 of each class. A dash: not evaluable, as without test images. Below "
        "recall: Wilson's 95 % interval [@wilson1927], which takes images for independent."
    )
    return Table(f"table-classes-{protocol}", caption, titles, rows, ["per_class"], grouped=True, folded=True)


def _recall(row: pd.Series) -> Cell:
    if pd.isna(row["recall"]):
        return Cell(MISSING)
    return estimate(row["recall"], row["recall_low"], row["recall_high"])


def _confusion(results: Results, protocol: str) -> Figures:
    names = [f"confusion_{architecture}_{protocol}" for architecture in results.architectures]
    pictures = [
        Picture(name, f"Confusion matrix of {architecture} under {protocol}; its numbers stand in tables/{name}.csv")
        for name, architecture in zip(names, results.architectures, strict=True)
    ]
    caption = (
        f"{protocol}: counts of test images, pooled over the folds; shade and per cent are shares of the true class, "
        "whose images are counted in brackets. Right answers stand in the framed diagonal."
    )
    return Figures(f"figure-confusion-{protocol}", caption, pictures, names, columns=2)
