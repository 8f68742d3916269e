"""Accuracy of the bias checks on planted shortcuts, and the speed of explanation."""

from collections.abc import Iterator

import pandas as pd

from analysis.bias.families import SALIENCY
from benchmarks import reference
from benchmarks.reference import ALL, ANY
from reports.document import Block, Bullets, Cell, Paragraph, Table
from reports.results import where
from reports.tables import ARCHITECTURE, column, make_table, picked, value
from reports.wording import MISSING, WORDS, duration, interval, listed, number, per_cent, plural, spoken

STRONG = 0.9  # from this strength on, a planted shortcut must be found
SHOWN = {ANY: "changes of the film", "heat": "share of the heat", "pointing": "hottest pixel"}


def calibration() -> Iterator[Block]:
    """Yield the results of planted shortcuts and of timing in benchmarks/reference."""
    planted, speed = (_read(name) for name in ("planted_bias", "explanation_speed"))
    yield Paragraph(WORDS["calibration"])
    if planted is None:
        yield Paragraph(WORDS["not_calibrated"])
    else:
        yield Bullets([*_sentences(planted), _correction(planted)])
        yield _table(planted)
    if speed is None:
        yield Paragraph("The speed of explanation has not been measured (benchmarks/reference/explanation_speed.csv).")
    else:
        yield _speed(speed)


def _read(name: str) -> pd.DataFrame | None:
    return reference.read(name) if (reference.FOLDER / f"{name}.csv").exists() else None


def _sentences(table: pd.DataFrame) -> Iterator[str]:
    pooled, table = where(table, shortcut=ALL), table[table["shortcut"] != ALL]
    strong = table[(table["strength"] >= STRONG) & (table["n_learnt"] > 0)]
    found = where(strong, check=ANY)
    if found.empty:
        yield f"No model learnt a shortcut of strength {STRONG} or more."
    else:
        detected, learnt = int(found["n_detected"].sum()), int(found["n_learnt"].sum())
        yield (
            f"Of {plural(learnt, 'model')} that learnt a shortcut of strength {STRONG} or more, changes of the film "
            f"flag the planted region in {detected} ({per_cent(detected / learnt)}; wanted: at least 95 %)."
        )
        models = int(found["n_models"].sum())
        others = round((found["elsewhere"] * found["n_models"]).sum())
        yield (
            f"Another region (the lesion left out) is flagged by changes of the film in {others} of "
            f"{plural(models, 'model')} of such a strength."
        )
    for row in where(pooled, strength=0, check=ANY).itertuples():
        limits = interval(100 * row.flagged_low, 100 * row.flagged_high, 0)
        yield (
            f"Of {plural(int(row.n_models), 'model')} trained without a shortcut, changes of the film flag the region "
            f"in {row.n_flagged} ({per_cent(row.flagged)}, 95 % CI {limits} %; wanted: at most 5 %), and in "
            f"{row.n_false} of the {row.n_indifferent} whose answers the artefact leaves alone."
        )
    nothing = table[(table["strength"] == 0) & table["check"].isin(SHOWN)]
    if len(nothing):
        flagged = (nothing["elsewhere"] * nothing["n_models"]).round().astype(int).groupby(nothing["check"]).sum()
        models = nothing.groupby("check")["n_models"].sum()
        parts = [f"{name} in {flagged[check]} of {models[check]}" for check, name in SHOWN.items() if check in flagged]
        opening = "Without a shortcut, a region where nothing was planted (the lesion left out) is flagged by"
        yield f"{opening} {listed(parts)} models."
    more: list[str] = []
    fewer: list[str] = []
    for shortcut, own in strong.groupby("shortcut", sort=False):
        sums = own.groupby("check")["n_detected"].sum()
        heat = int(sums.reindex(list(SALIENCY)).max()) if sums.index.isin(SALIENCY).any() else None
        changed = int(sums.get(ANY, 0))
        if heat is not None and changed != heat:
            learnt = int(where(own, check=ANY)["n_learnt"].sum())
            words = f"{spoken(shortcut)} (changes {changed}, heat {heat} of {learnt})"
            (more if changed > heat else fewer).append(words)
    if more:
        yield f"The heat alone misses what changes of the film find for {listed(more)}."
    if fewer:
        yield f"Changes of the film miss what the heat finds for {listed(fewer)}."
    if len(strong) and not more and not fewer:
        yield "Heat and changes of the film find the same."


def _correction(table: pd.DataFrame) -> str:
    """Return what the same verdicts are without correction for the number of checks."""
    if "n_flagged_uncorrected" not in table:
        return "These verdicts were not corrected for the number of checks; those of this study are."
    own = where(table, check=ANY, shortcut=ALL)
    found = {kind: [int(own[f"n_{kind}{end}"].sum()) for end in ("_uncorrected", "")] for kind in ("detected", "false")}
    return (
        "Before and after correction for the number of checks, changes of the film flag "
        f"{listed(map(str, found['detected']))} of the models that learnt a shortcut, and "
        f"{listed(map(str, found['false']))} of the models whose answers the artefact leaves alone."
    )


def _table(table: pd.DataFrame) -> Table:
    columns = [
        picked("planted", lambda row: spoken(row["shortcut"]), "left"),
        picked("strength", lambda row: f"{row['strength']:g}"),
        *(picked("models", lambda row: str(row["n_models"])), picked("learnt it", lambda row: str(row["n_learnt"]))),
        *(picked(f"flagged by {title}", _rate, check=check) for check, title in SHOWN.items()),
    ]
    caption = (
        "Planted shortcuts: of the models that learnt it, the share in which the planted region is flagged by any "
        "change of the film, by the share of the heat, or by the hottest pixel, with 95 % Wilson intervals. At "
        "strength 0 the artefact says nothing, and the share is that of all models: flags there are false, save for a "
        f"model that leans on the artefact by accident. {_made(table)}"
    )
    rows = (own for _, own in table.groupby(["shortcut", "strength"], sort=False))
    return make_table("planted", caption, columns, rows, [], grouped=True)


def _rate(row: pd.Series) -> Cell:
    name = "detected" if row["strength"] else "flagged"
    if pd.isna(row[name]):
        return Cell(MISSING)
    return Cell(per_cent(row[name]), f"{interval(100 * row[f'{name}_low'], 100 * row[f'{name}_high'], 0)} %")


def _speed(table: pd.DataFrame) -> Table:
    columns = [
        *(ARCHITECTURE, column("images", lambda row: f"{row['image_size']} px")),
        value("maps a second, batch", "batch_maps_per_second", 1),
        value("maps a second, loop", "loop_maps_per_second", 1),
        column("faster", lambda row: f"{number(row['ratio'], 1)} times"),
    ]
    first = table.iloc[0]
    caption = (
        f"Speed of Grad-CAM in study {first['study']}: {first['n_batch']} images together against a loop that loads "
        "the model and explains one image at a time, as the published service does, both with loading. "
        f"{_made(table)}"
    )
    return make_table("speed", caption, columns, table, [])


def _made(table: pd.DataFrame) -> str:
    """Return the command, duration and hardware of a reference table in words."""
    run = table.iloc[0]
    took = f" in {duration(run['seconds'])}" if "seconds" in run else ""
    return f"Made by {run['command']}{took} on {run['hardware']}, finished {run['finished']}."
