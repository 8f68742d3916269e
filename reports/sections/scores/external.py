"""The external test: what is lost on a data set that training has not seen."""

from collections.abc import Iterator

import pandas as pd

from analysis.scores.external import ALL, WORSE
from benchmarks.study.study import BASELINES
from reports.document import Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.wording import count, estimate, interval, listed, number, plural, units


def external(results: Results) -> Iterator[Section]:
    """The section on the external test; none if the study has no protocol external."""
    table = results.table("external")
    if table.empty:
        return
    text = (
        "Networks trained on all other data sets, tested on one that they have not seen; beside it the accuracy on the "
        "same images under by_patient, where training has seen other patients of that data set. The loss is the "
        "difference, paired by image. It mixes what is foreign about a data set with how much less there was to train "
        "on."
    )
    yield Section("external", "External test", [Paragraph(text), Paragraph(_summary(table)), _table(table)])


def _summary(table: pd.DataFrame) -> str:
    """How many networks lose, over all tested data sets together."""
    networks = table[~table["architecture"].isin(BASELINES)]
    whole = networks[networks["dataset"] == ALL] if (networks["dataset"] == ALL).any() else networks
    known = whole.dropna(subset=["loss_low"]).sort_values(["loss", "architecture"])
    if known.empty:
        return "What is lost on another data set is not evaluable."
    worse, last = known[known["verdict"] == WORSE], known.iloc[-1]
    named = f" ({listed(sorted(worse['architecture']))})" if len(worse) else ""
    limits = interval(last["loss_low"], last["loss_high"])
    return (
        f"The interval of the loss lies above zero for {len(worse)} of {plural(len(known), 'network')}{named}; "
        f"the largest is {number(last['loss'])} ({last['architecture']}, {limits}), "
        f"on {units(last['n_units'], last['unit'])}."
    )


def _table(table: pd.DataFrame) -> Table:
    rows = [
        [
            *(Cell(row["dataset"]), Cell(row["architecture"])),
            Cell(count(row["n_samples"]), units(row["n_units"], row["unit"])),
            estimate(row["accuracy"], row["ci_low"], row["ci_high"]),
            Cell(number(row["internal"])),
            estimate(row["loss"], row["loss_low"], row["loss_high"]),
            Cell(row["verdict"], strong=row["verdict"] == WORSE),
        ]
        for _, row in table.sort_values("dataset", kind="stable").iterrows()
    ]
    titles = [Column("tested", "left"), Column("architecture", "left"), Column("test images"), Column("external")]
    titles += [Column("by_patient"), Column("loss"), Column("verdict", "phrase")]
    caption = (
        "Accuracy on each tested data set by networks trained on the others, and the loss against by_patient on the "
        "same images, with 95 % bootstrap intervals over patients (paired for the loss)."
    )
    return Table("table-external", caption, titles, rows, ["external"], grouped=True)
