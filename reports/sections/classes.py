"""Sections: results class by class, confusion matrices, spread of scores, collapsed networks."""

from collections.abc import Iterator

import pandas as pd

from analysis.scores.collapse import COLLAPSED, FLAGGED, SOUND
from analysis.tasks import AUC
from reports.document import Block, Cell, Figures, Paragraph, Picture, Section, Table
from reports.results import Results, where
from reports.sections.scores import METRICS, TASKS
from reports.tables import ARCHITECTURE, PROTOCOL, Declared, column, make_table, measured, tested, text, value, verdict
from reports.wording import MISSING, number, plural


def classes(results: Results) -> Iterator[Section]:
    """Sections on single classes."""
    yield Section("classes", "Each class", [_per_class(results, p) for p in results.protocols])
    yield Section("confusion", "Confusion matrices", [_confusion(results, p) for p in results.protocols])


def _per_class(results: Results, protocol: str) -> Table:
    unit = results.cell("headline", results.architectures[0], protocol)["unit"]
    table = where(results.table("per_class"), protocol=protocol).rename(columns={"support": "n_samples"})
    by_class = table.set_index(["label", "architecture"], drop=False)
    rows = [by_class.loc[(label, name)] for label in results.dataset["classes"] for name in results.compared]
    columns = [
        *(text("class", "label"), ARCHITECTURE, column("test images", lambda row: tested(row, unit))),
        *(value("precision"), measured("recall", "recall", "recall", MISSING), value("F1", "f1")),
    ]
    caption = (
        f"{protocol}: precision, recall and F1 of each class. A dash: not evaluable, as without test images. Below "
        "recall: Wilson's 95 % interval [@wilson1927], which takes images for independent."
    )
    return make_table(f"classes-{protocol}", caption, columns, rows, ["per_class"], grouped=True, folded=True)


def _confusion(results: Results, protocol: str) -> Figures:
    names = {architecture: f"confusion_{architecture}_{protocol}" for architecture in results.architectures}
    pictures = [
        Picture(name, f"Confusion matrix of {architecture} under {protocol}; its numbers stand in tables/{name}.csv")
        for architecture, name in names.items()
    ]
    caption = (
        f"{protocol}: counts of test images, pooled over the folds; shade and per cent are shares of the true class, "
        "whose images are counted in brackets. Right answers stand in the framed diagonal."
    )
    return Figures(f"figure-confusion-{protocol}", caption, pictures, [*names.values()], columns=2)


# (task, metric) of the scores that are defined in a fold without some class
SPREAD = (
    *(("class8", "accuracy"), ("class8", "weighted_f1"), ("class8", "brier")),
    *(("density", "accuracy"), ("severity", AUC), ("severity", "brier")),
)
FOLD_FROM = 12  # rows


def spread(results: Results) -> Iterator[Section]:
    """Section on the spread of scores."""
    yield Section("spread", "Spread over folds and seeds", [_spread(results)])


def _spread(results: Results) -> Table:
    scores = results.table("scores").set_index(["task", "metric"])
    shown = [pair for pair in SPREAD if pair in scores.index]
    scores = scores.set_index(["architecture", "protocol"], append=True)

    def deviations(task: str, metric: str) -> Declared:
        def cell(row: dict) -> Cell:
            own = scores.loc[(task, metric, row["architecture"], row["protocol"])]
            seeds = "" if pd.isna(own["seed_sd"]) else f"{number(own['seed_sd'], 3)} between seeds"
            return Cell(number(own["fold_sd"], 3), seeds)

        return column(f"{METRICS[metric]}, {TASKS[task]}", cell)

    seeds = (
        "the study has one repeat, so there is none between seeds"
        if results.study.repeats == 1
        else f"below, that between {results.study.repeats} repeats with other folds and seeds"
    )
    caption = (
        f"Standard deviation between folds; {seeds}. A dash: one fold, or folds without a class that the score needs. "
        "Folds are small and share training images, so these deviations are no standard errors."
    )
    columns = [PROTOCOL, ARCHITECTURE, *(deviations(*pair) for pair in shown)]
    rows = [{"protocol": p, "architecture": name} for p in results.protocols for name in results.compared]
    return make_table("spread", caption, columns, rows, ["scores"], grouped=True, folded=True)


def collapse(results: Results) -> Iterator[Section]:
    """Section on collapsed networks."""
    table = results.table("collapse")
    counts = table["verdict"].value_counts()
    about = (
        f"Of {plural(len(table), 'trained cell')}, {counts.get(COLLAPSED, 0)} collapsed: they answer one class for all "
        f"of their test images, and their accuracy is that class's share. {counts.get(FLAGGED, 0)} more are flagged "
        "for a loss that was not finite, constant outputs or dead features. Scores above include them; their number "
        "stands beside the accuracy."
    )
    blocks: list[Block] = [Paragraph(about)]
    unsound = table[table["verdict"] != SOUND].sort_values(["protocol", "architecture", "fold"])
    if len(unsound):
        caption = "Cells that are not sound, and what their own files say of the cause."
        columns = [PROTOCOL, ARCHITECTURE, text("fold", align="right"), verdict(COLLAPSED, align="left")]
        columns.append(text("cause", align="wrap"))
        blocks.append(make_table("collapse", caption, columns, unsound, grouped=True, folded=len(unsound) > FOLD_FROM))
    yield Section("collapse", "Collapsed networks", blocks)
