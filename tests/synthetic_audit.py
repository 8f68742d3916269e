"""The audit's tables of a made-up results folder: every test image under `published` leaks, none under honest ones."""

KINDS = ("shared_patient", "shared_source", "pixel_identical", "near_duplicate")


def write_audit(world) -> None:
    """Write leakage.csv, leakage_pairs.csv and conflicts.csv for a synthetic_results.World."""
    rows, pairs = [], []
    sample_a, sample_b = world.sample_table["sample"].iloc[:2]
    for protocol in world.protocols:
        published = protocol == "published"
        sizes = {"validation": 1526, "test": 42} if published else {"validation": 15, "test": 35}
        for fold in range(1 if published else world.n_folds):
            for part_a, part_b in (("train", "validation"), ("train", "test"), ("validation", "test")):
                for kind in KINDS:
                    n = sizes[part_b] if published else 0
                    n = n // 2 if kind == "pixel_identical" else n
                    known = world.patients or kind != "shared_patient"
                    row = {"protocol": protocol, "fold": fold, "kind": kind, "part_a": part_a, "part_b": part_b}
                    flagged = {"n_flagged": n, "share": n / sizes[part_b]} if known else {"n_flagged": "", "share": ""}
                    rows.append(row | {"n_b": sizes[part_b]} | flagged)
                    if n and known:
                        pair = {"sample_a": sample_a, "sample_b": sample_b, "similarity": 0.93, "mirrored": True}
                        pair |= {"rotation": 30.0, "grey_difference": 20.5, "source_a": "1", "source_b": "2"}
                        pair |= {"transform": "mirrored, turned by 30 degrees, contrast changed"}
                        pairs.append(row | pair | {"label_a": world.classes[0], "label_b": world.classes[1]})
    columns = ["protocol", "fold", "part_a", "part_b", "kind", "sample_a", "sample_b", "similarity", "mirrored"]
    columns += ["rotation", "grey_difference", "transform", "source_a", "source_b", "label_a", "label_b"]
    world.table("leakage", rows)
    world.table("leakage_pairs", pairs, columns)
    suspect = {"sample": sample_b, "column": "label", "value": world.classes[1], "n_agree": 0, "n_disagree": 3}
    suspect |= {"partner": sample_a, "partner_value": world.classes[0], "similarity": 0.9, "transform": "mirrored"}
    world.table("conflicts", [suspect])
