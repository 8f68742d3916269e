"""Check the split of a publication: its parts against the stated sizes and supports, and as folds of a replay."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import datasets
from benchmarks.errors import BadInput
from benchmarks.publications import splits, views
from benchmarks.publications.splits import parts
from benchmarks.study import replayed

SEEDS = 10  # tried where a split states no seed
GENERATED = ("phantom", "planted")  # data sets that need no DATA


def samples_of(content: dict, data: Path | None) -> pd.DataFrame | None:
    """Return the samples of the publication's first data set; None without data. Raises BadInput for other data."""
    own = next(iter(content["data"].values()))
    if own["dataset"] is None or (data is None and own["dataset"] not in GENERATED):
        return None
    return datasets.load({"name": own["dataset"], **own.get("options", {})}, data, 0).samples


def listed(content: dict, samples: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the files that the split divides, in the publication's order: from the data, else from class counts.

    Raises BadInput for samples of other classes.
    """
    own = next(iter(content["data"].values()))
    split = content["split"]
    if split is None:
        return None
    if samples is not None and not split.get("copies"):
        if strange := sorted(set(samples["label"]) ^ set(own["classes"] or samples["label"])):
            raise BadInput(f"data: other classes than in publication.yaml ({', '.join(strange)}); give its own data")
        return splits.listed(samples, own["classes"])
    if own.get("counts") and all(step["files"] not in ("before", "after") for step in split["steps"]):
        labels = np.repeat(own["classes"], own["counts"])
        return pd.DataFrame({"label": labels, "name": [f"{number}" for number in range(len(labels))]})
    return None


def fitting_copies(content: dict, samples: pd.DataFrame | None) -> list[str]:
    """Return which of the possible numbers of copies before the split give the stated counts of the classes."""
    own, copies = next(iter(content["data"].values())), (content["split"] or {}).get("copies")
    if samples is None or not isinstance(copies, list) or not own.get("counts"):
        return []
    before = samples[samples["folder"] == "before"]
    told = []
    for unit, files in (("file", before), ("source", before.drop_duplicates("source"))):
        n = files["label"].value_counts().reindex(own["classes"]).fillna(0).to_numpy()
        fits = [str(one) for one in copies if (n * one == own["counts"]).all()]
        shown = f"{', '.join(fits)} of each {unit}" if fits else f"none of {', '.join(map(str, copies))} of each {unit}"
        told.append(f"copies that give the stated counts: {shown} ({len(files):,} {unit}s before augmentation)")
    return told


def compared(content: dict, files: pd.DataFrame | None, folder: Path) -> tuple[list[str], list[str]]:
    """Return differences between the parts that the split makes of `files` and the stated ones, and what was found."""
    split = content["split"]
    if split is None:
        return [], []
    if files is None:
        return [], ["parts: not compared; give the data by DATA=PATH"]
    seeds = range(SEEDS) if any(step.get("seed", 0) is None for step in split["steps"]) else range(1)
    made = [parts(split, files, seed=seed, folder=folder) for seed in seeds]
    problems: list[str] = []
    told: list[str] = []
    for part, size in split["sizes"].items():
        if size and len(made[0][part]) != size:
            problem = (
                f"split.sizes.{part}: {size} files, but the split of {len(files)} files gives {len(made[0][part])}"
            )
            if split.get("assumed"):
                told.append(f"{problem}, by the assumed split")
            else:
                problems.append(f"{problem}; correct the split, or give other data")
    for number, entry in enumerate(content["figures"]):
        if "support" not in entry or entry.get("classes") or entry["part"] not in made[0] or split.get("assumed"):
            continue
        classes = views.classes_of(content, entry)
        counts = [files["label"].iloc[own[entry["part"]]].value_counts().reindex(classes) for own in made]
        if not any(one.fillna(0).astype(int).tolist() == entry["support"] for one in counts):
            first = ", ".join(f"{n:.0f}" for n in counts[0].fillna(0))
            problem = f"figures.{number}.support: the split gives {first}"
            if len(made) > 1:
                told.append(f"{problem}, and the stated counts with none of {SEEDS} seeds")
            else:
                problems.append(f"{problem}; correct the split, or give other data")
    sizes = ", ".join(f"{part} {len(own):,}" for part, own in made[0].items())
    if not problems:
        told.append(
            f"parts of {len(files):,} files: {sizes}{'' if len(made) == 1 else f' (the same for {SEEDS} seeds)'}"
        )
    return problems, told


def as_folds(content: dict, path: Path, samples: pd.DataFrame | None) -> tuple[list[str], list[str]]:
    """Split `samples` as a replay does, once for each possible number of copies; return problems, and what was found.

    `path` is that of publication.yaml.
    """
    from benchmarks.replays.folds import split

    problems: list[str] = []
    told: list[str] = []
    if samples is None or content["split"] is None:
        return problems, told
    for protocol in replayed.splits(str(path)):
        key = f"split{protocol.removeprefix(str(path)).replace('_', ' of ')}"  # split of copies27
        try:
            folds = split(samples, protocol, 0, 1).merge(samples, on="sample")
        except BadInput as error:
            problems.append(f"{key}: {error}")
            continue
        told.append(f"{key}, as a replay makes it: {'; '.join(_described(folds, sorted(set(samples['label']))))}")
    return problems, told


def _described(folds: pd.DataFrame, classes: list[str]) -> Iterator[str]:
    """Yield sizes of the parts, classes without a file, and test files whose source is in training."""
    own = dict(list(folds.groupby("part")))
    yield ", ".join(f"{part} {len(own[part]):,}" for part in ("train", "validation", "test") if part in own)
    for part, rows in own.items():
        if missing := [name for name in classes if name not in set(rows["label"])]:
            yield f"{part} has no file of {', '.join(missing)}"
    if "source" in folds and folds["source"].notna().all():
        shared = own["test"]["source"].isin(own["train"]["source"]).sum()
        yield f"{shared:,} of {len(own['test']):,} test files have a copy of their source in training"
    else:
        yield "sources are not known, so copies across parts are not counted"
