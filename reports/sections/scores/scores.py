"""Results: accuracy, published beside honest, scores of each task, classes, confusion matrices."""

import dataclasses
import inspect
from collections.abc import Iterator

import pandas as pd

from analysis import metrics, probability_metrics
from analysis.metrics import TITLES as METRICS
from benchmarks.study.study import BASELINES
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.sections.scores import cells
from reports.wording import NOT_EVALUABLE, count, estimate, listed, number, units

# Columns that would repeat another one; they stand in scores.csv.
SAME = {"macro_recall": "balanced accuracy", "weighted_recall": "accuracy"}
TASKS = {
    "class8": ("all classes", "every class on its own"),
    "severity": ("severity", "malignant (positive) against benign, from the summed class probabilities"),
    "density": ("density", "the breast density, from the summed class probabilities"),
}
MEASURES = {
    "class8": (
        "A class may be too rare for some fold, so answers are pooled over the folds before they are scored. A "
        "Matthews correlation of 0 is chance [@gorodkin2004]; the Brier score sums squared errors over the classes "
        "[@brier1950], lower is better."
    ),
    "severity": (
        "Sensitivity and specificity at a probability of 0.5, and the highest sensitivity at a specificity of at least "
        "90 %. Brier score, log loss and expected calibration error [@naeini2015]: lower is better; the last is biased "
        "upwards in samples as small as these."
    ),
    "density": "Quadratic kappa weighs an error by the square of its distance on the density scale [@cohen1968].",
}
INTERVALS = "95 % percentile bootstrap intervals over independent units"


def scores(results: Results) -> Iterator[Section]:
    """The sections on results."""
    yield Section("results", "Results", [_headline(results)])
    if len(results.table("inflation")):
        yield Section("inflation", "Published against honest accuracy", _inflation(results), level=2)
    tasks = [task for task in TASKS if task in set(results.table("scores")["task"])]
    for task in tasks:
        blocks: list[Block] = [_task(results, task, p) for p in results.protocols]
        yield Section(f"scores-{task}", f"Scores: {TASKS[task][0]}", blocks, level=2)


def curves(results: Results) -> Iterator[Section]:
    """The section with ROC curves and reliability diagrams of severity; none where severity is unknown."""
    blocks = list(_curves(results))
    if blocks:
        yield Section("curves", "Curves of severity", blocks)


def _headline(results: Results) -> Table:
    rows = []
    for protocol in results.protocols:
        for architecture in results.compared:
            row = results.cell("headline", architecture, protocol)
            rows.append(
                [
                    *(Cell(protocol), Cell(architecture), _tested(row)),
                    _accuracy(row, "accuracy", row, architecture, protocol),
                    Cell(number(row["majority_accuracy"])),
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
        "interval of the difference lies above zero. A collapsed cell answers one class for all of its test images. "
        f"{listed(list(BASELINES))} are baselines, fitted on the same parts."
    )
    return Table("table-headline", caption, titles, rows, ["headline"], grouped=True)


def _accuracy(row: pd.Series, column: str, limits: pd.Series, architecture: str, protocol: str) -> Cell:
    """An accuracy with its interval, which leads to the cells behind it."""
    value = estimate(row[column], limits["ci_low"], limits["ci_high"])
    return dataclasses.replace(value, link=cells.anchor(architecture, protocol))


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
                _accuracy(row, "published_accuracy", published, row["architecture"], "published"),
                Cell(units(row["n_published_units"], published["unit"])),
                _accuracy(row, "honest_accuracy", honest, row["architecture"], row["honest_protocol"]),
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
    shown = [metric for metric in METRICS if metric in set(table["metric"]) and metric not in SAME]
    rows = []
    for architecture in results.compared:
        own = table[table["architecture"] == architecture].set_index("metric")
        if own.empty:
            continue
        unit = results.cell("headline", architecture, protocol)["unit"]
        values = [_score(own.loc[metric]) if metric in own.index else Cell(NOT_EVALUABLE) for metric in shown]
        rows.append(
            [Cell(architecture, link=cells.anchor(architecture, protocol)), _tested(own.iloc[0], unit), *values]
        )
    titles = [Column("architecture", "left"), Column("test images"), *(Column(METRICS[m]) for m in shown)]
    same = [f"{METRICS[one]} is {other}" for one, other in SAME.items() if one in set(table["metric"])]
    caption = f"{protocol}, {TASKS[task][0]}: {TASKS[task][1]}, with {INTERVALS}. {MEASURES[task]}"
    caption += f" {listed(same).capitalize()}." if same else ""
    added = metrics.ADDED | probability_metrics.ADDED
    caption += "".join(f" {METRICS[m]}: {inspect.getdoc(added[m]).splitlines()[0]}" for m in shown if m in added)
    return Table(f"table-{task}-{protocol}", caption, titles, rows, ["scores"])


def _score(row: pd.Series) -> Cell:
    return estimate(row["estimate"], row["ci_low"], row["ci_high"])


def _curves(results: Results) -> Iterator[Block]:
    for name, what, caption in (
        ("roc", "ROC curves", "ROC curves of malignancy with pointwise 95 % bands (bootstrap over patients)"),
        (
            "reliability",
            "Reliability diagrams",
            "share of malignant images against their predicted probability, in ten bins of equal width with 95 % "
            "intervals; larger points hold more images, and a calibrated model lies on the diagonal",
        ),
    ):
        known = set(results.networks(name)["protocol"])
        for protocol in results.protocols:
            if protocol in known:
                picture = Picture(f"{name}_{protocol}", f"{what} of every architecture under {protocol}")
                yield Figures(f"figure-{name}-{protocol}", f"{protocol}: {caption}.", [picture], [name])
