"""The first page of the report: question, headline figure, and how certain the answer is."""

from collections.abc import Iterator

from benchmarks.protocols import PUBLISHED
from reports.document import Figures, figure
from reports.results import KEPT_APART, Results, main_honest, where
from reports.sections.comparison import detectable
from reports.sections.limits import tested_elsewhere
from reports.wording import count, listed, plural, units


def question(results: Results) -> str:
    """Return the question that the report answers."""
    if PUBLISHED in results.protocols and results.honest:
        strict = KEPT_APART.get(results.main_protocol, "group")
        return f"How much of the accuracy under the published protocol remains when no {strict} is shared?"
    if results.honest:
        return "How well do the architectures classify images of patients and sources that they were not trained on?"
    return "What accuracy does the published protocol give, and what does its split leak?"


def headline(results: Results) -> Figures:
    """Return the figure of all accuracies."""
    caption = (
        "Accuracy on test images with 95 % intervals. "
        + ("Open markers: published protocol; filled: honest ones. " if PUBLISHED in results.protocols else "")
        + "Black ticks: always answering the majority class of the training part, on the same images."
    )
    alt = "Accuracy and 95 % interval of every architecture under every protocol, beside the majority class"
    return figure("headline", caption, alt)


def sure(results: Results) -> Iterator[str]:
    """Yield sentences on the certainty of the answer, from tables/headline.csv, inflation.csv and comparison.csv."""
    tested = [f"{units(row.n_units, row.unit)} ({row.protocol})" for row in results.scored().itertuples()]
    yield (
        f"Independent units: {listed(tested)}, not files. Intervals: 95 % bootstrap, {count(results.study.bootstrap)} "
        "resamples."
    )
    honest = main_honest(results.protocols)
    if honest and PUBLISHED in results.protocols:
        known = where(results.networks("inflation"), honest_protocol=honest).dropna(subset=["ci_low"])
        clear = int((known["ci_low"] > 0).sum())
        yield (
            f"The interval of published minus {honest} accuracy lies above zero for {clear} of "
            f"{plural(len(known), 'architecture')}."
        )
    if found := detectable(results.table("comparison"), results.main_protocol):
        size, n, unit = found
        yield f"{units(n, unit)} show a true difference of {size} in 80 of 100 such studies; smaller ones stay open."
    repeats = results.study.repeats
    yield (
        "One seed a cell: the chance of the training itself is not in the intervals."
        if repeats == 1
        else f"{repeats} repeats with other folds and seeds."
    )
    yield tested_elsewhere(results)
