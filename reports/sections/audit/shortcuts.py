"""What predicts the label without a look at the breast."""

from collections.abc import Iterator

import pandas as pd

from analysis.audit.shortcuts import BY_PATIENT, SHORTCUT
from analysis.figures.shortcuts import TASKS
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Bullets, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import MISSING, count, estimate, interval, listed, number, units

PROBES = {
    "background": "background: low percentiles and the most frequent grey level of the image",
    "border": "border: mean and spread of the strips along the edges",
    "breast_area": "breast area: share of the image that the breast covers",
    "copy_number": "copy number: which copy of its source the file is, by name or listing",
    "copy_order": "copy order: how far each next copy of the source is turned from the one before, found from pixels",
    "corners": "corners: mean of a patch in each",
    "data_set": "data set: which of the several an image is from",
    "file_size": "file size: bytes of the file",
    "orientation": "orientation: where the breast lies about the centre, and which way it is long",
    "outside": "outside: labels and whatever else is brighter than the background, at 32 x 32 pixels, the breast and "
    "its outline hidden, by logistic regression; from nothing but view markers a network told cancer in screening "
    "images with an AUC of 0.691 [@tsue2023]",
    "resampling": "resampling: second over first differences in four directions, which interpolation changes",
    "thumbnail": "thumbnail: the image at 16 x 16 pixels, by logistic regression",
}

HOW = {
    PUBLISHED: "under published they are fitted on the train part and scored on the validation part",
    BY_PATIENT: "under by_patient they are scored out-of-fold",
}


def shortcuts(results: Results) -> Iterator[Section]:
    """The section on shortcuts."""
    protocols = [p for p in (PUBLISHED, BY_PATIENT) if p in results.protocols or p == BY_PATIENT]
    table = results.table("shortcuts")
    table = table[table["protocol"].isin(protocols)]
    fitted = [HOW[protocol] for protocol in protocols]
    blocks: list[Block] = [
        Paragraph(
            "Before any network: simple classifiers on a handful of numbers of each file, none of which looks at the "
            f"tissue. {'; '.join(fitted).capitalize()}. What they reach, a network could reach without reading the "
            "images."
        ),
        *[Paragraph(text) for text in [_summary(table)] if text],
        Bullets([PROBES[probe] for probe in sorted(table["probe"].unique())]),
    ]
    if table["estimate"].notna().any():
        caption = (
            "How far each probe gets, with 95 % intervals (bootstrap over patients). Dashed: chance, that is the most "
            "frequent class for accuracy and 0.5 for the area under the ROC curve."
        )
        alt = f"Estimates of every probe under {listed(protocols)}, beside chance"
        blocks.append(Figures("figure-shortcuts", caption, [Picture("shortcuts", alt)], ["shortcuts"]))
    yield Section("shortcuts", "Shortcuts in the data", [*blocks, _table(table, protocols)])


def _summary(table: pd.DataFrame) -> str:
    """The probe that gets furthest under published, and those that tell severity or enhancement of new patients."""
    known = table.dropna(subset=["estimate"]).set_index(["task", "protocol"]).sort_index()
    sentences = []
    if {("class8", "published"), ("class8", "by_patient")} <= set(known.index):
        best = known.loc[("class8", "published")].sort_values(["estimate", "probe"]).iloc[-1]
        honest = known.loc[("class8", "by_patient")].set_index("probe").loc[best["probe"]]
        sentences.append(
            f"Under published, {best['probe'].replace('_', ' ')} alone reaches an accuracy of "
            f"{number(best['estimate'])} in the study's classes (95 % CI "
            f"{interval(best['ci_low'], best['ci_high'])}, chance {number(best['chance'])}); under by_patient it "
            f"reaches {number(honest['estimate'])} ({interval(honest['ci_low'], honest['ci_high'])})."
        )
    for task, what in (("severity", "benign from malignant"), ("variant", "enhanced files from others")):
        if (task, "by_patient") in known.index:
            rows = known.loc[[(task, "by_patient")]]
            found = rows[rows["verdict"] == SHORTCUT].sort_values("estimate", ascending=False)
            names = [f"{row.probe.replace('_', ' ')} ({number(row.estimate)})" for row in found.itertuples()]
            who = listed(names) if names else "no probe"
            sentences.append(f"Of new patients, {who} can tell {what} (AUC, interval above chance).")
    return " ".join(sentences)


def _table(table: pd.DataFrame, protocols: list[str]) -> Table:
    rows = []
    for (probe, task), both in table.groupby(["probe", "task"], sort=False):
        cells = [Cell(probe.replace("_", " ")), Cell(TASKS.get(task, "all"))]
        cells.append(Cell(number(both["chance"].iloc[0])))
        for protocol in protocols:
            own = both[both["protocol"] == protocol]
            cells += _protocol(own.iloc[0]) if len(own) else [Cell(MISSING), Cell(MISSING)]
        rows.append(cells)
    scored = table.dropna(subset=["n_units"]).drop_duplicates("protocol")
    on = [f"{r.protocol} on {count(r.n_samples)} files of {units(r.n_units, r.unit)}" for r in scored.itertuples()]
    titles = [Column("probe", "left"), Column("predicts", "left"), Column("chance")]
    titles += [column for protocol in protocols for column in (Column(protocol), Column("verdict", "phrase"))]
    how = f", scored {' and '.join(on)}" if on else ""
    caption = f"Every probe{how}: a shortcut if its interval lies above chance."
    return Table("table-shortcuts", caption, titles, rows, ["shortcuts"], grouped=True, folded=True, printed=False)


def _protocol(row: pd.Series) -> list[Cell]:
    if pd.isna(row["estimate"]):
        return [Cell(MISSING), Cell(row["verdict"])]
    value = estimate(row["estimate"], row["ci_low"], row["ci_high"])
    return [value, Cell(row["verdict"], strong=row["verdict"] == SHORTCUT)]
