"""Leakage audit: what one part of a split knows of another, from the facts of its files and from their pixels alone.

`python -m analysis.leakage` calls it. The study's audit writes into results/<study>/tables/

    leakage.csv         protocol, fold, kind, part_a, part_b, n_b (files of part_b), n_flagged (those with a partner in
                        part_a), share; the last two empty where the data set doesn't know patients or sources
    leakage_pairs.csv   protocol, fold, part_a, part_b, kind, sample_a, sample_b, similarity, mirrored, rotation,
                        grey_difference, transform, source_a, source_b, label_a, label_b; a row a flagged file, kind
    conflicts.csv       sample, column, value, n_agree, n_disagree, partner, partner_value, similarity, transform: files
                        that disagree with their own copies on label, source or patient

kind is shared_patient, shared_source, pixel_identical or near_duplicate. A near duplicate is found without a look at
names (analysis/audit/copies.py); pixel-identical files are among them.
"""

from collections.abc import Iterator

import pandas as pd

from analysis.audit.partners import KINDS, SHARED, Pictures, conflicts, partners
from analysis.predictions import read_folds, read_samples
from benchmarks import datasets
from benchmarks.study.study import Study

PAIRS_OF_PARTS = (("train", "validation"), ("train", "test"), ("validation", "test"))
PAIR_COLUMNS = [
    *("protocol", "fold", "part_a", "part_b", "kind", "sample_a", "sample_b", "similarity", "mirrored", "rotation"),
    *("grey_difference", "transform", "source_a", "source_b", "label_a", "label_b"),
]


def audit(study: Study) -> None:
    """Write the leakage tables of `study`. Raises BadInput if its samples, folds or data are missing."""
    samples = read_samples(study)
    folds = {protocol: read_folds(study, protocol) for protocol in study.protocols}
    used = samples[samples["sample"].isin(pd.concat(folds.values())["sample"])]
    dataset = datasets.load(study.dataset, study.data, study.seed)
    rows = used.set_index("sample")["row"]
    pictures = Pictures(used["sample"].tolist(), lambda sample: dataset.native(rows[sample]))
    pairs = pd.concat([flagged(protocol, table, used, pictures) for protocol, table in folds.items()])
    tables = {
        "leakage": pd.concat([counted(protocol, table, used, pairs) for protocol, table in folds.items()]),
        "leakage_pairs": pairs[PAIR_COLUMNS],
        "conflicts": mixed_up(used, pictures),
    }
    folder = study.results() / "tables"
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.4g")


def flagged(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame, pictures: Pictures) -> pd.DataFrame:
    """The rows of leakage_pairs.csv for one protocol."""
    facts = samples.set_index("sample")
    found = [
        partners(a, b, pictures.pairs).assign(protocol=protocol, fold=fold, part_a=part_a, part_b=part_b)
        for fold, part_a, part_b, a, b in _between(folds, samples)
    ]
    table = pictures.explained(pd.concat(found, ignore_index=True))
    for side in ("a", "b"):
        for column in ("source", "label"):
            table[f"{column}_{side}"] = table[f"sample_{side}"].map(facts[column])
    return table


def counted(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The rows of leakage.csv for one protocol, from the rows of leakage_pairs.csv."""
    pairs = pairs[pairs["protocol"] == protocol]
    rows = []
    for fold, part_a, part_b, _, b in _between(folds, samples):
        for kind in KINDS:
            own = (pairs[["fold", "part_a", "part_b", "kind"]] == [fold, part_a, part_b, kind]).all(axis=1)
            known = kind not in SHARED or samples[SHARED[kind]].notna().all()
            n_flagged = int(own.sum()) if known else None
            row = {"protocol": protocol, "fold": fold, "kind": kind, "part_a": part_a, "part_b": part_b}
            rows.append(row | {"n_b": len(b), "n_flagged": n_flagged, "share": n_flagged / len(b) if known else None})
    return pd.DataFrame(rows).astype({"n_flagged": "Int64"})


def mixed_up(samples: pd.DataFrame, pictures: Pictures) -> pd.DataFrame:
    """The rows of conflicts.csv."""
    suspects = conflicts(samples, pictures.pairs)
    pairs = suspects.rename(columns={"sample": "sample_b", "partner": "sample_a"})
    table = suspects.assign(transform=pictures.explained(pairs)["transform"])
    return table.drop(columns="mirrored")


def _between(folds: pd.DataFrame, samples: pd.DataFrame) -> Iterator[tuple[int, str, str, pd.DataFrame, pd.DataFrame]]:
    """Fold, part_a, part_b and the samples of both, for every pair of parts that hold something."""
    joined = folds.merge(samples, on="sample", validate="m:1")
    for fold, whole in joined.groupby("fold"):
        for part_a, part_b in PAIRS_OF_PARTS:
            a, b = (whole[whole["part"] == part] for part in (part_a, part_b))
            if len(a) and len(b):
                yield fold, part_a, part_b, a, b
