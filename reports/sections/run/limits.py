"""What the numbers can't say: limits of the design, of the folds, and everything that was not evaluable."""

from collections.abc import Iterator

import pandas as pd

from benchmarks.protocols import EXTERNAL, PUBLISHED
from reports.document import Block, Bullets, Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.sections.scores.scores import METRICS, TASKS
from reports.verdicts import CHECKS
from reports.wording import NOT_EVALUABLE, listed, plural, units

REASONS = 3  # of those that a check is not evaluable for, told in full
GENERATED_WARNING = (
    "The images of this study are generated phantoms. Its numbers show that the harness works and how a leaking split "
    "behaves; they say nothing about mammograms."
)


def limits(results: Results) -> Iterator[Section]:
    """The section on limits."""
    blocks: list[Block] = [Bullets(list(_general(results)))]
    notes = results.table("fold_notes")
    if len(notes):
        rows = [
            [Cell(str(value)) for value in row] for row in notes[["protocol", "label", "note"]].itertuples(index=False)
        ]
        titles = [Column("protocol", "left"), Column("class", "left"), Column("note", "wrap")]
        caption = "Classes that the folds can't treat like the others."
        blocks.append(Table("table-fold-notes", caption, titles, rows, ["fold_notes"], grouped=True))
    missing = list(_not_evaluable(results))
    if missing:
        titles = [Column("where", "left"), Column("what", "left"), Column("how many"), Column("why", "wrap")]
        caption = "Not evaluable: numbers that this study can't give, and why."
        blocks.append(
            Table("table-missing", caption, titles, missing, ["scores", "headline", "gradcam", "bias"], grouped=True)
        )
    else:
        blocks.append(Paragraph("Every number of this study was evaluable."))
    yield Section("limits", "Limits", blocks)


def tested_elsewhere(results: Results) -> str:
    """Whether images of another data set than those trained on were tested."""
    if EXTERNAL not in results.protocols:
        return "No images of another hospital or data set were tested."
    named = listed(results.study.external["test"])
    return f"Under external, images of data sets that training has not seen were tested: {named}."


def _general(results: Results) -> Iterator[str]:
    if results.dataset["generated"]:
        yield GENERATED_WARNING
    whole = results.table("data").iloc[-1]
    n_units, unit = (whole["patients"], "patient") if pd.notna(whole["patients"]) else (whole["sources"], "source")
    yield (
        f"All results rest on {units(n_units, unit)}. Intervals describe which of them happened to be sampled; they "
        "leave out the chance of the training itself (seed, order, hardware)"
        + (", of which this study shows one run." if results.study.repeats == 1 else ".")
    )
    if not results.dataset["generated"] and results.study.dataset.get("breast") != "whole":
        yield (
            "Where the breast lies is found from the pixels, by a rule made for mammograms; in images of another kind, "
            "what is said of breast, background and side is said of their largest bright part."
        )
    if pd.isna(whole["patients"]):
        yield "Patients are unknown, so images of one patient may stand on both sides of every split."
    if PUBLISHED in results.protocols:
        yield (
            "Scores under the published protocol come from test images whose copies were trained on. They measure "
            "recall of known images, not performance on new ones [@kapoor2023]."
        )
    if "by_source" in results.protocols:
        yield "Under by_source, other images of a test patient may have been trained on, so its scores still flatter."
    yield (
        "Comparisons between architectures and with the baselines are corrected for their number; intervals of single "
        "scores are not."
    )
    yield "Scores pool the out-of-fold predictions of models trained on different folds; no fold is scored on its own."
    yield "Nothing here is a diagnostic device, and none of the models may be used on patients."


def _not_evaluable(results: Results) -> Iterator[list[Cell]]:
    scores = results.table("scores")
    scores = scores[scores["note"].notna() & scores["protocol"].isin(results.protocols)]
    scores = scores.assign(
        where="scores",
        what=[
            f"{TASKS[task][0]}, {METRICS[metric]}"
            for task, metric in zip(scores["task"], scores["metric"], strict=True)
        ],
    )
    headline = results.table("headline")
    headline = headline[headline["verdict"].str.startswith("not evaluable")]
    headline = headline.assign(where="verdict", what="beats majority", note=headline["verdict"])
    maps = results.table("gradcam")
    gradcam = maps[maps["note"].notna()].assign(where="Grad-CAM", what="heat in regions")
    columns = ["where", "what", "architecture", "protocol", "note"]
    table = pd.concat([part[columns] for part in (scores, headline, gradcam)])
    for (where, what, note), rows in table.groupby(["where", "what", "note"], sort=False):
        cells = rows[["architecture", "protocol"]].drop_duplicates()
        number = f"{len(rows)} of {plural(len(maps), 'map')}" if where == "Grad-CAM" else _of_pairs(results, len(cells))
        yield [Cell(where), Cell(what), Cell(number), Cell(note)]
    bias = results.table("bias")
    for check, rows in bias.groupby("check", sort=False):
        left = rows[rows["verdict"] == NOT_EVALUABLE]
        reasons = left["note"].str.removeprefix(f"{NOT_EVALUABLE}: ").value_counts()
        told = [f"{reason} ({n})" for reason, n in reasons.head(REASONS).items()]
        told += ["and others"] if len(reasons) > REASONS else []
        if len(left):
            number = f"{len(left)} of {plural(len(rows), 'verdict')}"
            yield [Cell("bias checks"), Cell(CHECKS[check]), Cell(number), Cell("; ".join(told))]


def _of_pairs(results: Results, n: int) -> str:
    return f"{n} of {plural(len(results.compared) * len(results.protocols), 'pair')}"
