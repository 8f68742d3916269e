"""Model card of the served cell, from the tables of its study."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import architectures
from analysis.bias.bias_checks import TITLES
from analysis.bias.families import NO_SKILL, SKILL_UNKNOWN
from analysis.bias.thresholds import CLEAR, FLAGGED
from analysis.tasks import AUC
from analysis.tidy import read_table
from app import DISCLAIMER
from app.model.answers import Bias, Card, Data, Estimate, Finding, Probe, Scores
from app.model.choose import ServedCell
from app.model.served import Served
from benchmarks import protocols, stored
from benchmarks.study.names import BASELINES

LIMITS = ["ci_low", "ci_high"]
SEVERITY = (AUC, "sensitivity", "specificity")
PROBES = "probes.npy"  # in an export, beside the model: uint8 (N, S, S) in the order of the table
TABLES = ("headline", "scores", "bias", "probes")  # the tables that the service needs


def card(served: Served) -> Card:
    """Return the model card; scores and bias are null, with a note, if the study has not computed these."""
    cell, protocol = served.cell, served.cell.runtime["protocol"]
    notes = list(served.notes)
    own = scores(cell, protocol)
    if own is None:
        notes.append(f"The study {cell.results.name} has no scores under {protocol}.")
    elif protocol == protocols.PUBLISHED:
        notes.append("The test images have copies in training: the accuracy measures recall of known images.")
    elif protocol == protocols.AS_SHIPPED:
        notes.append("The test part is the one that the data set ships; it may share patients with training.")
    published = None if protocol == protocols.PUBLISHED else scores(cell, protocols.PUBLISHED)
    if published is not None:
        notes.append(
            "Accuracy under published is on test images with copies in training; it does not predict new patients."
        )
    return Card(
        **{key: cell.runtime[key] for key in ("architecture", "protocol", "fold", "variant", "parameters")},
        reference=architectures.describe(cell.runtime["architecture"]).reference,
        study=cell.results.name,
        image_size=served.size,
        layer=cell.runtime["cam_layer"],
        classes=served.classes,
        data=Data(**stored.record(cell.results / "dataset.json")),
        scores=own,
        published=published,
        bias=bias(cell),
        out_of_distribution=served.familiar.about(),
        known_films=served.known.about() if served.known else None,
        notes=notes,
        disclaimer=DISCLAIMER,
    )


def scores(cell: ServedCell, protocol: str) -> Scores | None:
    """Return the scores of the cell's architecture under `protocol`, None if the study has none."""
    headline, every = (_rows(cell, name, protocol).set_index("architecture") for name in ("headline", "scores"))
    architecture = cell.runtime["architecture"]
    if architecture not in headline.index or architecture not in every.index:
        return None
    row, own = headline.loc[architecture], every.loc[[architecture]]
    severity = own[(own["task"] == "severity") & own["estimate"].notna()].set_index("metric")
    return Scores(
        **row[["n_units", "unit", "verdict"]],
        protocol=protocol,
        accuracy=Estimate(estimate=row["accuracy"], **_known(row[LIMITS])),
        n_images=row["n_samples"],
        folds=row["cells"],
        baselines={name: headline.loc[name, "accuracy"] for name in BASELINES},
        severity={
            metric: Estimate(**_known(severity.loc[metric, ["estimate", *LIMITS]]))
            for metric in SEVERITY
            if metric in severity.index
        },
    )


def bias(cell: ServedCell) -> Bias | None:
    """Return the verdicts of tables/bias.csv, None if there are none for the cell's protocol."""
    table = _rows(cell, "bias", cell.runtime["protocol"])
    table = table[table["architecture"] == cell.runtime["architecture"]]
    if table.empty:
        return None
    reasons = set(table["note"])
    if reasons <= {NO_SKILL, SKILL_UNKNOWN}:
        summary = f"not evaluable: {', '.join(sorted(reasons))}. The answers and maps of such a model may be chance."
        return Bias(summary=summary, findings=_findings(table))
    flagged, judged = (table["verdict"].isin(verdicts).sum() for verdicts in ([FLAGGED], [FLAGGED, CLEAR]))
    return Bias(
        summary=f"{flagged} of {judged} verdicts flag it; {len(table) - judged} are not evaluable.",
        findings=_findings(table),
    )


def _findings(table: pd.DataFrame) -> list[Finding]:
    return [Finding(title=TITLES[row["check"]], **_known(row)) for row in table.to_dict("records")]


def probes(cell: ServedCell) -> dict[int, tuple[Probe, np.ndarray]]:
    """Return number -> (probe image, its pixels uint8 (S, S)) for the cell's fold; empty if there are no probes."""
    table = _rows(cell, "probes", cell.runtime["protocol"])
    table = table[table["fold"] == cell.runtime["fold"]]
    path = cell.folder / PROBES
    films = stored.array(path) if path.is_file() else [cell.images[row.row] for row in table.itertuples()]
    return {
        row.probe: (Probe(number=row.probe, label=row.label, fold=row.fold, url=f"/probes/{row.probe}.png"), film)
        for row, film in zip(table.itertuples(), films, strict=True)
    }


def store_probes(cell: ServedCell, folder: Path) -> None:
    """Write the pixels of the probe images of `cell` into `folder`; nothing without any."""
    if films := [film for _, film in probes(cell).values()]:
        with stored.replacing(folder / PROBES) as path, path.open("wb") as stream:
            np.save(stream, np.stack(films))


def _rows(cell: ServedCell, name: str, protocol: str) -> pd.DataFrame:
    """Return the rows of a table under `protocol`; no rows if the study has no such table."""
    if not (cell.results / "tables" / f"{name}.csv").is_file():
        return pd.DataFrame(columns=["architecture", "fold"])
    table = read_table(cell.results, name)
    return table[table["protocol"] == protocol]


def _known(row: Mapping | pd.Series) -> dict:
    return {key: None if pd.isna(value) else value for key, value in row.items()}
