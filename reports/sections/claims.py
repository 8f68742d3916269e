"""Sections on the claims of the published study: verdicts and their reasons."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from analysis.claims.claims import CLAIM, CONTRADICTED, ONLY_WITH_LEAKAGE
from analysis.claims.measured import OWN
from analysis.names import named
from benchmarks import reference
from benchmarks.publications import publication, views
from benchmarks.reference import NONE
from benchmarks.study.study import Study
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table, figure
from reports.results import Results, where
from reports.tables import ARCHITECTURE, bold_if, column, make_table, measured, picked, text, value, whole
from reports.wording import MISSING, count, listed, number, span, spoken
from reports.words import Words

WORDS = Words("claims")

COMPARISONS = {"classes": "between classes", "classifier": "shuffled classifier"}
BAD = (CONTRADICTED, ONLY_WITH_LEAKAGE)


def verdict_table(results: Results) -> Table | None:
    """Return the verdicts on the claims in words, for the first page; None if the study judges no claims."""
    table = where(results.table("claims"), kind=CLAIM)
    if table.empty:
        return None
    variants = _variants(publication.load(results.study.claims)) if results.study.claims else {}
    columns = [
        column("claim", lambda row: Cell(row["statement"], _numbers(results.study, variants, row)), "wide"),
        column("verdict", lambda row: bold_if(row["verdict"], BAD), "phrase"),
    ]
    return make_table("verdicts", WORDS.text("verdicts_caption"), columns, table, ["claims"])


def _variants(published: dict) -> dict[str, dict[str, int]]:
    """Return the image sides of the variants whose numbers each claim compares, in the original study, by its id."""
    sides = {name: own["image_size"] for name, own in views.by_variant(published).items() if "test_accuracy" in own}
    compared = {
        claim["id"]: [claim["variant"]] if claim["rule"] == "figure" else sides
        for claim in published["claims"]
        if claim["rule"] in ("figure", "better_than_others")
    }
    return {name: {one: sides[one] for one in own if one in sides} for name, own in compared.items()}


def _numbers(study: Study, variants: dict[str, dict[str, int]], row: dict) -> str:
    """Return the numbers behind a claim in words, each with its image sides; empty for a claim without numbers.

    `variants` holds the sides in the original study, by claim and variant.
    """
    if pd.isna(row["published_value"]):
        return ""
    original = variants.get(row["id"], {})
    own = [study.size_of(name) for name in original if name in study.architectures]
    # A reference replay has the sides of the original study.
    replayed = own if str(row["replayed_on"]).startswith(OWN) else original.values()
    return WORDS.text(
        "numbers",
        metric=spoken(row["metric"]),
        printed=(row["published_value"], _sides(original.values())),
        values=[
            (name, *(row[f"{name}_{part}"] for part in ("value", "low", "high")), _sides(sides))
            for name, sides in (("replayed", replayed), ("by_patient", own))
            if pd.notna(row[f"{name}_value"])
        ],
    )


def _sides(sides: Iterable[int | None]) -> str:
    """Return `224 and 227`; empty if a side is unknown."""
    known = sorted(set(filter(None, sides)))
    return listed(map(str, known)) if known else ""


def claims(results: Results) -> Iterator[Section]:
    """Sections on claims; none if the study judges no claims."""
    table = results.table("claims")
    if table.empty or not results.study.claims:
        return
    published = publication.load(results.study.claims)
    blocks: list[Block] = [
        Paragraph(WORDS.text("rules_opening")),
        Bullets(WORDS.texts("rules", sides=_sides(results.study.sizes()))),
        _every_claim(table),
    ]
    figures = views.by_variant(published)
    yield Section("claims", WORDS.text("title"), blocks)
    yield Section("as-published", WORDS.text("as_published_title"), _as_published(published), level=2)
    yield Section("replay", WORDS.text("replay_title"), list(_replay(figures)), level=2)
    if len(results.table("heatmaps")):
        yield Section("heat-maps", WORDS.text("maps_title"), list(_maps(results)), level=2)


def _every_claim(table: pd.DataFrame) -> Table:
    columns = [
        column("claim", _claim, "wrap"),
        value("printed", "published_value"),
        *(measured(name, f"{name}_value", name, MISSING) for name in ("replayed", "by_patient")),
        column("verdict and why", _verdict, "broad"),
    ]
    return make_table("claims", WORDS.text("claims_caption"), columns, table, folded=True)


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
    caption = WORDS.text(
        "as_published_caption", files=_files(published), epochs=(published["recipe"] or {}).get("epochs")
    )
    about = {"title": published["title"], "cited": published.get("citation"), "address": views.address(published)}
    return [Paragraph(WORDS.text("as_published", **about)), make_table("as-published", caption, columns, rows, [])]


def _files(published: dict) -> list[tuple[int, str]]:
    """Return the numbers of files of the validation and the test part, as far as known."""
    sizes = (published["split"] or {}).get("sizes", {})
    return [(n, part) for part in ("validation", "test") if (n := sizes.get(part))]


def _replay(figures: dict) -> Iterator[Block]:
    runs = reference.read("replay")
    yield Paragraph(WORDS.text("replay"))
    # As published first, then the changes.
    runs = runs.assign(changed=runs["change"] != NONE)
    keys = ["architecture", "image_size", "epochs", "changed", "change"]
    rows = [own for _, own in runs.groupby(keys)]

    def collapsed(own: pd.DataFrame) -> Cell:
        n = int((own["predicted_classes"] == 1).sum())
        return Cell(f"{n} of {len(own)}", strong=n > 0)

    columns = [
        picked("architecture", lambda run: named(run["architecture"]), "left"),
        picked("change", lambda run: run["change"] if run["changed"] else "as in the original study", "left"),
        picked("images", lambda run: Cell(f"{run['image_size']} px", f"{run['epochs']} epochs")),
        picked("parameters", lambda run: count(run["parameters"])),
        column("seeds", lambda own: str(len(own))),
        column("validation accuracy", lambda own: span(own["validation_accuracy"])),
        column("test accuracy", lambda own: span(own["test_accuracy"])),
        column("collapsed", collapsed),
    ]
    yield make_table("replay", WORDS.text("replay_caption"), columns, rows, [], grouped=True)
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
        yield WORDS.text(
            "cause",
            architecture=architecture,
            always=collapsed == n,
            full=parameters == figures.get(architecture, {}).get("parameters"),
            epochs=sorted(own.loc[as_it_is, "epochs"].unique()),
            collapsed=collapsed,
            n=n,
            changes=list(counts.drop(index=NONE).itertuples(name=None)),
        )


def _unexplained(runs: pd.DataFrame, figures: dict) -> Iterator[str]:
    """Yield a sentence for each network with the lowest published accuracy that collapses in no run here."""
    accuracies = [own["test_accuracy"] for own in figures.values() if "test_accuracy" in own]
    lowest = min(accuracies, default=0.0)
    for architecture, own in sorted(figures.items()):
        mine = where(runs, architecture=architecture, change=NONE)
        if own.get("test_accuracy", np.inf) > lowest or mine.empty or (mine["predicted_classes"] == 1).any():
            continue
        full = (mine["parameters"] == own["parameters"]).any()
        yield WORDS.text("unexplained", architecture=architecture, n=len(mine), full=full)


def _maps(results: Results) -> Iterator[Block]:
    yield Paragraph(WORDS.text("maps"))
    yield figure("heatmaps", WORDS.text("maps_figure_caption"), WORDS.text("maps_alt"))
    columns = [
        *(text("method"), ARCHITECTURE),
        column("comparison", lambda row: COMPARISONS[row["comparison"]], "left"),
        *(measured("largest difference", "difference"), value("correlation", digits=3)),
        column("same map", lambda row: f"{row['unchanged']} of {row['n_probes']}"),
    ]
    caption = WORDS.text("maps_table_caption")
    table = results.table("heatmaps").sort_values(["method", "architecture"], ascending=[False, True])
    yield make_table("heatmaps", caption, columns, table, grouped=True, folded=True)
