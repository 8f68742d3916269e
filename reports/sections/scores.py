"""Sections: accuracy, published beside honest accuracy, scores of each task, curves of severity, external test."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator

import pandas as pd

from analysis import metrics, probability_metrics
from analysis.metrics import TITLES as METRICS
from analysis.names import named
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
from reports.wording import NOT_EVALUABLE, count, units
from reports.words import Words

WORDS = Words("scores")

# Metrics equal to another metric: only in scores.csv.
SAME = {"macro_recall": "balanced accuracy", "weighted_recall": "accuracy"}
TASKS = {"class8": "all classes", "severity": "severity", "density": "density"}
FACTOR_TITLES = {
    "severity_auc": "severity, AUC",
    "density_accuracy": "density, accuracy",
    "density_kappa": "density, quadratic kappa",
}


def scores(results: Results) -> Iterator[Section]:
    """Sections on results."""
    yield Section("results", WORDS.text("title"), list(_headline(results)))
    if len(results.table("inflation")):
        yield Section("inflation", WORDS.text("inflation_title"), _inflation(results), level=2)
    known = set(results.table("scores")["task"])
    for task, name in TASKS.items():
        if task in known:
            blocks = [_task(results, task, protocol) for protocol in results.protocols]
            yield Section(f"scores-{task}", WORDS.text("task_title", task=name), blocks, level=2)


def curves(results: Results) -> Iterator[Section]:
    """Section with ROC curves and reliability diagrams of severity; none where severity is unknown."""
    blocks = list(_curves(results))
    if blocks:
        yield Section("curves", WORDS.text("curves_title"), blocks)


def _headline(results: Results) -> Iterator[Table]:
    """Yield the scores of all classes and of both factors, and the comparison with the majority class."""
    known = set(results.table("scores")["task"])
    factors = [measured(FACTOR_TITLES[name], name, name) for name, (task, _) in FACTORS.items() if task in known]
    columns = [
        *(PROTOCOL, ARCHITECTURE, TESTED, column("accuracy", lambda row: _accuracy(row["accuracy"], row))),
        *(value("majority class", "majority_accuracy"), *factors, column("skill", _skill, "narrow")),
    ]
    caption = WORDS.text("headline_caption", factors=bool(factors), baselines=BASELINES)
    rows = [results.cell("headline", name, protocol) for protocol in results.protocols for name in results.compared]
    yield make_table("headline", caption, columns, rows, grouped=True)
    columns = [
        *(PROTOCOL, ARCHITECTURE, measured("accuracy minus majority", "difference", "difference")),
        *(verdict("beats majority"), whole("predicted classes", "predicted_classes")),
        column("collapsed models", lambda row: f"{count(row['collapsed_cells'])} of {count(row['cells'])}"),
    ]
    yield make_table("majority", WORDS.text("majority_caption"), columns, rows, ["headline"], grouped=True)


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
        return column(f"accuracy, {which} split", lambda row: _accuracy(row[f"{which}_accuracy"], scored(row, which)))

    def tested_on(which: str) -> Declared:
        return column("tested on", lambda row: units(row[f"n_{which}_units"], scored(row, which)["unit"]))

    columns = [
        *(text("protocol", "honest_protocol"), ARCHITECTURE, accuracy("published"), tested_on("published")),
        *(accuracy("honest"), tested_on("honest"), measured("difference", "inflation")),
    ]
    caption, sources = WORDS.text("inflation_caption"), ["inflation", "headline"]
    table = make_table("inflation", caption, columns, results.table("inflation"), sources, grouped=True)
    return [table, Paragraph(WORDS.text("inflation"))]


def _task(results: Results, task: str, protocol: str) -> Table:
    table = where(results.table("scores"), task=task, protocol=protocol)
    known = set(table["metric"])
    shown = [metric for metric in METRICS if metric in known and metric not in SAME]

    def name(row: pd.Series) -> Cell:
        return Cell(named(row["architecture"]), link=cell_anchor(row["architecture"], protocol))

    def images(row: pd.Series) -> Cell:
        return tested(row, results.cell("headline", row["architecture"], protocol)["unit"])

    columns = [picked("architecture", name, "left"), picked("test images", images)]
    columns += [picked(METRICS[metric], _score, missing=NOT_EVALUABLE, metric=metric) for metric in shown]
    added = metrics.ADDED | probability_metrics.ADDED
    caption = WORDS.text(
        "task_caption",
        protocol=protocol,
        task=task,
        title=TASKS[task],
        equal=[(METRICS[one], other) for one, other in SAME.items() if one in known],
        added=[(METRICS[metric], summary(added[metric])) for metric in shown if metric in added],
    )
    rows = (where(table, architecture=architecture) for architecture in results.compared)
    return make_table(f"{task}-{protocol}", caption, columns, rows, ["scores"])


def _score(row: pd.Series) -> Cell:
    return estimate(row["estimate"], row["ci_low"], row["ci_high"])


def summary(function: Callable) -> str:
    """Return the first line of a function's docstring."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _curves(results: Results) -> Iterator[Figures]:
    for name in ("roc", "reliability"):
        known = set(results.networks(name)["protocol"])
        for protocol in results.protocols:
            if protocol in known:
                missing = _not_calibrated(where(results.networks(name), protocol=protocol))
                caption = WORDS.text(f"{name}_caption", protocol=protocol, missing=missing)
                alt = WORDS.text(f"{name}_alt", protocol=protocol)
                yield figure(f"{name}_{protocol}", caption, alt, name, anchor=f"{name}-{protocol}")


def _not_calibrated(curves: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Return the reasons why folds are not calibrated, each with the names of its networks."""
    known = curves.dropna(subset=["not_calibrated"]).groupby("not_calibrated")["architecture"].unique()
    return [(str(reason), sorted(names)) for reason, names in known.items()]


def external(results: Results) -> Iterator[Section]:
    """Section on the external test; none for a study without the protocol external."""
    table = results.table("external")
    if table.empty:
        return
    blocks: list[Block] = [Paragraph(WORDS.text("external")), Paragraph(_loss_sentence(table)), _losses(table)]
    yield Section("external", WORDS.text("external_title"), blocks)


def _loss_sentence(table: pd.DataFrame) -> str:
    """Return how many networks lose accuracy, over all tested data sets together."""
    networks = table[~table["architecture"].isin(BASELINES)]
    together = where(networks, dataset=ALL)
    known = (networks if together.empty else together).dropna(subset=["loss_low"])
    worse, ordered = where(known, verdict=WORSE), known.sort_values(["loss", "architecture"])
    largest = ordered.iloc[-1] if len(ordered) else None
    return WORDS.text("loss", worse=sorted(worse["architecture"]), n=len(known), largest=largest)


def _losses(table: pd.DataFrame) -> Table:
    columns = [
        *(text("tested", "dataset"), ARCHITECTURE, TESTED, measured("external", "accuracy")),
        *(value("by_patient", "internal"), measured("loss", "loss", "loss"), verdict(WORSE)),
    ]
    rows = table.sort_values("dataset", kind="stable")
    return make_table("external", WORDS.text("external_caption"), columns, rows, grouped=True)
