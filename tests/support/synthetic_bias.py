"""The tables and maps of the bias checks of a made-up results folder, with every verdict in them."""

import numpy as np
import pandas as pd

from analysis.bias import bias, families, groups
from analysis.bias.thresholds import CLEAR, FLAGGED, NOT_EVALUABLE
from analysis.explanations import changes
from analysis.explanations.gradcam import METHODS
from analysis.explanations.heat import BLIND
from analysis.tidy import read_table

LAYER = "conv2d_1"
EDITS = (
    ("labels", "erase"), ("border", "erase"), ("corners", "erase"), ("background", "swap"), ("lesion", "erase"),
    ("lesion", "move"), ("turned by 90", "turn"), ("side of the breast", "mirror"), ("contrast", "enhance"),
    ("film", "empty_film"), ("labels", "marker_alone"),
)  # fmt: skip
# check, region, effect, verdict; evidence and the rest follow
ROWS = (
    ("heat", "labels", 0.25, FLAGGED),
    ("heat", "border", 0.12, FLAGGED),
    ("heat", "lesion", -0.03, FLAGGED),
    ("pointing", "corners", 0.02, CLEAR),
    ("erase", "labels", 0.01, CLEAR),
    ("erase", "lesion", 0.01, FLAGGED),
    ("blur", "pectoral", None, NOT_EVALUABLE),
    ("swap", "background", 0.3, FLAGGED),
    ("move", "lesion", 0.02, CLEAR),
    ("orientation", "side of the breast", 0.2, FLAGGED),
    ("contrast", "contrast", None, NOT_EVALUABLE),
    ("marker_alone", "labels", 0.0, CLEAR),
    ("empty_film", "film", -0.4, CLEAR),
    ("randomisation", "100%", -0.3, CLEAR),
    ("class_sensitivity", "second class", -0.2, CLEAR),
    ("methods", "score_cam", -0.4, FLAGGED),
    ("folds", "3 cells", 0.2, CLEAR),
    ("deletion", "map", -0.1, CLEAR),
    ("insertion", "map", None, NOT_EVALUABLE),
)
P = {FLAGGED: 0.001, CLEAR: 0.9}  # verdict by the interval alone -> p
LOST = ("heat", "border"), 0.04  # its p: third of four
FIGURE = {"heat": "maps", "pointing": "maps", "methods": "maps", "randomisation": "maps"}
FIGURE |= dict.fromkeys(("class_sensitivity", "folds", "deletion", "insertion"), "maps")


def write_bias(world) -> None:
    """Write probes, maps and the tables of the bias checks for a synthetic_results.World."""
    first = world.sample_table.drop_duplicates("label")
    write_probes(world, first)
    write_maps(world, len(first))
    write_answers(world, first)
    write_checks(world, len(first))
    write_groups(world)
    write_verdicts(world)


def write_probes(world, first: pd.DataFrame) -> None:
    """Of every class one probe that is shown, and one more that is not."""
    rows = []
    for protocol in world.protocols:
        for probe, sample in enumerate([*first.itertuples(), *world.sample_table.tail(1).itertuples()]):
            row = {"protocol": protocol, "probe": probe, "fold": int(probe >= len(first)), "shown": probe < len(first)}
            row |= {"sample": sample.sample, "row": sample.row}
            rows.append(row | {"label": sample.label, "source": sample.source, "patient": sample.patient})
    world.table("probes", rows)


def write_maps(world, n: int) -> None:
    side = world.side
    yy, xx = np.mgrid[:side, :side] / side
    heat = np.stack([np.exp(-((xx - 0.3) ** 2 + (yy - 0.45) ** 2) * 12) for _ in range(n)]).astype(np.float32)
    pictures = np.full((n * len(EDITS), side, side), 90, np.uint8)
    for architecture in world.architectures:
        arrays = {}
        for protocol in world.protocols:
            arrays |= {protocol: heat, f"{protocol}_edits": pictures}
            arrays |= {f"{protocol}_{name}": heat * (name != "randomised") for name in (*METHODS[1:], "randomised")}
        np.savez_compressed(world.results / "cams" / f"{architecture}.npz", **arrays)


def write_answers(world, first: pd.DataFrame) -> None:
    """Every other answer is wrong, every third of low confidence; so is that to the probe that is not shown."""
    rows = []
    samples = [*first.itertuples(), *world.sample_table.tail(1).itertuples()]
    for architecture, protocol in world.pairs():
        for probe, sample in enumerate(samples):
            correct, confident = probe % 2 == 0, probe % 3 > 0
            row = {"architecture": architecture, "protocol": protocol, "probe": probe, "sample": sample.sample}
            row |= {"label": sample.label, "predicted": sample.label if correct else world.classes[0]}
            row |= {"probability": 0.52 if confident else 0.31, "second": world.classes[-1], "confident": confident}
            row |= {"correct": correct, "layer": LAYER}
            row |= {"heat_in_breast": 0.8 - 0.01 * probe, "area_of_breast": 0.45}
            row |= {"heat_in_lesion": 0.05 if world.boxes else "", "area_of_lesion": 0.015 if world.boxes else ""}
            rows.append(row | {"heat_max": 1.5, "note": "" if world.boxes else "not evaluable: no lesion box"})
    world.table("gradcam", rows)


def write_checks(world, n: int) -> None:
    heat, sanity, changed = [], [], []
    edits = [edit for edit in EDITS if world.boxes or edit[0] != "lesion"]
    for architecture, protocol in world.pairs():
        about = {"architecture": architecture, "protocol": protocol}
        for probe in range(n):
            own = about | {"probe": probe}
            heat += [own | {"region": "breast", "map": name, "share": 0.5, "area": 0.45} for name in BLIND]
            for step, value in (("25%", 0.8), ("50%", 0.4), ("75%", 0.2), ("100%", 0.1)):
                sanity.append(own | {"check": "randomisation", "step": step, "value": value})
            for place, (region, edit) in enumerate(edits):
                row = {"region": region, "edit": edit, "area": 0.1, "change": 0.1 * place - 0.2, "flipped": place == 3}
                changed.append(
                    own
                    | row
                    | {"control_change": 0.01, "control_flipped": False, "picture": probe * len(edits) + place}
                )
    world.table("heat", heat)
    world.table("sanity", sanity)
    world.table("interventions", changed)
    changes.summarise(*(read_table(world.results, name) for name in ("interventions", "probes")), 1, 100).to_csv(
        world.results / "tables" / "changes.csv", index=False
    )


def write_groups(world) -> None:
    rows = []
    for architecture, protocol in world.pairs():
        for group, known in (("1", True), ("4", False)):
            row = {"architecture": architecture, "protocol": protocol, "factor": "density", "group": group}
            row |= {"metric": "accuracy", "n_samples": 9, "n_units": 6, "unit": world.unit, "value": 0.2, "rest": 0.5}
            limits = {"difference": -0.3, "ci_low": -0.5, "ci_high": -0.1} if known else {"note": "not evaluable: few"}
            rows.append(row | (limits if world.factors else {"note": "not evaluable: density unknown"}))
    world.table("groups", rows, groups.COLUMNS)


def write_verdicts(world) -> None:
    """Correction leaves every flag but that of the heat on the border."""
    rows = []
    for architecture, protocol in world.pairs():
        about = {"architecture": architecture, "protocol": protocol}
        for check, region, effect, verdict in ROWS:
            known = effect is not None and (world.boxes or region != "lesion")
            figure = f"figures/bias_{FIGURE.get(check, 'changes')}_{architecture}.svg"
            row = about | {"check": check, "region_or_group": region, "evidence": figure, "n": 40 if known else 0}
            if known:
                row |= {"effect": effect, "ci_low": effect - 0.02, "ci_high": effect + 0.02, "null": 0.01}
                row |= {"p": LOST[1] if (check, region) == LOST[0] else P[verdict]}
            reason = "" if known else f"no probe has this region: {region}"
            rows.append(row | {"verdict": verdict if known else NOT_EVALUABLE, "note": reason})
        figure = f"figures/bias_groups_{protocol}.svg"
        row = about | {"check": "groups", "evidence": figure, "n": 6}
        known = {"effect": -0.3, "ci_low": -0.5, "ci_high": -0.1, "null": 0.5, "p": P[FLAGGED], "verdict": FLAGGED}
        unknown = {"verdict": NOT_EVALUABLE, "note": "not evaluable: density unknown"}
        rows.append(row | {"region_or_group": "density 1: accuracy"} | (known if world.factors else unknown))
    skill = pd.Series({pair: world.skill(*pair) for pair in world.pairs()})
    world.table("bias", families.corrected(pd.DataFrame(rows, columns=bias.COLUMNS), skill))
