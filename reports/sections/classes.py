"""Sections: results class by class, confusion matrices, spread of scores, collapsed networks."""

from collections.abc import Iterator

import pandas as pd

from analysis.scores.collapse import COLLAPSED, FLAGGED, SOUND
from analysis.tasks import AUC
from reports.document import Block, Cell, Figures, Paragraph, Picture, Section, Table
from reports.results import Results, where
from reports.sections.scores import METRICS, TASKS
from reports.tables import ARCHITECTURE, PROTOCOL, Declared, column, make_table, measured, tested, text, value, verdict
from reports.wording import MISSING, number
from reports.words import Words

WORDS = Words("classes")


def classes(results: Results) -> Iterator[Section]:
    """Sections on single classes."""
    yield Section("classes", WORDS.text("title"), [_per_class(results, p) for p in results.protocols])
    yield Section("confusion", WORDS.text("confusion_title"), [_confusion(results, p) for p in results.protocols])


def _per_class(results: Results, protocol: str) -> Table:
    unit = results.cell("headline", results.architectures[0], protocol)["unit"]
    table = where(results.table("per_class"), protocol=protocol).rename(columns={"support": "n_samples"})
    by_class = table.set_index(["label", "architecture"], drop=False)
    rows = [by_class.loc[(label, name)] for label in results.dataset["classes"] for name in results.compared]
    columns = [
        *(text("class", "label"), ARCHITECTURE, column("test images", lambda row: tested(row, unit))),
        *(value("precision"), measured("recall", "recall", "recall", MISSING), value("F1", "f1")),
    ]
    caption = WORDS.text("caption", protocol=protocol)
    return make_table(f"classes-{protocol}", caption, columns, rows, ["per_class"], grouped=True, folded=True)


def _confusion(results: Results, protocol: str) -> Figures:
    names = {architecture: f"confusion_{architecture}_{protocol}" for architecture in results.architectures}
    pictures = [
        Picture(name, WORDS.text("confusion_alt", architecture=architecture, protocol=protocol, name=name))
        for architecture, name in names.items()
    ]
    caption = WORDS.text("confusion_caption", protocol=protocol)
    return Figures(f"figure-confusion-{protocol}", caption, pictures, [*names.values()], columns=2)


# (task, metric) of the scores that are defined in a fold without some class
SPREAD = (
    *(("class8", "accuracy"), ("class8", "weighted_f1"), ("class8", "brier")),
    *(("density", "accuracy"), ("severity", AUC), ("severity", "brier")),
)
FOLD_FROM = 12  # rows


def spread(results: Results) -> Iterator[Section]:
    """Section on the spread of scores."""
    yield Section("spread", WORDS.text("spread_title"), [_spread(results)])


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

    caption = WORDS.text("spread_caption", repeats=results.study.repeats)
    columns = [PROTOCOL, ARCHITECTURE, *(deviations(*pair) for pair in shown)]
    rows = [{"protocol": p, "architecture": name} for p in results.protocols for name in results.compared]
    return make_table("spread", caption, columns, rows, ["scores"], grouped=True, folded=True)


def collapse(results: Results) -> Iterator[Section]:
    """Section on collapsed networks."""
    table = results.table("collapse")
    counts = table["verdict"].value_counts()
    facts = {"n": len(table), "collapsed": counts.get(COLLAPSED, 0), "flagged": counts.get(FLAGGED, 0)}
    blocks: list[Block] = [Paragraph(WORDS.text("collapse", **facts))]
    unsound = table[table["verdict"] != SOUND].sort_values(["protocol", "architecture", "fold"])
    if len(unsound):
        caption = WORDS.text("collapse_caption")
        columns = [PROTOCOL, ARCHITECTURE, text("fold", align="right"), verdict(COLLAPSED, align="left")]
        columns.append(text("cause", align="wrap"))
        blocks.append(make_table("collapse", caption, columns, unsound, grouped=True, folded=len(unsound) > FOLD_FROM))
    yield Section("collapse", WORDS.text("collapse_title"), blocks)
