"""Section and first-page sentence on the positive control: which planted lesions the networks detect."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.positive_control import YES
from analysis.tasks import AUC
from benchmarks.study.names import BASELINES
from reports.document import Block, Cell, Paragraph, Section, figure
from reports.results import Results, where
from reports.tables import Declared, estimate, make_table, picked, tested
from reports.wording import NOT_EVALUABLE, WORDS, count, interval, listed, number

TABLE = "positive_control"
NOT_RUN = (
    "No positive control was run (`positive_control` in the study's file): this study does not show which lesions its "
    "networks would detect."
)


def positive_control(results: Results) -> Iterator[Section]:
    """Section on the positive control."""
    title, table = "Positive control", results.table(TABLE)
    if table.empty:
        yield Section("positive-control", title, [Paragraph(NOT_RUN)])
        return
    blocks: list[Block] = [
        Paragraph(WORDS[TABLE]),
        *(Paragraph(" ".join(_sentences(protocol, rows))) for protocol, rows in table.groupby("protocol", sort=False)),
        figure(
            TABLE,
            "AUC within folds by the contrast of the planted lesion, with 95 % intervals. A contrast of 0 is the "
            "permuted-label control. Filled: the interval lies above 0.5.",
            "Area under the ROC curve of every architecture by the contrast of a planted lesion, with intervals",
            anchor="positive-control",
        ),
        make_table(
            TABLE,
            "AUC within folds of images with a planted lesion against images without one, with 95 % bootstrap "
            "intervals over patients. Detected from: the lowest contrast from which on all intervals lie above 0.5.",
            [
                picked("protocol", "protocol", "left"),
                picked("architecture", "architecture", "left"),
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


def positive_sentence(results: Results) -> str:
    """Return the sentence of the first page: the lowest contrast at which a network detects the lesion, or none."""
    table = results.table(TABLE)
    if table.empty:
        return NOT_RUN
    protocol = results.main_protocol if results.main_protocol in set(table["protocol"]) else table["protocol"].iloc[0]
    return _summary(protocol, where(table, protocol=protocol))


def _summary(protocol: str, rows: pd.DataFrame) -> str:
    """Return the sentences on the `rows` of one protocol."""
    opening = f"Positive control ({protocol}):"
    simple = rows["architecture"].isin(BASELINES)
    planted = rows[~simple & (rows["contrast"] > 0)]
    evaluable = planted[~planted["above_chance"].str.startswith(NOT_EVALUABLE)]
    if evaluable.empty:
        return f"{opening} whether a planted lesion is detected is not evaluable."
    if (best := _lowest(planted)) is None:
        highest = where(evaluable, contrast=evaluable["contrast"].max())
        best = highest.sort_values([AUC, "architecture"]).iloc[-1]
        baseline = _lowest(rows[simple])
        found = "" if baseline is None else f" The baseline reached {_auc(baseline)} at {_percent(baseline)}."
        return (
            f"{opening} not even a planted lesion of {_percent(best)} contrast was detected by a network (best: "
            f"{_auc(best)}).{found} Networks without skill in this study therefore say nothing about the images."
        )
    return (
        f"{opening} with a planted lesion of {_percent(best)} contrast, {_auc(best)} was reached. This study detects "
        "skill from that contrast on; read 'no skill' as 'no skill above this contrast'."
    )


def _sentences(protocol: str, rows: pd.DataFrame) -> Iterator[str]:
    yield _summary(protocol, rows)
    last = rows.drop_duplicates("architecture").sort_values(["sees_from", "architecture"])
    missing = last["sees_from"].isna()
    if seen := [f"{row.architecture} from {count(row.sees_from)} % on" for row in last[~missing].itertuples()]:
        yield f"Detected by {listed(seen)}."
    if missed := last.loc[missing & ~last["architecture"].isin(BASELINES), "architecture"].tolist():
        yield f"Not detected at the highest contrast, {count(rows['contrast'].max())} %, by {listed(missed)}."
    if leaks := where(rows, contrast=0, above_chance=YES)["architecture"].tolist():
        yield f"Without a lesion, {listed(leaks)} scored above chance: look for a leak."


def _lowest(rows: pd.DataFrame) -> pd.Series | None:
    """Return the row of the lowest contrast that is detected, of equals the one with the highest AUC; None without."""
    seen = rows[rows["contrast"] == rows["sees_from"]].sort_values(["contrast", AUC, "architecture"])
    return where(seen, contrast=seen["contrast"].min()).iloc[-1] if len(seen) else None


def _auc(row: pd.Series) -> str:
    limits = interval(row["ci_low"], row["ci_high"])
    return f"an AUC of {number(row[AUC])} ({row['architecture']}, 95 % CI {limits})"


def _percent(row: pd.Series) -> str:
    return f"{count(row['contrast'])} %"


def _contrast(contrast: int) -> Declared:
    return picked(f"{contrast} %", lambda row: estimate(row[AUC], row["ci_low"], row["ci_high"]), contrast=contrast)


def _detected(row: pd.Series) -> Cell:
    return Cell("none" if pd.isna(row["sees_from"]) else f"{count(row['sees_from'])} %")
