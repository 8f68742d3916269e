"""Sections on the claims of the published study: verdicts and their reasons."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.claims.claims import CLAIM, CONTRADICTED, ONLY_WITH_LEAKAGE
from benchmarks import reference
from benchmarks.publications import publication, views
from benchmarks.reference import NONE
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table, figure
from reports.results import Results, where
from reports.tables import ARCHITECTURE, bold_if, column, make_table, measured, picked, text, value, whole
from reports.wording import MISSING, WORDS, count, interval, listed, number, plural, span, spoken

COMPARISONS = {"classes": "between classes", "classifier": "after shuffling the classifier"}
BAD = (CONTRADICTED, ONLY_WITH_LEAKAGE)


def verdict_table(results: Results) -> Table | None:
    """Return the verdicts on the claims in words, for the first page; None if the study judges no claims."""
    table = where(results.table("claims"), kind=CLAIM)
    if table.empty:
        return None
    caption = "What the published study says, and what is left of it. Rules and printed figures stand under Claims."
    columns = [
        column("claim", lambda row: Cell(row["statement"], _numbers(row)), "wide"),
        column("verdict", lambda row: bold_if(row["verdict"], BAD), "phrase"),
    ]
    return make_table("verdicts", caption, columns, table, ["claims"])


def _numbers(row: dict) -> str:
    """Return the numbers behind a claim in words; empty for a claim without numbers."""
    if pd.isna(row["published_value"]):
        return ""
    parts = [f"{spoken(row['metric'])}: published {number(row['published_value'])}"]
    for name in ("replayed", "by_patient"):
        measured_value, low, high = (row[f"{name}_{part}"] for part in ("value", "low", "high"))
        if pd.notna(measured_value):
            parts.append(f"{name} {number(measured_value)} ({interval(low, high)})")
    return ", ".join(parts)


def claims(results: Results) -> Iterator[Section]:
    """Sections on claims; none if the study judges no claims."""
    table = results.table("claims")
    if table.empty or not results.study.claims:
        return
    published = publication.load(results.study.claims)
    blocks: list[Block] = [
        Paragraph("Verdicts follow from tables by these rules, and from nothing else:"),
        Bullets(WORDS["claim_rules"]),
        _every_claim(table),
    ]
    yield Section("claims", "Claims", blocks)
    yield Section("as-published", "The study as published", _as_published(published), level=2)
    yield Section("replay", "Replay of the published recipe", list(_replay(views.by_variant(published))), level=2)
    if len(results.table("heatmaps")):
        yield Section("heat-maps", "The published heat map", list(_heat_maps(results)), level=2)


def _every_claim(table: pd.DataFrame) -> Table:
    columns = [
        column("claim", _claim, "wrap"),
        value("published", "published_value"),
        *(measured(name, f"{name}_value", name, MISSING) for name in ("replayed", "by_patient")),
        column("verdict and why", _verdict, "broad"),
    ]
    caption = "Every claim and printed figure, with the reason for its verdict."
    return make_table("claims", caption, columns, table, folded=True)


def _claim(row: dict) -> Cell:
    # The statement of a claim may not name the metric of its number.
    metric = [spoken(row["metric"])] if row["kind"] == CLAIM and pd.notna(row["published_value"]) else []
    return Cell(row["statement"], ", ".join([row["stated"], *metric]))


def _verdict(row: dict) -> Cell:
    parts = [row["reason"], row["replayed_on"], f"evidence: {row['evidence']}"]
    return Cell(row["verdict"], "; ".join(part for part in parts if pd.notna(part)), strong=row["verdict"] in BAD)


def _as_published(published: dict) -> list[Block]:
    rows = [{"architecture": name} | own for name, own in sorted(views.by_variant(published).items())]
    columns = [
        *(ARCHITECTURE, whole("parameters"), text("image side", "image_size", "right")),
        text("batch", "batch_size", "right"),
        column("validation accuracy", lambda own: number(own.get("validation_accuracy"), 4)),
        column("test accuracy", lambda own: number(own.get("test_accuracy"))),
        column("macro F1", lambda own: number(own.get("macro_f1"))),
    ]
    caption = (
        f"As published: figures quoted from the study, not measured here; {_size(published)}. It gave no intervals."
    )
    cited = f" [@{published['citation']}]" if "citation" in published else ""
    about = f"The study under re-evaluation is {published['title']}{cited}, {views.address(published)}."
    return [Paragraph(about), make_table("as-published", caption, columns, rows, [])]


def _size(published: dict) -> str:
    """Return `1,526 validation and 42 test files, 50 epochs`, as far as known."""
    sizes = (published["split"] or {}).get("sizes", {})
    parts = [f"{n:,} {part}" for part in ("validation", "test") if (n := sizes.get(part))]
    epochs = (published["recipe"] or {}).get("epochs")
    known = [f"{listed(parts)} files"] if parts else []
    known += [plural(epochs, "epoch")] if epochs else []
    return ", ".join(known) or "split and epochs are not known"


def _replay(figures: dict) -> Iterator[Block]:
    runs = reference.read("replay")
    yield Paragraph(WORDS["replay"])
    # As published first, then the changes.
    runs = runs.assign(changed=runs["change"] != NONE)
    keys = ["architecture", "image_size", "epochs", "changed", "change"]
    rows = [own for _, own in runs.groupby(keys)]

    def collapsed(own: pd.DataFrame) -> Cell:
        n = int((own["predicted_classes"] == 1).sum())
        return Cell(f"{n} of {len(own)}", strong=n > 0)

    columns = [
        picked("architecture", "architecture", "left"),
        picked("change", lambda run: run["change"] if run["changed"] else "as published", "left"),
        picked("images", lambda run: Cell(f"{run['image_size']} px", f"{run['epochs']} epochs")),
        picked("parameters", lambda run: count(run["parameters"])),
        column("seeds", lambda own: str(len(own))),
        column("validation accuracy", lambda own: span(own["validation_accuracy"])),
        column("test accuracy", lambda own: span(own["test_accuracy"])),
        column("collapsed", collapsed),
    ]
    caption = (
        "Reference replays: lowest to highest value over the seeds, and how many collapsed. Networks of fewer "
        "parameters than published are reduced."
    )
    yield make_table("replay", caption, columns, rows, [], grouped=True)
    causes = [*_causes(runs, figures), *_unexplained(runs, figures)]
    if causes:
        yield Bullets(causes)


def _causes(runs: pd.DataFrame, figures: dict) -> Iterator[str]:
    """Yield a sentence for each network that collapses unchanged: how often, and how often with each change."""
    for (architecture, parameters), own in runs.groupby(["architecture", "parameters"]):
        as_it_is = own["change"] == NONE
        if not (own.loc[as_it_is, "predicted_classes"] == 1).any():
            continue
        # A changed network may have a few parameters more or less than the one it was made from.
        family = runs[(runs["architecture"] == architecture) & (runs["image_size"] == own["image_size"].iloc[0])]
        counts = (family["predicted_classes"] == 1).groupby(family["change"]).agg(["sum", "size"])
        collapsed, n = counts.loc[NONE]
        published = parameters == figures.get(architecture, {}).get("parameters")
        size = "the network as published" if published else "the reduced network"
        epochs = listed(f"{n} epochs" for n in sorted(own.loc[as_it_is, "epochs"].unique()))
        changes = [
            f"with {change} in {row['sum']} of {row['size']}" for change, row in counts.drop(index=NONE).iterrows()
        ]
        yield (
            f"{architecture} collapses {'always' if collapsed == n else 'by chance'}: {size} "
            f"({epochs}) in {collapsed} of {plural(n, 'run')}"
            f"{', ' + listed(changes) if changes else ''}."
        )


def _unexplained(runs: pd.DataFrame, figures: dict) -> Iterator[str]:
    """Yield a sentence for each network with the lowest published accuracy that collapses in no run here."""
    accuracies = [own["test_accuracy"] for own in figures.values() if "test_accuracy" in own]
    lowest = min(accuracies, default=0.0)
    for architecture, own in sorted(figures.items()):
        mine = where(runs, architecture=architecture, change=NONE)
        if own.get("test_accuracy", np.inf) > lowest or mine.empty or (mine["predicted_classes"] == 1).any():
            continue
        size = "" if (mine["parameters"] == own["parameters"]).any() else " of the reduced network"
        told = "unlike the published one" if not size else "whether the published one does is not evaluable here"
        yield f"{architecture} collapses in none of {plural(len(mine), 'run')}{size}; {told}."


def _heat_maps(results: Results) -> Iterator[Block]:
    yield Paragraph(WORDS["heatmaps"])
    alt = "Published heat map and Grad-CAM for two classes, and with shuffled classifier weights"
    caption = "One probe of each network trained as published: published heat map (left) and Grad-CAM (right)."
    yield figure("heatmaps", caption, alt)
    columns = [
        *(text("method"), ARCHITECTURE),
        column("comparison", lambda row: COMPARISONS[row["comparison"]], "left"),
        *(measured("largest difference", "difference"), value("correlation", digits=3)),
        column("same map", lambda row: f"{row['unchanged']} of {row['n_probes']}"),
    ]
    caption = (
        "How much a heat map changes: largest difference of maps scaled to a peak of 1, mean over probes with its 95 % "
        "interval; mean correlation (a dash: the maps don't vary); probes whose maps are all the same."
    )
    table = results.table("heatmaps").sort_values(["method", "architecture"], ascending=[False, True])
    yield make_table("heatmaps", caption, columns, table, grouped=True, folded=True)
