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
from reports.wording import MISSING, count, duration, number, spoken
from reports.words import Words

WORDS = Words("audit")

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
    blocks: list[Block] = [Paragraph(WORDS.text("leakage")), _counts(results)]
    if (results.table("leakage_pairs")["kind"] == NEAR_DUPLICATE).any():
        blocks.append(figure("leakage", WORDS.text("pairs_caption"), WORDS.text("pairs_alt"), "leakage_pairs"))
    yield Section("leakage", WORDS.text("leakage_title"), [*blocks, *_mixed_up(results)])


def quality(results: Results) -> Iterator[Section]:
    """Section on the accuracy of the search for copies."""
    yield Section("copies", WORDS.text("quality_title"), [_quality()])


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
    caption = WORDS.text("leakage_caption", codes=[(TITLES[kind], OF_KIND[kind]) for kind in KINDS])
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
    caption = WORDS.text("quality_caption", threshold=THRESHOLD)
    return make_table("copies", caption, columns, reference.read("copies"), [])


def _mixed_up(results: Results) -> Iterator[Block]:
    table = results.table("conflicts")
    if table.empty:
        yield Paragraph(WORDS.text("no_conflicts"))
        return

    def differ(row: dict) -> str:
        return f"{row['n_disagree']} of {row['n_agree'] + row['n_disagree']}"

    columns = [
        *(text("code", "code"), text("file", "sample", "wrap"), text("property", "column"), text("value")),
        *(text("copy", "partner", "wrap"), text("value of copy", "partner_value")),
        column("copies that differ", differ),
    ]
    caption = WORDS.text("conflicts_caption", n=len(table), shown=SHOWN)
    yield make_table("conflicts", caption, columns, table.head(SHOWN))


def shortcuts(results: Results) -> Iterator[Section]:
    """Section on shortcuts."""
    protocols = [p for p in (PUBLISHED, BY_PATIENT) if p in results.protocols or p == BY_PATIENT]
    table = results.table("shortcuts")
    table = table[table["protocol"].isin(protocols)]
    blocks: list[Block] = [
        Paragraph(WORDS.text("shortcuts", protocols=protocols)),
        *map(Paragraph, filter(None, [_best_probes(table)])),
        Bullets([WORDS.text(f"probe_{probe}") for probe in sorted(table["probe"].unique())]),
    ]
    if table["estimate"].notna().any():
        alt = WORDS.text("shortcuts_alt", protocols=protocols)
        blocks.append(figure("shortcuts", WORDS.text("shortcuts_figure"), alt))
    yield Section("shortcuts", WORDS.text("shortcuts_title"), [*blocks, _probes(table, protocols)])


def _best_probes(table: pd.DataFrame) -> str:
    """Return the best probe under published, and the probes that predict severity or enhancement of new patients."""
    known = table.dropna(subset=["estimate"]).set_index(["task", "protocol"]).sort_index()
    sentences = []
    if {("class8", PUBLISHED), ("class8", BY_PATIENT)} <= set(known.index):
        best = known.loc[("class8", PUBLISHED)].sort_values(["estimate", "probe"]).iloc[-1]
        honest = known.loc[("class8", BY_PATIENT)].set_index("probe").loc[best["probe"]]
        sentences.append(WORDS.text("best", best=best, honest=honest))
    for task in ("severity", "variant"):
        if (task, BY_PATIENT) in known.index:
            found = where(known.loc[[(task, BY_PATIENT)]], verdict=SHORTCUT).sort_values("estimate", ascending=False)
            probes = list(zip(found["probe"], found["estimate"], strict=True))
            sentences.append(WORDS.text("predictive", task=task, probes=probes))
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
    caption = WORDS.text("shortcuts_caption", scored=scored.to_dict("records"))
    rows = (own for _, own in table.groupby(["probe", "task"], sort=False))
    return make_table("shortcuts", caption, columns, rows, grouped=True, folded=True, printed=False)


def _estimate(row: pd.Series) -> Cell:
    return estimate(row["estimate"], row["ci_low"], row["ci_high"], MISSING)
