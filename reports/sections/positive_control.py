"""Section and first-page sentence on the positive control: which planted lesions the networks detect."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.positive_control import YES
from analysis.names import named
from analysis.tasks import AUC
from benchmarks.study.names import BASELINES
from reports.document import Block, Cell, Paragraph, Section, figure
from reports.results import Results, where
from reports.tables import Declared, estimate, make_table, picked, tested
from reports.wording import NOT_EVALUABLE, count
from reports.words import Words

TABLE = "positive_control"
WORDS = Words(TABLE)


def positive_control(results: Results) -> Iterator[Section]:
    """Section on the positive control."""
    title, table = WORDS.text("title"), results.table(TABLE)
    if table.empty:
        yield Section("positive-control", title, [Paragraph(WORDS.text("not_run"))])
        return
    blocks: list[Block] = [
        Paragraph(WORDS.text("method")),
        *(Paragraph(_sentences(protocol, rows)) for protocol, rows in table.groupby("protocol", sort=False)),
        figure(TABLE, WORDS.text("figure_caption"), WORDS.text("figure_alt"), anchor="positive-control"),
        make_table(
            TABLE,
            WORDS.text("table_caption"),
            [
                picked("protocol", "protocol", "left"),
                picked("architecture", lambda row: named(row["architecture"]), "left"),
                picked("test images", tested),
                *map(_contrast, sorted(table["contrast"].unique())),
                picked("detected from", _detected),
            ],
            (rows for _, rows in table.groupby(["protocol", "architecture"], sort=False)),
            [TABLE],
            grouped=True,
        ),
    ]
    yield Section("positive-control", title, blocks)


def positive_sentence(results: Results, *, reading: bool = True) -> str:
    """Return the lowest contrast at which a network detects the lesion, or none; `reading`: and what follows."""
    table = results.table(TABLE)
    if table.empty:
        return WORDS.text("not_run")
    protocol = results.main_protocol if results.main_protocol in set(table["protocol"]) else table["protocol"].iloc[0]
    return _summary(protocol, where(table, protocol=protocol), reading=reading)


def _summary(protocol: str, rows: pd.DataFrame, *, reading: bool = True) -> str:
    """Return the sentences on the `rows` of one protocol."""
    simple = rows["architecture"].isin(BASELINES)
    planted = rows[~simple & (rows["contrast"] > 0)]
    evaluable = planted[~planted["above_chance"].str.startswith(NOT_EVALUABLE)]
    lowest = _lowest(planted)
    seen = planted.loc[planted["sees_from"].notna(), "architecture"].unique()
    highest = where(evaluable, contrast=evaluable["contrast"].max()).sort_values([AUC, "architecture"])
    about = {"evaluable": len(evaluable) > 0, "detected": lowest is not None}
    found = WORDS.text(
        "found",
        protocol=protocol,
        best=highest.iloc[-1] if lowest is None and len(highest) else lowest,
        baseline=_lowest(rows[simple]),
        n_seen=len(seen),
        n=planted["architecture"].nunique(),
        **about,
    )
    all_seen = len(seen) == planted["architecture"].nunique()
    return f"{found} {WORDS.text('reading', all_seen=all_seen, **about)}".strip() if reading else found


def _sentences(protocol: str, rows: pd.DataFrame) -> str:
    last = rows.drop_duplicates("architecture").sort_values(["sees_from", "architecture"])
    missing = last["sees_from"].isna()
    details = WORDS.text(
        "details",
        seen=list(last.loc[~missing, ["architecture", "sees_from"]].itertuples(index=False)),
        missed=last.loc[missing & ~last["architecture"].isin(BASELINES), "architecture"].tolist(),
        highest=rows["contrast"].max(),
        leaks=where(rows, contrast=0, above_chance=YES)["architecture"].tolist(),
    )
    return f"{_summary(protocol, rows)} {details}".strip()


def _lowest(rows: pd.DataFrame) -> pd.Series | None:
    """Return the row of the lowest contrast that is detected, of equals the one with the highest AUC; None without."""
    seen = rows[rows["contrast"] == rows["sees_from"]].sort_values(["contrast", AUC, "architecture"])
    return where(seen, contrast=seen["contrast"].min()).iloc[-1] if len(seen) else None


def _contrast(contrast: int) -> Declared:
    return picked(f"{contrast}%", lambda row: estimate(row[AUC], row["ci_low"], row["ci_high"]), contrast=contrast)


def _detected(row: pd.Series) -> Cell:
    return Cell("none" if pd.isna(row["sees_from"]) else f"{count(row['sees_from'])}%")
