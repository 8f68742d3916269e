"""How far the bias checks can be trusted: planted shortcuts that they must find, and the speed of explanation."""

from collections.abc import Iterator

import pandas as pd

from benchmarks import reference
from benchmarks.reference import ALL, ANY
from reports.document import Block, Bullets, Cell, Column, Paragraph, Table
from reports.verdicts import HEAT
from reports.wording import MISSING, duration, interval, listed, number, per_cent, plural

STRONG = 0.9  # strength from which a planted shortcut counts as one that must be found
SHOWN = {ANY: "changes of the film", "heat": "share of the heat", "pointing": "hottest pixel"}


def calibration() -> Iterator[Block]:
    """The results of planted shortcuts and of timing, as benchmarks/reference holds them."""
    planted, speed = (_read(name) for name in ("planted_bias", "explanation_speed"))
    yield Paragraph(
        "The instrument is checked on phantoms with a planted shortcut: a film label, a grey background, a rotation or "
        "a border that agrees with the class to some strength. A model has learnt it if its answers follow the "
        "artefact when that alone is changed. A check has found it if it flags the planted region."
    )
    if planted is None:
        yield Paragraph(
            "There is no result of it: benchmarks/reference/planted_bias.csv is missing, so nothing here says how "
            "often the checks find a shortcut or raise a false alarm. "
            "`python -m benchmarks.validation.planted_bias --report` "
            "makes it."
        )
    else:
        yield Bullets(list(_sentences(planted)))
        yield _table(planted)
    if speed is None:
        yield Paragraph("The speed of explanation has not been measured (benchmarks/reference/explanation_speed.csv).")
    else:
        yield _speed(speed)


def _read(name: str) -> pd.DataFrame | None:
    return reference.read(name) if (reference.FOLDER / f"{name}.csv").exists() else None


def _sentences(table: pd.DataFrame) -> Iterator[str]:
    pooled, table = table[table["shortcut"] == ALL], table[table["shortcut"] != ALL]
    strong = table[(table["strength"] >= STRONG) & (table["n_learnt"] > 0)]
    found = strong[strong["check"] == ANY]
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
    without = pooled[(pooled["strength"] == 0) & (pooled["check"] == ANY)]
    for row in without.itertuples():
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
    more, fewer = [], []
    for shortcut, own in strong.groupby("shortcut", sort=False):
        sums = own.groupby("check")["n_detected"].sum()
        heat = int(sums.reindex(list(HEAT)).max()) if sums.index.isin(HEAT).any() else None
        if heat is not None and sums.get(ANY, 0) != heat:
            learnt = int(own.loc[own["check"] == ANY, "n_learnt"].sum())
            words = f"{_spoken(shortcut)} (changes {int(sums.get(ANY, 0))}, heat {heat} of {learnt})"
            (more if sums.get(ANY, 0) > heat else fewer).append(words)
    if more:
        yield f"The heat alone misses what changes of the film find for {listed(more)}."
    if fewer:
        yield f"Changes of the film miss what the heat finds for {listed(fewer)}."
    if len(strong) and not more and not fewer:
        yield "Heat and changes of the film find the same."


def _table(table: pd.DataFrame) -> Table:
    rows = []
    for (shortcut, strength), own in table.groupby(["shortcut", "strength"], sort=False):
        by_check, first = own.set_index("check"), own.iloc[0]
        name = "detected" if strength else "flagged"
        rates = [_rate(by_check.loc[check], name) if check in by_check.index else Cell(MISSING) for check in SHOWN]
        about = (_spoken(shortcut), f"{strength:g}", str(first["n_models"]), str(first["n_learnt"]))
        rows.append([*map(Cell, about), *rates])
    titles = [Column("planted", "left"), Column("strength"), Column("models"), Column("learnt it")]
    titles += [Column(f"flagged by {name}") for name in SHOWN.values()]
    caption = (
        "Planted shortcuts: of the models that learnt it, the share in which the planted region is flagged by any "
        "change of the film, by the share of the heat, or by the hottest pixel, with 95 % Wilson intervals. At "
        "strength 0 the artefact says nothing, and the share is that of all models: flags there are false, save for a "
        f"model that leans on the artefact by accident. {_made(table)}"
    )
    return Table("table-planted", caption, titles, rows, [], grouped=True)


def _rate(row: pd.Series, name: str) -> Cell:
    if pd.isna(row[name]):
        return Cell(MISSING)
    return Cell(per_cent(row[name]), f"{interval(100 * row[f'{name}_low'], 100 * row[f'{name}_high'], 0)} %")


def _speed(table: pd.DataFrame) -> Table:
    rows = [
        [
            *(Cell(row.architecture), Cell(f"{row.image_size} px"), Cell(number(row.batch_maps_per_second, 1))),
            *(Cell(number(row.loop_maps_per_second, 1)), Cell(f"{number(row.ratio, 1)} times")),
        ]
        for row in table.itertuples()
    ]
    titles = [Column("architecture", "left"), Column("images"), Column("maps a second, batch")]
    titles += [Column("maps a second, loop"), Column("faster")]
    first = table.iloc[0]
    caption = (
        f"Speed of Grad-CAM in study {first['study']}: {first['n_batch']} images together against a loop that loads "
        "the model and explains one image at a time, as the published service does, both with loading. "
        f"{_made(table)}"
    )
    return Table("table-speed", caption, titles, rows, [])


def _made(table: pd.DataFrame) -> str:
    """What a reference table was made with."""
    run = table.iloc[0]
    took = f" in {duration(run['seconds'])}" if "seconds" in run else ""
    return f"Made by {run['command']}{took} on {run['hardware']}, finished {run['finished']}."


def _spoken(name: str) -> str:
    return name.replace("_", " ")
