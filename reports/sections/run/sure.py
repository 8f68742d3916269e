"""How sure the headline is: independent units, baselines, what could have been shown, and what was not tried."""

from collections.abc import Iterator

from benchmarks.protocols import PUBLISHED
from reports.findings import main_honest
from reports.results import Results
from reports.sections.run.limits import tested_elsewhere
from reports.sections.scores.comparison import detectable
from reports.wording import count, listed, plural, units


def sure(results: Results) -> Iterator[str]:
    """Short sentences for the first page, from tables/headline.csv, inflation.csv and comparison.csv."""
    scored = results.networks("headline").drop_duplicates("protocol").set_index("protocol")
    tested = [f"{units(row.n_units, row.unit)} ({protocol})" for protocol, row in scored.iterrows()]
    yield (
        f"Independent units: {listed(tested)}, not files. Intervals: 95 % bootstrap, {count(results.study.bootstrap)} "
        "resamples."
    )
    honest = main_honest(results.protocols)
    if honest and PUBLISHED in results.protocols:
        rows = results.networks("inflation")
        known = rows[rows["honest_protocol"] == honest].dropna(subset=["ci_low"])
        clear = int((known["ci_low"] > 0).sum())
        yield (
            f"The interval of published minus {honest} accuracy lies above zero for {clear} of "
            f"{plural(len(known), 'architecture')}."
        )
    found = detectable(results.table("comparison"), honest or PUBLISHED)
    if found:
        size, n, unit = found
        yield f"{units(n, unit)} show a true difference of {size} in 80 of 100 such studies; smaller ones stay open."
    repeats = results.study.repeats
    yield (
        "One seed a cell: the chance of the training itself is not in the intervals."
        if repeats == 1
        else f"{repeats} repeats with other folds and seeds."
    )
    yield tested_elsewhere(results)
