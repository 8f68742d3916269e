"""A leak-free split of audited images: no group of copies, source or patient is in two parts.

`write_split` writes a CSV manifest that the harness reads (file, label, source, patient, part), and beside it
<name>_copies.csv (file, kept): the copies to drop if one image of each group is enough.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.audit.findings import Audit
from benchmarks.copies.groups import grouped
from benchmarks.copies.registration import SAME_SCAN
from benchmarks.datasets.layouts.parts import PARTS
from benchmarks.errors import BadInput, refuse

SHARES = [0.7, 0.15, 0.15]
COPIES = ("group", "source")  # facts that images of one film share


def check_shares(proportions: list[float]) -> None:
    """Raise BadInput unless `proportions` are three shares that add up to 1, that of train above 0."""
    if min(proportions) < 0 or proportions[0] == 0 or abs(sum(proportions) - 1) > 1e-6:
        raise BadInput(f"--parts {' '.join(map(str, proportions))}: give three shares that add up to 1: 0.7 0.15 0.15")


def write_split(audit: Audit, path: Path, proportions: list[float], seed: int, *, scans: bool = False) -> list[str]:
    """Write the split and the list of copies; return what was done and what could not be balanced, in sentences.

    `proportions` are the shares of train, validation and test. With `scans`, frames of one scan stay in one part.
    Raises BadInput if labels are unknown, or if copies have several labels or patients.
    """
    samples = audit.collection.samples
    if samples["label"].isna().any():
        raise BadInput(f"--write-split: {samples['label'].isna().sum()} images have no label; a split needs labels")
    unmended = [one.message for one in audit.findings if one.code in ("LABEL001", "LABEL002")]
    refuse("--write-split: copies differ in label or patient; correct these first:", unmended)
    group = samples["sample"].map(audit.groups.set_index("sample")["group"])
    table = samples.assign(group=group.astype("Int64"))
    same_scan = audit.pictures.pairs[audit.pictures.pairs["kind"] == SAME_SCAN] if scans else None
    units = _linked(table, [*COPIES, "patient"], same_scan)
    old = table["part"].where(table["part"].isin(PARTS))
    part = split(units, table["label"].to_numpy(str), old.to_numpy(object), proportions, seed)
    source = table.groupby(_linked(table, list(COPIES)))["sample"].transform("first")
    written = table.assign(part=part, source=source, file=[_file(audit, one, path) for one in table.itertuples()])
    columns = ["file", "label", "source", *(["patient"] if table["patient"].notna().all() else []), "part"]
    path.parent.mkdir(parents=True, exist_ok=True)
    written[columns].to_csv(path, index=False)
    members = written.dropna(subset=["group"])
    kept = members.groupby("group")["file"].transform("first")
    drop = members.assign(kept=kept)[members["file"] != kept]
    copies = path.with_name(f"{path.stem}_copies.csv")
    drop[["file", "kept"]].to_csv(copies, index=False)
    notes = [f"Split: {path}", f"Copies to drop: {len(drop):,} ({copies})"]
    if unknown := table["patient"].isna().sum():
        notes.append(f"The patient of {unknown:,} images is unknown: images of one patient may be in two parts")
    return notes + _balance(written, old, units, proportions)


def split(units: np.ndarray, labels: np.ndarray, old: np.ndarray, proportions: list[float], seed: int) -> np.ndarray:
    """Return the part of each image, (N,) of PARTS: all images of a unit in one part.

    `units` int (N,), `labels` (N,), `old` (N,) of PARTS or None. A unit keeps the part of most of its images. Units
    without a part go, the largest first, to the part that lacks most of their labels. Then units move from a part with
    too many images to one with too few, those first that move the fewest images away from their old part, until no part
    is further from its share than the largest unit has images.
    """
    names, of_unit = np.unique(units, return_inverse=True)
    classes, of_class = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(classes)), int)
    np.add.at(counts, (of_unit, of_class), 1)
    before = np.zeros((len(names), len(PARTS)), int)
    for number, part in enumerate(PARTS):
        np.add.at(before[:, number], of_unit[old == part], 1)
    target = np.outer(proportions, counts.sum(axis=0))
    chosen = np.where(before.any(axis=1), before.argmax(axis=1), -1)
    order = np.random.default_rng(seed).permutation(len(names))
    filled = _filled(chosen, counts)
    for unit in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        if chosen[unit] < 0:
            lacks = target - filled
            room = np.where(lacks.sum(axis=1) > 0, lacks @ counts[unit], -np.inf)
            chosen[unit] = int(room.argmax())
            filled[chosen[unit]] += counts[unit]
    _move(chosen, counts, before, target)
    return np.array(PARTS, object)[chosen[of_unit]]


def _filled(chosen: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the images of each part and class so far, (parts, classes)."""
    return np.stack([counts[chosen == number].sum(axis=0) for number in range(len(PARTS))])


def _move(chosen: np.ndarray, counts: np.ndarray, before: np.ndarray, target: np.ndarray) -> None:
    """Move units between parts, in place, until each part is close to its share."""
    sizes = counts.sum(axis=1)
    while True:
        excess = _filled(chosen, counts) - target
        total = excess.sum(axis=1)
        giver, taker = int(total.argmax()), int(total.argmin())
        if max(total[giver], -total[taker]) <= sizes.max():
            return
        # Only a unit smaller than the gap brings both parts closer to their shares.
        units = np.flatnonzero((chosen == giver) & (sizes < total[giver] - total[taker]))
        if not len(units):
            return
        away = before[units, giver] - before[units, taker]
        fit = counts[units] @ (excess[giver] - excess[taker])
        chosen[units[np.lexsort((-fit, away / sizes[units]))[0]]] = taker


def _linked(table: pd.DataFrame, facts: list[str], pairs: pd.DataFrame | None = None) -> np.ndarray:
    """Return the unit of each image, int (N,): images that share one of the `facts`, also by a chain, are one unit.

    So are images of `pairs` (sample_a, sample_b).
    """
    place = pd.Series(range(len(table)), table.index)
    links = []
    for fact in facts:
        known = table[fact].dropna()
        first = place[known.index].groupby(known).transform("first")
        links.append(pd.DataFrame({"a": first, "b": place[known.index]}))
    if pairs is not None:
        number = pd.Series(place.to_numpy(), table["sample"])
        links.append(pd.DataFrame({"a": pairs["sample_a"].map(number), "b": pairs["sample_b"].map(number)}))
    return grouped(len(table), pd.concat(links))


def _file(audit: Audit, image: Any, split_file: Path) -> str:
    """Return the name of an image as a manifest at `split_file` needs it; for a zip, its name inside the zip."""
    root = audit.collection.paths[0]
    if root.is_file() and root.suffix.lower() != ".csv":
        return str(image.sample)
    return Path(os.path.relpath(image.path, start=str(split_file.parent))).as_posix()


def _balance(written: pd.DataFrame, old: pd.Series, units: np.ndarray, proportions: list[float]) -> list[str]:
    """Return sentences on sizes, moved images and classes that a part lacks."""
    n = len(written)
    sizes = written["part"].value_counts()
    shares = ", ".join(f"{part} {sizes.get(part, 0):,} ({sizes.get(part, 0) / n:.1%})" for part in PARTS)
    notes = [f"{n:,} images in {len(set(units)):,} units that can't be divided: {shares}"]
    if old.notna().any():
        moved = int((old.notna() & (old != written["part"])).sum())
        notes.append(f"{moved:,} of {old.notna().sum():,} images are in another part than before")
    per_label = pd.crosstab(written["label"], written["part"])
    for label, counts in per_label.iterrows():
        for part, share in zip(PARTS, proportions, strict=True):
            got = counts.get(part, 0)
            if share and abs(got - share * counts.sum()) > max(1, 0.25 * share * counts.sum()):
                notes.append(
                    f"not balanced: {part} has {got} of {counts.sum()} images of {label}; {share:.0%} asked for"
                )
    return notes
