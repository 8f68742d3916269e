"""The card of the served cell, from the tables of its study."""

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
LIMITS = ("effect", "ci_low", "ci_high")
TABLES = ("headline", "scores", "bias", "probes")  # the rest of a study's tables are not needed


def card(served: Served) -> Card:
    """The card; scores and bias are null, and a note says so, where the study has not come to them."""
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
        notes.append("Accuracy under published is of test images with copies in training; it is no forecast.")
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
    """The scores of the served architecture under `protocol`; None if the study has none."""
    headline = _of(served, "headline", protocol)
    if headline is None:
        return None
    row = headline[headline["architecture"] == served.cell.runtime["architecture"]].iloc[0]
    every = _of(served, "scores", protocol)
    severity = every[
        (every["architecture"] == row["architecture"]) & (every["task"] == "severity") & every["estimate"].notna()
    ].set_index("metric")
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
    """What tables/bias.csv says; None if the study has none of the cell's protocol."""
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
    """The probes of the cell's fold by their number, each with its row in the images; none if none were chosen."""
    table = _of(served, "probes", served.cell.runtime["protocol"])
    if table is None:
        return {}
    table = table[table["fold"] == served.cell.runtime["fold"]]
    return {
        row.probe: (Probe(number=row.probe, label=row.label, fold=row.fold, url=f"/probes/{row.probe}.png"), row.row)
        for row in table.itertuples()
    }


def _of(served: Served, name: str, protocol: str) -> pd.DataFrame | None:
    """The rows of a table under `protocol` if it has any of the served architecture."""
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
    return Estimate(**{key: None if pd.isna(row[key]) else row[key] for key in ("estimate", "ci_low", "ci_high")})
