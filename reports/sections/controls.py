"""Sections: permuted-label control, and learning curve over the number of training patients."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.control import LEAKAGE, LOOK
from analysis.comparison.learning_curve import HELPS, NO_GAIN
from benchmarks.protocols import NOT_HONEST, PUBLISHED
from reports.document import Block, Cell, Paragraph, Section, Table, figure
from reports.results import Results, where
from reports.tables import (
    ARCHITECTURE,
    PROTOCOL,
    TESTED,
    Declared,
    column,
    estimate,
    make_table,
    measured,
    value,
    verdict,
)
from reports.wording import WORDS, count, interval, listed, number, plural, units


def control(results: Results) -> Iterator[Section]:
    """Section on the permuted-label control."""
    title = "Permuted-label control"
    table = results.table("control")
    if table.empty:
        text = "This study did not run the control with labels shuffled among patients (`control` in its file)."
        yield Section("control", title, [Paragraph(text)])
        return
    blocks: list[Block] = [
        Paragraph(WORDS["control"]),
        *(Paragraph(text) for text in _control_sentences(table)),
        figure(
            "control",
            "Accuracy with shuffled labels (filled, 95 % intervals) and with real ones (open). Black ticks: chance.",
            "Accuracy with shuffled labels beside chance and the accuracy with real labels",
        ),
        _control_table(table),
    ]
    yield Section("control", title, blocks)


def leakage_sentence(table: pd.DataFrame) -> str:
    """Return the leakage under `published`; empty without leakage or without the control."""
    rows = where(table, protocol=PUBLISHED, verdict=LEAKAGE)
    if rows.empty:
        return ""
    row = rows.sort_values(["permuted", "architecture"]).iloc[-1]
    return (
        "With the labels shuffled among patients, which leaves nothing to learn, that protocol still scores up to "
        f"{number(row['permuted'])} ({row['architecture']}, {number(row['excess'])} above chance, 95 % CI "
        f"{interval(row['excess_low'], row['excess_high'])})."
    )


def _control_sentences(table: pd.DataFrame) -> Iterator[str]:
    for protocol, rows in table.groupby("protocol", sort=False):
        known = rows.dropna(subset=["excess_low"])
        if known.empty:
            yield f"Under {protocol}, whether shuffled labels are scored above chance is not evaluable."
            continue
        above = known[known["verdict"].isin([LEAKAGE, LOOK])].sort_values("excess", ascending=False)
        if above.empty:
            n = len(known)
            fall = "the one model falls to chance" if n == 1 else f"all {n} models fall to chance or below"
            yield (
                f"Under {protocol}, {fall} with shuffled labels: accuracy "
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
            if protocol in NOT_HONEST
            else "This protocol is meant to leave nothing to recall: look for what its parts still share."
        )
        yield (
            f"Under {protocol}, {len(above)} of {plural(len(known), 'model')} still score above chance "
            f"with shuffled labels: {listed(names)}. {blame}"
        )


def _control_table(table: pd.DataFrame) -> Table:
    columns = [
        *(PROTOCOL, ARCHITECTURE, TESTED, measured("shuffled labels", "permuted"), value("chance")),
        *(measured("above chance", "excess", "excess"), value("real labels", "real"), verdict(LEAKAGE, LOOK)),
    ]
    caption = (
        "Accuracy with shuffled labels against chance, with 95 % bootstrap intervals over patients (paired for the "
        "difference), given the one shuffle that was run."
    )
    return make_table("control", caption, columns, table, grouped=True)


def learning_curve(results: Results) -> Iterator[Section]:
    """Section on the number of training patients."""
    title = "Would more patients help?"
    gains, points = results.table("learning_gain"), results.table("learning_curve")
    if gains.empty:
        text = "This study ran no learning curve over training patients (`learning_curve` in its file)."
        yield Section("learning-patients", title, [Paragraph(text)])
        return
    blocks: list[Block] = [
        Paragraph(_gains_sentence(gains)),
        figure(
            "learning_patients",
            "Accuracy under by_patient against the number of training patients a fold (logarithmic), with 95 % "
            "bootstrap intervals over the test patients; baselines in grey. Points at one number are set apart.",
            "Accuracy against the number of training patients, with intervals",
            "learning_curve",
            anchor="learning-patients",
        ),
        _gains(gains, points),
    ]
    yield Section("learning-patients", title, blocks)


def _gains_sentence(gains: pd.DataFrame) -> str:
    first = gains.iloc[0]
    opening = (
        f"The same test images, with {_patients(first['from_patients'])} to {_patients(first['to_patients'])} training "
        "patients a fold:"
    )
    helped = where(gains, verdict=HELPS).sort_values("gain", ascending=False)
    names = [
        f"{row.architecture} gains {number(row.gain)} (95 % CI {interval(row.ci_low, row.ci_high)}; "
        f"{number(row.slope)} a doubling)"
        for row in helped.itertuples()
    ]
    flat = gains.loc[gains["verdict"] == NO_GAIN, "architecture"].tolist()
    parts = names + ([f"no gain is shown for {listed(flat)}"] if flat else [])
    if not parts:
        return f"{opening} whether accuracy rises is not evaluable."
    ending = (
        " What helped within this range suggests that more patients would help still; how far, the curve can't say."
        if names
        else " No gain shown is no proof that more patients would not help: intervals are wide."
    )
    return f"{opening} {listed(parts)}.{ending}"


def _patients(n: float) -> str:
    # A mean over folds need not be whole.
    return count(n) if n == round(n) else number(n, 1)


def _gains(gains: pd.DataFrame, points: pd.DataFrame) -> Table:
    sizes = points.drop_duplicates("protocol").sort_values("n_patients")["n_patients"]
    by_size = points.set_index(["architecture", "n_patients"])

    def accuracy(n: float) -> Declared:
        def cell(row: dict) -> Cell:
            at = by_size.loc[(row["architecture"], n)]
            return estimate(at["accuracy"], at["ci_low"], at["ci_high"])

        return column(f"{_patients(n)} patients", cell)

    columns = [
        column("architecture", lambda row: Cell(row["architecture"], units(row["n_units"], row["unit"])), "left"),
        *map(accuracy, sizes),
        *(measured("gain", "gain"), measured("a doubling", "slope", "slope"), verdict(HELPS)),
    ]
    caption = (
        "Accuracy with a growing number of training patients a fold, each set holding the smaller ones; the largest is "
        "by_patient itself, with the mean over its folds. Gain: most minus fewest patients. A doubling: slope of a "
        "least squares line on the logarithm. 95 % intervals by bootstrap over the test patients, paired for gain and "
        "slope; which patients were left in training is one draw, whose chance they leave out."
    )
    return make_table("learning-patients", caption, columns, gains, ["learning_curve", "learning_gain"])
