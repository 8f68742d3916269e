"""Sections: leakage between the parts of each split, and shortcuts: image properties that predict the label."""

from collections.abc import Iterator

import pandas as pd

from analysis.audit.codes import OF_KIND
from analysis.audit.partners import KINDS, NEAR_DUPLICATE
from analysis.audit.shortcuts import BY_PATIENT, SHORTCUT
from analysis.figures.audit import TASKS
from benchmarks import reference
from benchmarks.copies.registration import SAME_SCAN
from benchmarks.copies.rigid import THRESHOLD
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table, figure
from reports.results import Results, where
from reports.tables import Declared, bold_if, column, estimate, make_table, picked, text, value, whole
from reports.wording import MISSING, WORDS, count, duration, interval, listed, number, plural, spoken, units

TITLES = {
    "shared_patient": "patient shared",
    "shared_source": "source shared",
    "pixel_identical": "same pixels",
    NEAR_DUPLICATE: "copy found in pixels",
    SAME_SCAN: "frame of one scan",
}
SHOWN = 20  # files with a mixed-up label, source or patient


def leakage(results: Results) -> Iterator[Section]:
    """Section on leakage."""
    blocks: list[Block] = [
        Paragraph(WORDS["leakage"]),
        _counts(results),
    ]
    if (results.table("leakage_pairs")["kind"] == NEAR_DUPLICATE).any():
        caption = (
            "Images that stand in two parts, the most similar of each kind. Left: the image seen in the earlier part. "
            "Middle: the same, transformed as the audit found. Right: the image in the test part, if any of "
            "it leaks. All pairs stand in leakage_pairs.csv with the transform that explains them."
        )
        alt = "Pairs of images that stand in two parts, with the transform that makes one from the other"
        blocks.append(figure("leakage", caption, alt, "leakage_pairs"))
    yield Section("leakage", "Leakage", [*blocks, *_mixed_up(results)])


def quality(results: Results) -> Iterator[Section]:
    """Section on the accuracy of the search for copies."""
    yield Section("copies", "Calibration of the search for copies", [_quality()])


def _counts(results: Results) -> Table:
    # Folds add up: no file is tested twice in one repeat.
    sums = results.table("leakage").groupby(["protocol", "part_a", "part_b", "kind"], sort=False)
    counts = sums[["n_b", "n_flagged"]].agg(lambda column: column.sum(skipna=False)).unstack("kind")

    def flagged(kind: str) -> Declared:
        def cell(row: pd.Series) -> Cell:
            n, n_b = row["n_flagged", kind], row["n_b", kind]
            return Cell("unknown") if pd.isna(n) else Cell(f"{n:,.0f} of {n_b:,.0f}", strong=bool(n))

        return column(TITLES[kind], cell)

    columns = [
        column("protocol", lambda row: row.name[0], "left"),
        column("files of", lambda row: f"{row.name[2]}, seen in {row.name[1]}", "left"),
        *map(flagged, KINDS),
    ]
    caption = (
        "Files of one part with a partner in another, summed over the folds. Anything but 0 in the last four columns "
        "is a leak of the image itself; under by_source other images of a patient are shared by design. "
        f"Codes: {listed([f'{TITLES[kind]} {OF_KIND[kind]}' for kind in KINDS])}; docs/findings has a page on each."
    )
    return make_table("leakage", caption, columns, (row for _, row in counts.iterrows()), grouped=True)


def _quality() -> Table:
    columns = [
        text("looked for", "test"),
        column("images", lambda row: f"{count(row['n_test'])} in {count(row['n_train'])}"),
        column("found", lambda row: f"{count(row['found'])} of {count(row['n_copies'])}"),
        whole("wrong", "n_wrong"),
        value("least similar copy", "lowest_copy"),
        value("most similar other", "highest_other"),
        column("time, memory", lambda row: Cell(duration(row["seconds"]), f"{count(row['peak_memory_mb'])} MiB")),
    ]
    caption = (
        "How well copies are found among the real images of Mendeley Data x7bvzv6cvr, names hidden, at a similarity of "
        f"{THRESHOLD} or more: reference measurement, kept in benchmarks/reference/copies.csv with command, hardware "
        "and versions. A dash: below 0.4, or no copy to find. Shifts of 2 % of the side and zooms of 5 % are where "
        "this search fails; a second one finds them (benchmarks/reference/warped_copies.csv)."
    )
    return make_table("copies", caption, columns, reference.read("copies"), [])


def _mixed_up(results: Results) -> Iterator[Block]:
    table = results.table("conflicts")
    if table.empty:
        yield Paragraph("No file disagrees with its own copies on label, source or patient.")
        return

    def disagree(row: dict) -> str:
        return f"{row['n_disagree']} of {row['n_agree'] + row['n_disagree']}"

    columns = [
        *(text("code", "code"), text("file", "sample", "wrap"), text("its", "column"), text("is", "value")),
        *(text("but of its copy", "partner", "wrap"), text("is", "partner_value")),
        column("copies that disagree", disagree),
    ]
    more = f" The first {SHOWN} of {plural(len(table), 'file')}." if len(table) > SHOWN else ""
    caption = f"Files that disagree with most of their own copies: a label, source or patient is mixed up.{more}"
    yield make_table("conflicts", caption, columns, table.head(SHOWN))


HOW = {
    PUBLISHED: "under published they are fitted on the train part and scored on the validation part",
    BY_PATIENT: "under by_patient they are scored out-of-fold",
}


def shortcuts(results: Results) -> Iterator[Section]:
    """Section on shortcuts."""
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
        *map(Paragraph, filter(None, [_best_probes(table)])),
        Bullets([WORDS["shortcuts"][probe] for probe in sorted(table["probe"].unique())]),
    ]
    if table["estimate"].notna().any():
        caption = (
            "How far each probe gets, with 95 % intervals (bootstrap over patients). Dashed: chance, that is the most "
            "frequent class for accuracy and 0.5 for the area under the ROC curve."
        )
        alt = f"Estimates of every probe under {listed(protocols)}, beside chance"
        blocks.append(figure("shortcuts", caption, alt))
    yield Section("shortcuts", "Shortcuts in the data", [*blocks, _probes(table, protocols)])


def _best_probes(table: pd.DataFrame) -> str:
    """Return the best probe under published, and the probes that predict severity or enhancement of new patients."""
    known = table.dropna(subset=["estimate"]).set_index(["task", "protocol"]).sort_index()
    sentences = []
    if {("class8", "published"), ("class8", "by_patient")} <= set(known.index):
        best = known.loc[("class8", "published")].sort_values(["estimate", "probe"]).iloc[-1]
        honest = known.loc[("class8", "by_patient")].set_index("probe").loc[best["probe"]]
        sentences.append(
            f"Under published, {spoken(best['probe'])} alone reaches an accuracy of "
            f"{number(best['estimate'])} in the study's classes (95 % CI "
            f"{interval(best['ci_low'], best['ci_high'])}, chance {number(best['chance'])}); under by_patient it "
            f"reaches {number(honest['estimate'])} ({interval(honest['ci_low'], honest['ci_high'])})."
        )
    for task, what in (("severity", "benign from malignant"), ("variant", "enhanced files from others")):
        if (task, "by_patient") in known.index:
            found = where(known.loc[[(task, "by_patient")]], verdict=SHORTCUT).sort_values("estimate", ascending=False)
            names = [f"{spoken(row.probe)} ({number(row.estimate)})" for row in found.itertuples()]
            who = listed(names) if names else "no probe"
            sentences.append(f"Of new patients, {who} can tell {what} (AUC, interval above chance).")
    return " ".join(sentences)


def _probes(table: pd.DataFrame, protocols: list[str]) -> Table:
    columns = [
        picked("probe", lambda row: spoken(row["probe"]), "left"),
        picked("predicts", lambda row: TASKS.get(row["task"], "all"), "left"),
        picked("chance", lambda row: number(row["chance"])),
    ]
    for protocol in protocols:
        columns.append(picked(protocol, _estimate, protocol=protocol))
        columns.append(picked("verdict", lambda row: bold_if(row["verdict"], [SHORTCUT]), "phrase", protocol=protocol))
    scored = table.dropna(subset=["n_units"]).drop_duplicates("protocol")
    on = [f"{r.protocol} on {count(r.n_samples)} files of {units(r.n_units, r.unit)}" for r in scored.itertuples()]
    how = f", scored {' and '.join(on)}" if on else ""
    caption = f"Every probe{how}: a shortcut if its interval lies above chance."
    rows = (own for _, own in table.groupby(["probe", "task"], sort=False))
    return make_table("shortcuts", caption, columns, rows, grouped=True, folded=True, printed=False)


def _estimate(row: pd.Series) -> Cell:
    return estimate(row["estimate"], row["ci_low"], row["ci_high"], MISSING)
