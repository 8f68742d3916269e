"""Leakage audit of a study: files with a partner in another part of a split, by metadata and by pixels.

Writes into results/<study>/tables (`python -m analysis.leakage --study NAME`)

    leakage.csv         protocol, fold, kind, part_a, part_b, n_b (files of part_b), n_flagged (files of part_b with a
                        partner in part_a), share, code; n_flagged and share are empty if patients or sources are
                        unknown
    leakage_pairs.csv   protocol, fold, part_a, part_b, kind, sample_a, sample_b, similarity, mirrored, rotation,
                        scale, shift, overlap, grey_difference, transform, source_a, source_b, label_a, label_b, code;
                        a row for each file and kind
    conflicts.csv       sample, column, value, n_agree, n_disagree, partner, partner_value, similarity, transform, code:
                        files whose label, source or patient differs from most of their copies

code is that of the finding (codes.yaml, docs/findings).

kind is shared_patient, shared_source, pixel_identical, near_duplicate or same_scan. Near duplicates are found from
pixels alone (benchmarks/copies) and include pixel-identical files; same_scan are two frames of one scan, not copies.
rotation (degrees), scale (zoom), shift (share of the side) and overlap (share of the first image that the second shows)
are measured from the pixels.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.audit.codes import OF_COLUMN, OF_KIND
from analysis.audit.partners import KINDS, SHARED, Pictures, partners
from analysis.predictions import read_folds, read_samples
from analysis.tidy import write_tables
from benchmarks import datasets
from benchmarks.study.study import Study

PAIRS_OF_PARTS = (("train", "validation"), ("train", "test"), ("validation", "test"))
PAIR_COLUMNS = [
    *("protocol", "fold", "part_a", "part_b", "kind", "sample_a", "sample_b", "similarity", "mirrored", "rotation"),
    *("scale", "shift", "overlap", "grey_difference", "transform"),
    *("source_a", "source_b", "label_a", "label_b", "code"),
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
    conflicts = pictures.conflicts(used)
    tables = {
        "leakage": pd.concat([counted(protocol, table, used, pairs) for protocol, table in folds.items()]),
        "leakage_pairs": pairs[PAIR_COLUMNS],
        "conflicts": conflicts.assign(code=conflicts["column"].map(OF_COLUMN)),
    }
    write_tables(study, tables, float_format="%.4g")


def flagged(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame, pictures: Pictures) -> pd.DataFrame:
    """Return the rows of leakage_pairs.csv for one protocol."""
    facts = samples.set_index("sample")
    found = [
        partners(a, b, pictures.pairs).assign(protocol=protocol, fold=fold, part_a=part_a, part_b=part_b)
        for fold, part_a, part_b, a, b in _between(folds, samples)
    ]
    table = pictures.explained(pd.concat(found, ignore_index=True))
    for side in ("a", "b"):
        for column in ("source", "label"):
            table[f"{column}_{side}"] = table[f"sample_{side}"].map(facts[column])
    return table.assign(code=table["kind"].map(OF_KIND))


def counted(protocol: str, folds: pd.DataFrame, samples: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of leakage.csv for one protocol, from the rows of leakage_pairs.csv."""
    counts = pairs[pairs["protocol"] == protocol].value_counts(["fold", "part_a", "part_b", "kind"])
    rows = []
    for fold, part_a, part_b, _, b in _between(folds, samples):
        for kind in KINDS:
            known = kind not in SHARED or samples[SHARED[kind]].notna().all()
            n = counts.get((fold, part_a, part_b, kind), 0) if known else np.nan
            row = {"protocol": protocol, "fold": fold, "kind": kind, "part_a": part_a, "part_b": part_b}
            rows.append(row | {"n_b": len(b), "n_flagged": n, "share": n / len(b), "code": OF_KIND[kind]})
    return pd.DataFrame(rows).astype({"n_flagged": "Int64"})


def _between(folds: pd.DataFrame, samples: pd.DataFrame) -> Iterator[tuple[int, str, str, pd.DataFrame, pd.DataFrame]]:
    """Yield fold, part_a, part_b and the samples of both, for every pair of parts that are not empty."""
    joined = folds.merge(samples, on="sample", validate="m:1")
    for fold, whole in joined.groupby("fold"):
        for part_a, part_b in PAIRS_OF_PARTS:
            a, b = (whole[whole["part"] == part] for part in (part_a, part_b))
            if len(a) and len(b):
                yield fold, part_a, part_b, a, b
