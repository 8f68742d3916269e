"""Results: accuracy, published beside honest, scores of each task, classes, confusion matrices."""

from collections.abc import Iterator

import pandas as pd

from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import MISSING, NOT_EVALUABLE, count, estimate, number, units

METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "weighted_precision": "weighted precision",
    "weighted_recall": "weighted recall",
    "weighted_f1": "weighted F1",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "roc_auc": "area under ROC",
}
TASKS = {
    "class8": ("all classes", "every class on its own"),
    "severity": ("severity", "malignant (positive) against benign, from the summed class probabilities"),
    "density": ("density", "the breast density, from the summed class probabilities"),
}
INTERVALS = "95 % percentile bootstrap intervals over independent units"


def scores(results: Results) -> Iterator[Section]:
    """The sections on results."""
    yield Section("results", "Results", [_headline(results)])
    if len(results.table("inflation")):
        yield Section("inflation", "Published against honest accuracy", _inflation(results), level=2)
    tasks = [task for task in TASKS if task in set(results.table("scores")["task"])]
    for task in tasks:
        title = f"Scores: {TASKS[task][0]}"
        yield Section(f"scores-{task}", title, [_task(results, task, p) for p in results.protocols], level=2)
    yield Section("classes", "Each class", [_per_class(results, p) for p in results.protocols], level=2)
    yield Section("confusion", "Confusion matrices", [_confusion(results, p) for p in results.protocols], level=2)


def _headline(results: Results) -> Table:
    rows = []
    for protocol in results.protocols:
        for architecture in results.architectures:
            row = results.cell("headline", architecture, protocol)
            label = row["majority_label"]
            rows.append(
                [
                    *(Cell(protocol), Cell(architecture), _tested(row)),
                    estimate(row["accuracy"], row["ci_low"], row["ci_high"]),
                    Cell(number(row["majority_accuracy"]), "" if pd.isna(label) else label),
                    estimate(row["difference"], row["difference_low"], row["difference_high"]),
                    Cell(row["verdict"], strong=row["verdict"] == "beats majority"),
                    Cell(count(row["predicted_classes"])),
                    Cell(f"{count(row['collapsed_cells'])} of {count(row['cells'])}"),
                ]
            )
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("test images"), Column("accuracy")]
    titles += [Column("majority class"), Column("difference"), Column("verdict", "phrase"), Column("classes answered")]
    titles += [Column("collapsed cells")]
    caption = (
        f"Accuracy on test images with {INTERVALS} [@efron1993], beside always answering the majority class of the "
        "training part, scored on the same images. An architecture beats the majority class only if the paired "
        "interval of the difference lies above zero. A collapsed cell answers one class for all of its test images."
    )
    return Table("table-headline", caption, titles, rows, ["headline"], grouped=True)


def _tested(row: pd.Series, unit: str | None = None) -> Cell:
    return Cell(count(row["n_samples"]), units(row["n_units"], unit or row["unit"]))


def _inflation(results: Results) -> list[Block]:
    rows = []
    for _, row in results.table("inflation").iterrows():
        published = results.cell("headline", row["architecture"], "published")
        honest = results.cell("headline", row["architecture"], row["honest_protocol"])
        rows.append(
            [
                *(Cell(row["honest_protocol"]), Cell(row["architecture"])),
                estimate(row["published_accuracy"], published["ci_low"], published["ci_high"]),
                Cell(units(row["n_published_units"], published["unit"])),
                estimate(row["honest_accuracy"], honest["ci_low"], honest["ci_high"]),
                Cell(units(row["n_honest_units"], honest["unit"])),
                estimate(row["inflation"], row["ci_low"], row["ci_high"]),
            ]
        )
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("published accuracy")]
    titles += [Column("tested on"), Column("honest accuracy"), Column("tested on"), Column("difference")]
    caption = f"Published minus honest accuracy, with {INTERVALS} of both test sets, resampled together."
    return [
        Table("table-inflation", caption, titles, rows, ["inflation", "headline"], grouped=True),
        Paragraph(
            "The difference is between two whole procedures: split, form of the architecture, recipe and test images "
            "all change between the published and the honest protocols. It is what a reader of the published number "
            "should subtract, not the effect of the split alone."
        ),
    ]


def _task(results: Results, task: str, protocol: str) -> Table:
    table = results.table("scores")
    table = table[(table["task"] == task) & (table["protocol"] == protocol)]
    metrics = [metric for metric in METRICS if metric in set(table["metric"])]
    rows = []
    for architecture in results.architectures:
        own = table[table["architecture"] == architecture].set_index("metric")
        if own.empty:
            continue
        unit = results.cell("headline", architecture, protocol)["unit"]
        cells = [_score(own.loc[metric]) if metric in own.index else Cell(NOT_EVALUABLE) for metric in metrics]
        rows.append([Cell(architecture), _tested(own.iloc[0], unit), *cells])
    titles = [Column("architecture", "left"), Column("test images"), *(Column(METRICS[m]) for m in metrics)]
    caption = f"{protocol}, {TASKS[task][0]}: {TASKS[task][1]}, with {INTERVALS}."
    return Table(f"table-{task}-{protocol}", caption, titles, rows, ["scores"])


def _score(row: pd.Series) -> Cell:
    return estimate(row["estimate"], row["ci_low"], row["ci_high"])


def _per_class(results: Results, protocol: str) -> Table:
    table = results.table("per_class")
    table = table[table["protocol"] == protocol].set_index(["architecture", "label"])
    rows = []
    for metric in ("precision", "recall", "f1"):
        for label in results.dataset["classes"]:
            cells = [table.loc[(a, label)] if (a, label) in table.index else None for a in results.architectures]
            known = next((cell for cell in cells if cell is not None), None)
            if known is None:
                continue
            unit = results.cell("headline", results.architectures[0], protocol)["unit"]
            supports = [Cell(count(known["support"])), Cell(units(known["n_units"], unit))]
            values = [Cell(MISSING if cell is None else number(cell[metric])) for cell in cells]
            rows.append([Cell("F1" if metric == "f1" else metric), Cell(label), *supports, *values])
    titles = [Column("score", "left"), Column("class", "left"), Column("images"), Column("tested on")]
    titles += [Column(architecture) for architecture in results.architectures]
    caption = (
        f"{protocol}: precision, recall and F1 of each class. A dash: not evaluable, such as precision without answers."
    )
    return Table(f"table-classes-{protocol}", caption, titles, rows, ["per_class"], grouped=True, folded=True)


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
