"""The first publication, which a study replays by protocol `published`: its tables in the form of replays.

Reads headline.csv, cells.csv, control.csv, inflation.csv, leakage.csv and claims.csv. Returned tables have the columns
of replays.csv, replay_leaks.csv and replay_figures.csv that the survey reads.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.tidy import read_table
from benchmarks.protocols import BY_PATIENT, PUBLISHED
from benchmarks.publications import views
from benchmarks.study.names import BASELINES

ROLES = {PUBLISHED: "own", "by_source": "by_source", BY_PATIENT: "by_patient"}
# Verdicts of claims.csv in the words of replay_figures.csv
FIGURE_VERDICTS = {"reproduced only with leakage": "reproduced"}
KINDS = {"same_source": "shared_source", "identical": "pixel_identical"}


def replays(folder: Path, name: str, content: dict) -> pd.DataFrame:
    """Return a row for each architecture or baseline and protocol, and for the control, of the study in `folder`."""
    rows = read_table(folder, "headline")
    rows = rows[rows["protocol"].isin(ROLES)].assign(
        role=lambda table: table["protocol"].map(ROLES), accuracy_low=rows["ci_low"], accuracy_high=rows["ci_high"]
    )
    control = read_table(folder, "control")
    control = control[control["protocol"] == PUBLISHED].assign(
        role="permuted",
        accuracy=control["permuted"],
        accuracy_low=control["ci_low"],
        accuracy_high=control["ci_high"],
    )
    rows = pd.concat([rows, control], ignore_index=True)
    rows["unit"] = rows["unit"].str.removesuffix("s")
    rows = rows.rename(columns={"architecture": "variant", "n_samples": "n"}).assign(publication=name, copies=np.nan)
    drops = read_table(folder, "inflation").rename(columns={"architecture": "variant", "honest_protocol": "protocol"})
    drops = drops.rename(columns={"inflation": "drop", "ci_low": "drop_low", "ci_high": "drop_high"})
    keys = ["variant", "protocol"]
    rows = rows.merge(drops[[*keys, "drop", "drop_low", "drop_high"]], "left", keys, validate="m:1")
    cells = read_table(folder, "cells")
    cells = cells[cells["variant"] == PUBLISHED].rename(columns={"architecture": "built"})
    return rows.join(pd.DataFrame([_settings(cells, row, content) for row in rows.itertuples()], index=rows.index))


def _settings(cells: pd.DataFrame, row, content: dict) -> dict:
    """Return the accuracies over seeds and the settings of the published form of a row's architecture."""
    own = cells[(cells["built"] == row.variant) & (cells["protocol"] == PUBLISHED)]
    if row.variant in BASELINES or own.empty:
        return {"reduced": ""}
    first = own.iloc[0]
    recipe = views.recipe(content, row.variant)
    found = {"image_size": first["image_size"], "epochs": first["epochs"]}
    found |= {f"{key}_published": recipe.get(key) for key in found}
    if row.role == "own":
        found |= {"accuracy_minimum": own["accuracy"].min(), "accuracy_maximum": own["accuracy"].max()}
    words = [
        f"{first[key]:g} of {recipe[key]:g} {unit}"
        for key, unit in (("image_size", "px"), ("epochs", "epochs"))
        if recipe.get(key) and first[key] < recipe[key]
    ]
    printed = content["variants"][row.variant]["parameters"]
    if printed and first["parameters"] < printed:
        words.append(f"{first['parameters']:,.0f} of {printed:,} parameters")
    return found | {"reduced": "; ".join(words)}


def leaks(folder: Path, name: str) -> pd.DataFrame:
    """Return one row: test files with a copy of their source, and with an identical file, in training."""
    table = read_table(folder, "leakage")
    own = table[(table["protocol"] == PUBLISHED) & (table["part_a"] == "train") & (table["part_b"] == "test")]
    first = own[own["fold"] == own["fold"].min()].set_index("kind")
    row = {key: first["n_flagged"].get(kind, np.nan) for key, kind in KINDS.items()}
    row |= {"n_test": first["n_b"].max(), "publication": name, "protocol": PUBLISHED}
    return pd.DataFrame([row | {"copies": np.nan, "sizes_printed": "", "sizes_fit": ""}])


def figures(folder: Path, name: str) -> pd.DataFrame:
    """Return a row for each printed figure, from claims.csv."""
    table = read_table(folder, "claims")
    own = table[table["kind"] == "figure"]
    value = own["replayed_value"]
    return pd.DataFrame(
        {
            "publication": name,
            "variant": own["statement"].str.partition(":")[0],
            "where": own["stated"],
            "metric": own["metric"],
            "printed": own["published_value"].astype(str),
            "value": own["published_value"],
            "minimum": value,
            "maximum": value,
            "verdict": own["verdict"].replace(FIGURE_VERDICTS),
            "reason": own["reason"],
        }
    )
