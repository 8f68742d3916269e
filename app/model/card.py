"""Model card of the served cell, from the tables of its study."""

from collections.abc import Iterator

import pandas as pd

import architectures
from analysis.bias.bias_checks import TITLES
from analysis.bias.thresholds import CLEAR, FLAGGED
from analysis.tidy import read_table
from app import DISCLAIMER
from app.model.answers import Bias, Card, Data, Estimate, Finding, Probe, Scores
from app.model.served import Served
from benchmarks import protocols, stored
from benchmarks.study.study import BASELINES

SEVERITY = ("roc_auc", "sensitivity", "specificity")
TABLES = ("headline", "scores", "bias", "probes")  # the tables that the service needs


def card(served: Served) -> Card:
    """Return the model card; scores and bias are null, with a note, if the study has not computed these."""
    cell, runtime = served.cell, served.cell.runtime
    architecture, protocol = runtime["architecture"], runtime["protocol"]
    notes = list(served.why_no_factor.values())
    own = scores(served, protocol)
    if own is None:
        notes.append(f"The study {cell.results.name} has no scores under {protocol}.")
    elif protocol == protocols.PUBLISHED:
        notes.append("Its test images have copies in training: the accuracy measures recall of known images.")
    published = None if protocol == protocols.PUBLISHED else scores(served, protocols.PUBLISHED)
    if published is not None:
        notes.append(
            "Accuracy under published is on test images with copies in training; it does not predict new patients."
        )
    about = stored.record(cell.results / "dataset.json")
    return Card(
        architecture=architecture,
        reference=architectures.describe(architecture).reference,
        study=cell.results.name,
        protocol=protocol,
        fold=runtime["fold"],
        variant=runtime["variant"],
        parameters=runtime["parameters"],
        image_size=served.size,
        layer=runtime["cam_layer"],
        classes=served.classes,
        data=Data(**{key: about[key] for key in ("title", "licence", "citation", "generated")}),
        scores=own,
        published=published,
        bias=bias(served),
        out_of_distribution=served.familiar.about(),
        notes=notes,
        disclaimer=DISCLAIMER,
    )


def scores(served: Served, protocol: str) -> Scores | None:
    """Return the scores of the served architecture under `protocol`, None if the study has none."""
    headline = _of(served, "headline", protocol)
    if headline is None:
        return None
    row = headline[headline["architecture"] == served.cell.runtime["architecture"]].iloc[0]
    every = _of(served, "scores", protocol)
    if every is None:
        return None
    own = (every["architecture"] == row["architecture"]) & (every["task"] == "severity") & every["estimate"].notna()
    severity = every[own].set_index("metric")
    accuracy = headline.set_index("architecture")["accuracy"]
    return Scores(
        protocol=protocol,
        accuracy=_estimate(row.rename({"accuracy": "estimate"})),
        n_images=row["n_samples"],
        n_units=row["n_units"],
        unit=row["unit"],
        folds=row["cells"],
        verdict=row["verdict"],
        baselines={name: accuracy[name] for name in BASELINES},
        severity={metric: _estimate(severity.loc[metric]) for metric in SEVERITY if metric in severity.index},
    )


def bias(served: Served) -> Bias | None:
    """Return the verdicts of tables/bias.csv, None if there are none for the cell's protocol."""
    table = _of(served, "bias", served.cell.runtime["protocol"])
    if table is None:
        return None
    table = table[table["architecture"] == served.cell.runtime["architecture"]]
    judged = table["verdict"].isin([FLAGGED, CLEAR]).sum()
    return Bias(
        summary=f"{(table['verdict'] == FLAGGED).sum()} of {judged} verdicts flag it; {len(table) - judged} are not "
        f"evaluable.",
        findings=[Finding(**finding) for finding in _findings(table)],
    )


def probes(served: Served) -> dict[int, tuple[Probe, int]]:
    """Return number -> (probe image, row in the images) for the cell's fold; empty if there are no probe images."""
    table = _of(served, "probes", served.cell.runtime["protocol"])
    if table is None:
        return {}
    table = table[table["fold"] == served.cell.runtime["fold"]]
    return {
        row.probe: (Probe(number=row.probe, label=row.label, fold=row.fold, url=f"/probes/{row.probe}.png"), row.row)
        for row in table.itertuples()
    }


def _of(served: Served, name: str, protocol: str) -> pd.DataFrame | None:
    """Return the rows of a table under `protocol`, None if the served architecture has none."""
    if not (served.cell.results / "tables" / f"{name}.csv").is_file():
        return None
    table = read_table(served.cell.results, name)
    table = table[table["protocol"] == protocol]
    there = len(table) and (
        "architecture" not in table or served.cell.runtime["architecture"] in set(table["architecture"])
    )
    return table if there else None


def _findings(table: pd.DataFrame) -> Iterator[dict]:
    for row in table.to_dict("records"):
        known = {key: None if pd.isna(value) else value for key, value in row.items()}
        yield {key: known[key] for key in Finding.model_fields if key in known} | {"title": TITLES[row["check"]]}


def _estimate(row: pd.Series) -> Estimate:
    low, high = (None if pd.isna(row[key]) else row[key] for key in ("ci_low", "ci_high"))
    return Estimate(estimate=row["estimate"], ci_low=low, ci_high=high)
