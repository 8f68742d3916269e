"""The audit's tables of a made-up results folder: every test image under `published` leaks, none under honest ones."""

import numpy as np

from analysis.audit import shortcuts
from analysis.claims import claims
from analysis.explanations import heatmaps

KINDS = ("shared_patient", "shared_source", "pixel_identical", "near_duplicate", "same_scan")


def write_audit(world) -> None:
    """Write the tables of leakage, shortcuts, claims and heat maps for a synthetic_results.World."""
    write_leakage(world)
    write_claims(world)
    write_heatmaps(world)
    write_shortcuts(world)


def write_leakage(world) -> None:
    rows, pairs = [], []
    sample_a, sample_b = world.sample_table["sample"].iloc[:2]
    for protocol in world.protocols:
        published = protocol == "published"
        sizes = {"validation": 1526, "test": 42} if published else {"validation": 15, "test": 35}
        for fold in range(1 if published else world.n_folds):
            for part_a, part_b in (("train", "validation"), ("train", "test"), ("validation", "test")):
                for kind in KINDS:
                    n = sizes[part_b] if published else 0
                    n = n // 2 if kind == "pixel_identical" else 0 if kind == "same_scan" else n
                    known = world.patients or kind != "shared_patient"
                    row = {"protocol": protocol, "fold": fold, "kind": kind, "part_a": part_a, "part_b": part_b}
                    flagged = {"n_flagged": n, "share": n / sizes[part_b]} if known else {"n_flagged": "", "share": ""}
                    rows.append(row | {"n_b": sizes[part_b]} | flagged)
                    if n and known:
                        pair = {"sample_a": sample_a, "sample_b": sample_b, "similarity": 0.93, "mirrored": True}
                        pair |= {"rotation": 30.0, "scale": 1.0, "shift": 0.0, "overlap": 1.0}
                        pair |= {"grey_difference": 20.5, "source_a": "1", "source_b": "2"}
                        pair |= {"transform": "mirrored, turned by 30 degrees, contrast changed"}
                        pairs.append(row | pair | {"label_a": world.classes[0], "label_b": world.classes[1]})
    columns = ["protocol", "fold", "part_a", "part_b", "kind", "sample_a", "sample_b", "similarity", "mirrored"]
    columns += ["rotation", "scale", "shift", "overlap", "grey_difference", "transform"]
    columns += ["source_a", "source_b", "label_a", "label_b"]
    world.table("leakage", rows)
    world.table("leakage_pairs", pairs, columns)
    suspect = {"sample": sample_b, "column": "label", "value": world.classes[1], "n_agree": 0, "n_disagree": 3}
    suspect |= {"partner": sample_a, "partner_value": world.classes[0], "similarity": 0.9, "transform": "mirrored"}
    world.table("conflicts", [suspect | {"code": "LABEL001"}])


def write_claims(world) -> None:
    rows = [
        {"id": "accuracy-98", "kind": "claim", "statement": "Accuracy of up to 98 %.", "stated": "README"}
        | {"metric": "test_accuracy", "published_value": 0.98, "replayed_value": 0.97, "replayed_low": 0.9}
        | {"replayed_high": 1.0, "replayed_on": "this study", "by_patient_value": 0.2, "by_patient_low": 0.1}
        | {"by_patient_high": 0.3, "verdict": claims.ONLY_WITH_LEAKAGE, "reason": "copies & more"}
        | {"evidence": "tables/scores.csv"},
        {"id": "grad-cam", "kind": "claim", "statement": "Grad-CAM confirmed it.", "stated": "README"}
        | {
            "metric": "heat map",
            "verdict": claims.CONTRADICTED,
            "reason": "same map",
            "evidence": "tables/heatmaps.csv",
        },
    ]
    world.table("claims", rows if world.judged else [], claims.COLUMNS)


def write_heatmaps(world) -> None:
    rows = []
    shape = (10, 10)
    for architecture in world.architectures if "published" in world.protocols else []:
        maps = {"image": np.full(shape, 90.0, np.float32)}
        for method in heatmaps.METHODS:
            maps |= {f"{method}_{what}": np.eye(10, dtype=np.float32) for what in ("first", "second", "shuffled")}
            for comparison in (heatmaps.CLASSES, heatmaps.CLASSIFIER):
                changed = float(method == heatmaps.GRADCAM)
                row = {"architecture": architecture, "method": method, "comparison": comparison, "n_probes": 8}
                row |= {"n_units": 8, "unit": "patients", "difference": changed, "ci_low": changed, "ci_high": changed}
                rows.append(row | {"correlation": 1 - changed, "unchanged": int(8 - 8 * changed)})
        np.savez_compressed(world.results / "cams" / f"{architecture}_heatmaps.npz", **maps)
    world.table("heatmaps", rows, heatmaps.COLUMNS)


def write_shortcuts(world) -> None:
    rows = []
    for probe in ("background", "orientation", "outside"):
        for protocol in ("published", "by_patient"):
            for task, metric, chance in (("class8", "accuracy", 0.3), ("severity", "roc_auc_within", 0.5)):
                row = {"probe": probe, "task": task, "protocol": protocol, "metric": metric, "estimate": 0.8}
                row |= {"ci_low": 0.7, "ci_high": 0.9, "chance": chance, "verdict": shortcuts.SHORTCUT}
                rows.append(row | {"n_samples": 1526, "n_units": 50, "unit": world.unit})
    rows.append({"probe": "file_size", "task": "all", "protocol": "published", "verdict": "not evaluable: generated"})
    world.table("shortcuts", rows, shortcuts.COLUMNS)
