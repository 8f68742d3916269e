"""Sections: accuracy, published beside honest accuracy, scores of each task, curves of severity, external test."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator

import pandas as pd

from analysis import metrics, probability_metrics
from analysis.metrics import TITLES as METRICS
from analysis.scores.external import ALL, WORSE
from analysis.scores.skill import FACTORS, YES
from benchmarks.protocols import PUBLISHED
from benchmarks.study.names import BASELINES
from reports.document import Block, Cell, Figures, Paragraph, Section, Table, figure
from reports.results import Results, where
from reports.tables import (
    ARCHITECTURE,
    PROTOCOL,
    TESTED,
    Declared,
    cell_anchor,
    column,
    estimate,
    make_table,
    measured,
    picked,
    tested,
    text,
    value,
    verdict,
    whole,
)
from reports.wording import NOT_EVALUABLE, WORDS, count, interval, listed, number, plural, units

# Metrics equal to another metric: only in scores.csv.
SAME = {"macro_recall": "balanced accuracy", "weighted_recall": "accuracy"}
TASKS = {
    "class8": ("all classes", "every class on its own"),
    "severity": ("severity", "malignant (positive) against benign, from the summed class probabilities"),
    "density": ("density", "the breast density, from the summed class probabilities"),
}
FACTOR_TITLES = {
    "severity_auc": "severity, area under ROC",
    "density_accuracy": "density, accuracy",
    "density_kappa": "density, quadratic kappa",
}
SCALE = "each fold calibrated on its validation part by Platt's method [@platt1999]"
INTERVALS = "95 % percentile bootstrap intervals over independent units"


def scores(results: Results) -> Iterator[Section]:
    """Sections on results."""
    yield Section("results", "Results", list(_headline(results)))
    if len(results.table("inflation")):
        yield Section("inflation", "Published against honest accuracy", _inflation(results), level=2)
    known = set(results.table("scores")["task"])
    for task, (title, _) in TASKS.items():
        if task in known:
            blocks = [_task(results, task, protocol) for protocol in results.protocols]
            yield Section(f"scores-{task}", f"Scores: {title}", blocks, level=2)


def curves(results: Results) -> Iterator[Section]:
    """Section with ROC curves and reliability diagrams of severity; none where severity is unknown."""
    blocks = list(_curves(results))
    if blocks:
        yield Section("curves", "Curves of severity", blocks)


def _headline(results: Results) -> Iterator[Table]:
    """Yield the scores of all classes and of both factors, and the comparison with the majority class."""
    known = set(results.table("scores")["task"])
    factors = [measured(FACTOR_TITLES[name], name, name) for name, (task, _) in FACTORS.items() if task in known]
    columns = [
        *(PROTOCOL, ARCHITECTURE, TESTED, column("accuracy", lambda row: _accuracy(row["accuracy"], row))),
        *(value("majority class", "majority_accuracy"), *factors, column("skill", _skill, "narrow")),
    ]
    caption = (
        f"Scores on test images with {INTERVALS} [@efron1993]. Accuracy in all classes stands beside always answering "
        f"the majority class of the training part, scored on the same images. {WORDS['factors'] if factors else ''} "
        f"{WORDS['skill']} {listed(BASELINES)} are baselines, fitted on the same parts."
    )
    rows = [results.cell("headline", name, protocol) for protocol in results.protocols for name in results.compared]
    yield make_table("headline", " ".join(caption.split()), columns, rows, grouped=True)
    columns = [
        *(PROTOCOL, ARCHITECTURE, measured("accuracy minus majority", "difference", "difference")),
        *(verdict("beats majority"), whole("classes answered", "predicted_classes")),
        column("collapsed cells", lambda row: f"{count(row['collapsed_cells'])} of {count(row['cells'])}"),
    ]
    caption = (
        "Comparison with the majority class. An architecture beats it only if the paired interval of the difference "
        "lies above zero. A collapsed cell answers one class for all of its test images."
    )
    yield make_table("majority", caption, columns, rows, ["headline"], grouped=True)


def _skill(row: pd.Series) -> Cell:
    words, _, why = row["skill"].partition(": ")
    return Cell(words, why, words == YES)


def _accuracy(accuracy: float, scored: pd.Series) -> Cell:
    """Cell of an accuracy with the interval in `scored`, a row of headline.csv; a link to the cells behind the row."""
    cell = estimate(accuracy, scored["ci_low"], scored["ci_high"])
    return dataclasses.replace(cell, link=cell_anchor(scored["architecture"], scored["protocol"]))


def _inflation(results: Results) -> list[Block]:
    def scored(row: dict, which: str) -> pd.Series:
        protocol = PUBLISHED if which == "published" else row["honest_protocol"]
        return results.cell("headline", row["architecture"], protocol)

    def accuracy(which: str) -> Declared:
        return column(f"{which} accuracy", lambda row: _accuracy(row[f"{which}_accuracy"], scored(row, which)))

    def tested_on(which: str) -> Declared:
        return column("tested on", lambda row: units(row[f"n_{which}_units"], scored(row, which)["unit"]))

    columns = [
        *(text("protocol", "honest_protocol"), ARCHITECTURE, accuracy("published"), tested_on("published")),
        *(accuracy("honest"), tested_on("honest"), measured("difference", "inflation")),
    ]
    caption = f"Published minus honest accuracy, with {INTERVALS} of both test sets, resampled together."
    about = WORDS["inflation"]
    table, sources = results.table("inflation"), ["inflation", "headline"]
    return [make_table("inflation", caption, columns, table, sources, grouped=True), Paragraph(about)]


def _task(results: Results, task: str, protocol: str) -> Table:
    table = where(results.table("scores"), task=task, protocol=protocol)
    known = set(table["metric"])
    shown = [metric for metric in METRICS if metric in known and metric not in SAME]

    def name(row: pd.Series) -> Cell:
        return Cell(row["architecture"], link=cell_anchor(row["architecture"], protocol))

    def images(row: pd.Series) -> Cell:
        return tested(row, results.cell("headline", row["architecture"], protocol)["unit"])

    columns = [picked("architecture", name, "left"), picked("test images", images)]
    columns += [picked(METRICS[metric], _score, missing=NOT_EVALUABLE, metric=metric) for metric in shown]
    same = [f"{METRICS[one]} is {other}" for one, other in SAME.items() if one in known]
    caption = f"{protocol}, {TASKS[task][0]}: {TASKS[task][1]}, with {INTERVALS}. {WORDS['measures'][task]}"
    caption += f" {listed(same).capitalize()}." if same else ""
    added = metrics.ADDED | probability_metrics.ADDED
    caption += "".join(f" {METRICS[m]}: {summary(added[m])}" for m in shown if m in added)
    rows = (where(table, architecture=architecture) for architecture in results.compared)
    return make_table(f"{task}-{protocol}", caption, columns, rows, ["scores"])


def _score(row: pd.Series) -> Cell:
    return estimate(row["estimate"], row["ci_low"], row["ci_high"])


def summary(function: Callable) -> str:
    """Return the first line of a function's docstring."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _curves(results: Results) -> Iterator[Figures]:
    for name, title, caption in (
        (
            "roc",
            "ROC curves",
            f"ROC curves of malignancy with pointwise 95 % bands (bootstrap over patients), pooled over folds, {SCALE}",
        ),
        (
            "reliability",
            "Reliability diagrams",
            "share of malignant images against their predicted probability, in ten bins of equal width with 95 % "
            "intervals; larger points hold more images, and a calibrated model lies on the diagonal. Probabilities are "
            f"pooled over folds, {SCALE}",
        ),
    ):
        known = set(results.networks(name)["protocol"])
        for protocol in results.protocols:
            if protocol in known:
                alt = f"{title} of every architecture under {protocol}"
                anchor = f"{name}-{protocol}"
                missing = _not_calibrated(where(results.networks(name), protocol=protocol))
                yield figure(f"{name}_{protocol}", f"{protocol}: {caption}.{missing}", alt, name, anchor=anchor)


def _not_calibrated(curves: pd.DataFrame) -> str:
    """Return a sentence on each reason why folds are not calibrated, with its networks; empty if all are."""
    known = curves.dropna(subset=["not_calibrated"]).groupby("not_calibrated")["architecture"].unique()
    return "".join(f" {listed(sorted(names))}: {reason}." for reason, names in known.items())


def external(results: Results) -> Iterator[Section]:
    """Section on the external test; none for a study without the protocol external."""
    table = results.table("external")
    if table.empty:
        return
    about = WORDS["external"]
    yield Section("external", "External test", [Paragraph(about), Paragraph(_loss_sentence(table)), _losses(table)])


def _loss_sentence(table: pd.DataFrame) -> str:
    """Return how many networks lose accuracy, over all tested data sets together."""
    networks = table[~table["architecture"].isin(BASELINES)]
    together = where(networks, dataset=ALL)
    known = (networks if together.empty else together).dropna(subset=["loss_low"])
    if known.empty:
        return "What is lost on another data set is not evaluable."
    worse, last = where(known, verdict=WORSE), known.sort_values(["loss", "architecture"]).iloc[-1]
    named = f" ({listed(sorted(worse['architecture']))})" if len(worse) else ""
    limits = interval(last["loss_low"], last["loss_high"])
    return (
        f"The interval of the loss lies above zero for {len(worse)} of {plural(len(known), 'network')}{named}; "
        f"the largest is {number(last['loss'])} ({last['architecture']}, {limits}), "
        f"on {units(last['n_units'], last['unit'])}."
    )


def _losses(table: pd.DataFrame) -> Table:
    columns = [
        *(text("tested", "dataset"), ARCHITECTURE, TESTED, measured("external", "accuracy")),
        *(value("by_patient", "internal"), measured("loss", "loss", "loss"), verdict(WORSE)),
    ]
    caption = (
        "Accuracy on each tested data set by networks trained on the others, and the loss against by_patient on the "
        "same images, with 95 % bootstrap intervals over patients (paired for the loss)."
    )
    return make_table("external", caption, columns, table.sort_values("dataset", kind="stable"), grouped=True)
