"""How far scores vary between folds and seeds, and which networks collapsed."""

from collections.abc import Iterator

import pandas as pd

from analysis.scores.collapse import COLLAPSED, FLAGGED, SOUND
from reports.document import Block, Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.sections.scores.scores import METRICS, TASKS
from reports.wording import number, plural

# Metrics that a fold without some class allows.
SPREAD = (
    *(("class8", "accuracy"), ("class8", "weighted_f1"), ("class8", "brier")),
    *(("density", "accuracy"), ("severity", "roc_auc"), ("severity", "brier")),
)
FOLD_FROM = 12  # rows


def spread(results: Results) -> Iterator[Section]:
    """The section on the spread of scores."""
    yield Section("spread", "Spread over folds and seeds", [_spread(results)])


def collapse(results: Results) -> Iterator[Section]:
    """The section on collapsed networks."""
    yield Section("collapse", "Collapsed networks", list(_collapse(results)))


def _spread(results: Results) -> Table:
    scores = results.table("scores").set_index(["task", "metric"])
    columns = [pair for pair in SPREAD if pair in scores.index]
    scores = scores.set_index(["architecture", "protocol"], append=True)
    rows = [
        [
            *(Cell(protocol), Cell(architecture)),
            *(_deviations(scores.loc[(*pair, architecture, protocol)]) for pair in columns),
        ]
        for protocol in results.protocols
        for architecture in results.compared
    ]
    titles = [Column("protocol", "left"), Column("architecture", "left")]
    titles += [Column(f"{METRICS[metric]}, {TASKS[task][0]}") for task, metric in columns]
    seeds = (
        "the study has one repeat, so there is none between seeds"
        if results.study.repeats == 1
        else f"below, that between {results.study.repeats} repeats with other folds and seeds"
    )
    caption = (
        f"Standard deviation between folds; {seeds}. A dash: one fold, or folds without a class that the score needs. "
        "Folds are small and share training images, so these deviations are no standard errors."
    )
    return Table("table-spread", caption, titles, rows, ["scores"], grouped=True, folded=True)


def _deviations(row: pd.Series) -> Cell:
    seeds = "" if pd.isna(row["seed_sd"]) else f"{number(row['seed_sd'], 3)} between seeds"
    return Cell(number(row["fold_sd"], 3), seeds)


def _collapse(results: Results) -> Iterator[Block]:
    table = results.table("collapse")
    unsound = table[table["verdict"] != SOUND]
    counts = table["verdict"].value_counts()
    yield Paragraph(
        f"Of {plural(len(table), 'trained cell')}, {counts.get(COLLAPSED, 0)} collapsed: they answer one class for all "
        f"of their test images, and their accuracy is that class's share. {counts.get(FLAGGED, 0)} more are flagged "
        "for a loss that was not finite, constant outputs or dead features. Scores above include them; their number "
        "stands beside the accuracy."
    )
    if unsound.empty:
        return
    rows = [
        [
            *(Cell(row["protocol"]), Cell(row["architecture"]), Cell(str(row["fold"]))),
            Cell(row["verdict"], strong=row["verdict"] == COLLAPSED),
            Cell(row["cause"]),
        ]
        for _, row in unsound.sort_values(["protocol", "architecture", "fold"]).iterrows()
    ]
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("fold"), Column("verdict", "left")]
    caption = "Cells that are not sound, and what their own files say of the cause."
    columns = [*titles, Column("cause", "wrap")]
    yield Table("table-collapse", caption, columns, rows, ["collapse"], grouped=True, folded=len(rows) > FOLD_FROM)
