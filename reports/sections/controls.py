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
    RESAMPLED,
    TESTED,
    Declared,
    column,
    estimate,
    make_table,
    measured,
    value,
    verdict,
)
from reports.wording import count, number, span
from reports.words import Words

WORDS = Words("controls")


def control(results: Results) -> Iterator[Section]:
    """Section on the permuted-label control."""
    title, table = WORDS.text("control_title"), results.table("control")
    if table.empty:
        yield Section("control", title, [Paragraph(WORDS.text("control_not_run"))])
        return
    blocks: list[Block] = [
        Paragraph(WORDS.text("control")),
        *(Paragraph(_control_sentence(protocol, rows)) for protocol, rows in table.groupby("protocol", sort=False)),
        figure("control", WORDS.text("control_figure_caption"), WORDS.text("control_figure_alt")),
        _control_table(table),
    ]
    yield Section("control", title, blocks)


def leakage_sentence(table: pd.DataFrame) -> str:
    """Return the leakage under `published`; empty without leakage or without the control."""
    rows = where(table, protocol=PUBLISHED, verdict=LEAKAGE)
    if rows.empty:
        return ""
    return WORDS.text("leakage", row=rows.sort_values(["permuted", "architecture"]).iloc[-1])


def _control_sentence(protocol: str, rows: pd.DataFrame) -> str:
    """Return the sentences on the `rows` of one protocol."""
    known = rows.dropna(subset=["excess_low"])
    above = known[known["verdict"].isin([LEAKAGE, LOOK])].sort_values("excess", ascending=False)
    return WORDS.text(
        "control_result",
        protocol=protocol,
        n=len(known),
        above=above.to_dict("records"),
        permuted=span(known["permuted"]),
        chance=span(known["chance"]),
        leaks=protocol in NOT_HONEST,
    )


def _control_table(table: pd.DataFrame) -> Table:
    columns = [
        *(PROTOCOL, ARCHITECTURE, TESTED, measured("permuted labels", "permuted"), value("chance")),
        *(measured("above chance", "excess", "excess"), value("real labels", "real"), verdict(LEAKAGE, LOOK)),
    ]
    return make_table("control", WORDS.text("control_table_caption"), columns, table, grouped=True)


def learning_curve(results: Results) -> Iterator[Section]:
    """Section on the number of training patients."""
    title, gains, points = WORDS.text("curve_title"), results.table("learning_gain"), results.table("learning_curve")
    if gains.empty:
        yield Section("learning-patients", title, [Paragraph(WORDS.text("curve_not_run"))])
        return
    blocks: list[Block] = [
        Paragraph(_gains_sentence(gains)),
        figure(
            "learning_patients",
            WORDS.text("curve_figure_caption"),
            WORDS.text("curve_figure_alt"),
            "learning_curve",
            anchor="learning-patients",
        ),
        _gains(gains, points),
    ]
    yield Section("learning-patients", title, blocks)


def _gains_sentence(gains: pd.DataFrame) -> str:
    first = gains.iloc[0]
    return WORDS.text(
        "gains",
        fewest=_patients(first["from_patients"]),
        most=_patients(first["to_patients"]),
        helped=where(gains, verdict=HELPS).sort_values("gain", ascending=False).to_dict("records"),
        flat=where(gains, verdict=NO_GAIN)["architecture"].tolist(),
    )


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
        RESAMPLED,
        *map(accuracy, sizes),
        *(measured("gain", "gain"), measured("per doubling", "slope", "slope"), verdict(HELPS)),
    ]
    caption = WORDS.text("curve_table_caption")
    return make_table("learning-patients", caption, columns, gains, ["learning_curve", "learning_gain"])
