"""The permuted-label control: what is scored when labels say nothing of the images."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.control import LEAKAGE, LOOK
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import count, estimate, interval, listed, number, plural, units


def control(results: Results) -> Iterator[Section]:
    """The section on the permuted-label control."""
    title = "Permuted-label control"
    table = results.table("control")
    if table.empty:
        text = "This study did not run the control with labels shuffled among patients (`control` in its file)."
        yield Section("control", title, [Paragraph(text)])
        return
    blocks: list[Block] = [
        Paragraph(
            "Trained, tuned and tested once more with the labels shuffled among patients, all images of a source "
            "alike, as Yagis et al. did for brain scans [@yagis2021]. The labels then say nothing of the images, so "
            "what a protocol still scores above chance is recall of images or patients seen in training. Chance is "
            "what the same answers would score if they were independent of the labels. Grouped folds make a class "
            "rarer in training where it is frequent in the test part, so answers that follow its frequencies fall "
            "below chance."
        ),
        *(Paragraph(text) for text in _sentences(table)),
        Figures(
            "figure-control",
            "Accuracy with shuffled labels (filled, 95 % intervals) and with real ones (open). Black ticks: chance.",
            [Picture("control", "Accuracy with shuffled labels beside chance and the accuracy with real labels")],
            ["control"],
        ),
        _table(table),
    ]
    yield Section("control", title, blocks)


def leakage_sentence(table: pd.DataFrame) -> str:
    """What leaks under `published`, for the first page; empty if nothing does, or the control was not run."""
    rows = table[(table["protocol"] == PUBLISHED) & (table["verdict"] == LEAKAGE)]
    if rows.empty:
        return ""
    row = rows.sort_values(["permuted", "architecture"]).iloc[-1]
    return (
        "With the labels shuffled among patients, which leaves nothing to learn, that protocol still scores up to "
        f"{number(row['permuted'])} ({row['architecture']}, {number(row['excess'])} above chance, 95 % CI "
        f"{interval(row['excess_low'], row['excess_high'])})."
    )


def _sentences(table: pd.DataFrame) -> Iterator[str]:
    for protocol, rows in table.groupby("protocol", sort=False):
        known = rows.dropna(subset=["excess_low"])
        if known.empty:
            yield f"Under {protocol}, whether shuffled labels are scored above chance is not evaluable."
            continue
        above = known[known["verdict"].isin([LEAKAGE, LOOK])].sort_values("excess", ascending=False)
        if above.empty:
            yield (
                f"Under {protocol}, {_all(len(known))} with shuffled labels: accuracy "
                f"{number(known['permuted'].min())} to {number(known['permuted'].max())}, chance "
                f"{number(known['chance'].min())} to {number(known['chance'].max())}. The control finds no leak."
            )
            continue
        names = [
            f"{row.architecture} ({number(row.permuted)}, {number(row.excess)} above chance, 95 % CI "
            f"{interval(row.excess_low, row.excess_high)}; {number(row.real)} with the real labels)"
            for row in above.itertuples()
        ]
        blame = (
            "No label could be learnt from these images, so all of this excess is leakage."
            if protocol == PUBLISHED
            else "This protocol is meant to leave nothing to recall: look for what its parts still share."
        )
        yield (
            f"Under {protocol}, {len(above)} of {plural(len(known), 'model')} still score above chance "
            f"with shuffled labels: {listed(names)}. {blame}"
        )


def _all(n: int) -> str:
    return "the one model falls to chance" if n == 1 else f"all {n} models fall to chance or below"


def _table(table: pd.DataFrame) -> Table:
    rows = [
        [
            *(Cell(row["protocol"]), Cell(row["architecture"])),
            Cell(count(row["n_samples"]), units(row["n_units"], row["unit"])),
            estimate(row["permuted"], row["ci_low"], row["ci_high"]),
            Cell(number(row["chance"])),
            estimate(row["excess"], row["excess_low"], row["excess_high"]),
            Cell(number(row["real"])),
            Cell(row["verdict"], strong=row["verdict"] in (LEAKAGE, LOOK)),
        ]
        for _, row in table.iterrows()
    ]
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("test images")]
    titles += [Column("shuffled labels"), Column("chance"), Column("above chance"), Column("real labels")]
    titles += [Column("verdict", "phrase")]
    caption = (
        "Accuracy with shuffled labels against chance, with 95 % bootstrap intervals over patients (paired for the "
        "difference), given the one shuffle that was run."
    )
    return Table("table-control", caption, titles, rows, ["control"], grouped=True)
