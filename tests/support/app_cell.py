"""A small study with a trained cell and the tables that the service shows, for tests of app/."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis.explanations.probes import choose_probes
from benchmarks.cells.cell import Cell
from benchmarks.cells.training import train_cell
from benchmarks.samples import samples
from benchmarks.samples.folds import make_folds
from benchmarks.study.study import load_study

STUDY = {
    "description": "Small enough to train in seconds.",
    "seed": 3,
    "dataset": {"name": "phantom", "patients": 40, "side": 64},
    "image_size": 32,
    "embedding": {"views": [{"image_size": 64}]},  # large enough for the search for copies
    "protocols": ["by_patient"],
    "folds": 2,
    "training": {"epochs": 4, "patience": 2},
    "search": {"trials": 1},
    "architectures": {"simple": {"filters": [4, 4]}},
}
HEADLINE = """\
architecture,protocol,accuracy,ci_low,ci_high,n_samples,n_units,unit,majority_accuracy,verdict,skill,cells
simple,published,0.9,0.8,1.0,10,7,patients,0.4,beats majority,yes,1
majority,published,0.4,0.3,0.5,10,7,patients,0.4,baseline,baseline,1
stratified,published,0.2,0.1,0.3,10,7,patients,0.4,baseline,baseline,1
thumbnail_logistic,published,0.6,0.5,0.7,10,7,patients,0.4,baseline,baseline,1
imagenet_logistic,published,0.7,0.6,0.8,10,7,patients,0.4,baseline,baseline,1
simple,by_patient,0.25,0.15,0.35,80,40,patients,0.3,does not beat majority,yes,2
majority,by_patient,0.3,0.2,0.4,80,40,patients,0.3,baseline,baseline,2
stratified,by_patient,0.1,0.05,0.2,80,40,patients,0.3,baseline,baseline,2
thumbnail_logistic,by_patient,0.2,0.1,0.3,80,40,patients,0.3,baseline,baseline,2
imagenet_logistic,by_patient,0.35,0.25,0.45,80,40,patients,0.3,baseline,baseline,2
"""
SCORES = """\
architecture,protocol,task,metric,estimate,n_samples,n_units,ci_low,ci_high,note
simple,published,severity,roc_auc_within,0.95,10,7,0.9,1.0,
simple,by_patient,severity,roc_auc_within,0.62,80,40,0.52,0.72,
simple,by_patient,severity,sensitivity,0.5,80,40,,,
simple,by_patient,severity,specificity,,80,40,,,no benign image
"""
BIAS = """\
architecture,protocol,check,region_or_group,effect,ci_low,ci_high,null,n,family,p,q,verdict,evidence,note
simple,by_patient,heat,border,0.2,0.1,0.3,0.1,40,misplaced,0.0001,0.0002,flagged,figures/a.svg,
simple,by_patient,heat,corners,0.01,-0.1,0.1,0.1,40,misplaced,0.4,0.4,clear,figures/a.svg,
simple,by_patient,erase,background,,,,,0,leans,,,not evaluable,figures/a.svg,one background
"""


def train(place: Path, data: Path | None = None) -> Path:
    """Train the cell below `place`, on phantoms or on a folder `data` of images; return its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        own = STUDY if data is None else STUDY | {"dataset": {"name": "image_folder"}}
        (place / "small.yaml").write_text(yaml.safe_dump(own))
        study = load_study("small.yaml", data and str(data))
        results = study.results()
        samples.write_samples(study, results)
        for name in ("folds", "tables"):
            (results / name).mkdir()
        table = pd.read_parquet(results / "samples.parquet")
        folds = make_folds("by_patient", table, study)
        folds.to_parquet(results / "folds" / "by_patient.parquet")
        cell = Cell(study, "simple", "by_patient", 0)
        train_cell(cell, threads=1)
        probes = choose_probes(folds, table, per_class=1, measured=12, seed=study.seed)
        probes.assign(protocol="by_patient").to_csv(results / "tables" / "probes.csv", index=False)
        for name, text in {"headline": HEADLINE, "scores": SCORES, "bias": BIAS}.items():
            (results / "tables" / f"{name}.csv").write_text(text)
        (results / "provenance.json").write_text(json.dumps({"finished": "2026-01-01T00:00:00+00:00"}))
        return (place / cell.folder).resolve()
