"""Accuracy of the bias checks on planted shortcuts, and the speed of explanation."""

from collections.abc import Iterator

import pandas as pd

from analysis.bias.bias_checks import TITLES
from analysis.bias.families import SALIENCY
from benchmarks import reference
from benchmarks.reference import ALL, ANY
from reports.document import Block, Bullets, Cell, Paragraph, Table
from reports.results import where
from reports.tables import ARCHITECTURE, column, make_table, picked, value
from reports.wording import MISSING, interval, number, per_cent, spoken
from reports.words import Words

WORDS = Words("calibration")
STRONG = 0.9  # from this strength on, a planted shortcut must be found
SHOWN = {ANY: "changes of the film"} | {check: TITLES[check] for check in SALIENCY}


def calibration() -> Iterator[Block]:
    """Yield the results of planted shortcuts and of timing in benchmarks/reference."""
    planted, speed = (_read(name) for name in ("planted_bias", "explanation_speed"))
    yield Paragraph(WORDS.text("method"))
    if planted is None:
        yield Paragraph(WORDS.text("not_calibrated"))
    else:
        yield Bullets([*_sentences(planted), _correction(planted)])
        yield _table(planted)
    if speed is None:
        yield Paragraph(WORDS.text("no_speed"))
    else:
        yield _speed(speed)


def _read(name: str) -> pd.DataFrame | None:
    return reference.read(name) if (reference.FOLDER / f"{name}.csv").exists() else None


def _sentences(table: pd.DataFrame) -> list[str]:
    """Return the sentences on shortcuts found, on false flags, and on changes of the film against saliency."""
    pooled, table = where(table, shortcut=ALL), table[table["shortcut"] != ALL]
    strong = table[(table["strength"] >= STRONG) & (table["n_learnt"] > 0)]
    found = where(strong, check=ANY)
    pairs = list(_compared(strong))
    return WORDS.texts(
        "results",
        strength=STRONG,
        learnt=int(found["n_learnt"].sum()),
        detected=int(found["n_detected"].sum()),
        models=int(found["n_models"].sum()),
        others=round((found["elsewhere"] * found["n_models"]).sum()),
        unplanted=where(pooled, strength=0, check=ANY).to_dict("records"),
        elsewhere=list(_elsewhere(where(table, strength=0))),
        more=[pair for pair in pairs if pair[1] > pair[2]],
        fewer=[pair for pair in pairs if pair[1] < pair[2]],
        compared=bool(pairs),
    )


def _elsewhere(table: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    """Yield (check, models flagged where nothing was planted, models)."""
    for check, name in SHOWN.items():
        if len(own := where(table, check=check)):
            yield name, int((own["elsewhere"] * own["n_models"]).round().sum()), int(own["n_models"].sum())


def _compared(strong: pd.DataFrame) -> Iterator[tuple[str, int, int, int]]:
    """Yield (shortcut, models detected by changes of the film, by the better check of saliency, models that learnt)."""
    for shortcut, own in strong.groupby("shortcut", sort=False):
        sums = own.groupby("check")[["n_detected", "n_learnt"]].sum()
        saliency = sums["n_detected"].reindex(list(SALIENCY)).max()
        if ANY in sums.index and pd.notna(saliency):
            detected, learnt = sums.loc[ANY]
            yield spoken(shortcut), int(detected), int(saliency), int(learnt)


def _correction(table: pd.DataFrame) -> str:
    """Return the numbers of flags with and without correction for the number of checks."""
    if "n_flagged_uncorrected" not in table:
        return WORDS.text("not_corrected")
    own = where(table, check=ANY, shortcut=ALL)
    found = {kind: [int(own[f"n_{kind}{end}"].sum()) for end in ("_uncorrected", "")] for kind in ("detected", "false")}
    return WORDS.text("correction", detected=found["detected"], indifferent=found["false"])


def _table(table: pd.DataFrame) -> Table:
    columns = [
        picked("planted", lambda row: spoken(row["shortcut"]), "left"),
        picked("strength", lambda row: f"{row['strength']:g}"),
        *(picked("models", lambda row: str(row["n_models"])), picked("learnt it", lambda row: str(row["n_learnt"]))),
        *(picked(f"flagged by {title}", _rate, check=check) for check, title in SHOWN.items()),
    ]
    caption = WORDS.text("planted_caption", made=_made(table))
    rows = (own for _, own in table.groupby(["shortcut", "strength"], sort=False))
    return make_table("planted", caption, columns, rows, [], grouped=True)


def _rate(row: pd.Series) -> Cell:
    name = "detected" if row["strength"] else "flagged"
    if pd.isna(row[name]):
        return Cell(MISSING)
    return Cell(per_cent(row[name]), f"{interval(100 * row[f'{name}_low'], 100 * row[f'{name}_high'], 0)}%")


def _speed(table: pd.DataFrame) -> Table:
    columns = [
        *(ARCHITECTURE, column("images", lambda row: f"{row['image_size']} px")),
        value("maps a second, batch", "batch_maps_per_second", 1),
        value("maps a second, loop", "loop_maps_per_second", 1),
        column("faster", lambda row: f"{number(row['ratio'], 1)} times"),
    ]
    first = table.iloc[0]
    caption = WORDS.text("speed_caption", study=first["study"], images=first["n_batch"], made=_made(table))
    return make_table("speed", caption, columns, table, [])


def _made(table: pd.DataFrame) -> str:
    """Return the command, duration and hardware of a reference table in words."""
    run = table.iloc[0]
    about = {key: run[key] for key in ("command", "hardware", "finished")}
    return WORDS.text("made", seconds=run.get("seconds"), **about)
