"""Images to audit, read from one path or two, and what is known of each: label, patient, source, part."""

import dataclasses
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.datasets import image_folder
from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.layout import images_in, outer
from benchmarks.datasets.layouts.manifest import manifests_in
from benchmarks.datasets.layouts.parts import PARTS, part_of
from benchmarks.errors import BadInput

OPTIONS = image_folder.OPTIONS | {"without_boxes": "no box"}  # images of a detection set without a box are audited, too
FACTS = ("label", "patient", "source", "part")


@dataclasses.dataclass(frozen=True)
class Collection:
    """Images of the audit.

    `base` is the folder that the names of images start from. `samples` has one row an image: sample (its name), path
    (to show and to open) and FACTS, None where unknown. `read(sample)` decodes an image, uint8 (H, W), and raises
    BadInput for a damaged file. `layouts` says how each path was understood, `notes` what was left out or assumed.
    """

    paths: tuple[Path, ...]
    base: Path
    samples: pd.DataFrame
    read: Callable[[str], np.ndarray]
    layouts: list[str]
    notes: list[str]

    def known(self, fact: str) -> bool:
        """Return whether one of FACTS is known of any image."""
        return bool(self.samples[fact].notna().any())

    @property
    def parts(self) -> list[str]:
        """Names of the parts, training first."""
        found = set(self.samples["part"].dropna())
        return [part for part in PARTS if part in found] + sorted(found.difference(PARTS))


@dataclasses.dataclass(frozen=True)
class _Read:
    """What one path holds: `table` has the columns file and FACTS; `read(row)` decodes an image."""

    root: Path
    table: pd.DataFrame
    read: Callable[[int], np.ndarray]
    layout: str
    notes: tuple[str, ...]


def collect(paths: Sequence[Path]) -> Collection:
    """Read one path, or two as training and test part. Raises BadInput if a path is missing or has no images."""
    for inside, around in itertools.permutations(paths, 2):
        if inside.resolve().is_relative_to(around.resolve()):
            raise BadInput(
                f"{inside} lies inside {around}: each of its images is its own copy; pass two separate paths"
            )
    found: list[_Read] = [_read(path) for path in paths]
    base = Path(os.path.commonpath([path.resolve().parent for path in paths]))
    tables = []
    for path, one, part in zip(paths, found, ("train", "test"), strict=False):
        table = one.table.assign(path=[str(one.root / file) for file in one.table["file"]], sample=one.table["file"])
        if len(paths) > 1:
            start = path.resolve().relative_to(base).as_posix()
            table = table.assign(sample=[f"{start}/{file}" for file in table["file"]], part=part)
        tables.append(table)
    samples = pd.concat(tables, ignore_index=True)
    place = {name: place for place, name in enumerate(samples["sample"])}
    first = len(found[0].table)

    def read(name: str) -> np.ndarray:
        row = place[name]
        return found[0].read(row) if row < first else found[1].read(row - first)

    return Collection(
        paths=tuple(paths),
        base=base,
        samples=samples[["sample", "path", *FACTS]],
        read=read,
        layouts=[one.layout for one in found],
        notes=[f"{one.root}: {note}" if len(paths) > 1 else note for one in found for note in one.notes],
    )


def _read(path: Path) -> _Read:
    try:
        dataset = image_folder.read(OPTIONS, path, consistent=False)
    except BadInput as error:
        if not path.exists() or image_folder.is_manifest(path) or manifests_in(Files(path)):
            raise
        return _without_classes(path, error)
    samples = dataset.samples
    table = samples[["file", "label", "patient", "source"]].assign(part=samples.get("official_part"))
    notes = (*dataset.notes, *_others(path, set(table["file"])))
    return _Read(image_folder.files_of(path).root, _nullable(table), dataset.native, dataset.layout, notes)


def _others(path: Path, read: set[str]) -> Iterator[str]:
    """Yield a note that counts the files of a folder or zip which are not among the images `read`, by suffix."""
    if image_folder.is_manifest(path) or path.suffix.lower() == ".npz":
        return  # its folder may hold anything, and an archive of arrays holds no other files
    files = Files(path)
    others = sorted(set(files.under("")) - read - set(manifests_in(files)))
    counts = Counter(Path(name).suffix.lower() or "without a suffix" for name in others)
    if others:
        told = ", ".join(f"{n:,} {suffix}" for suffix, n in counts.most_common())
        number = "1 file is" if len(others) == 1 else f"{len(others):,} files are"
        yield f"{number} not among the images read: {told}, such as {others[0]}."


def _without_classes(path: Path, error: BadInput) -> _Read:
    """Return all images below `path`, of which at most the part is known, because it has no layout with classes."""
    files = Files(path)
    names = images_in(files)
    if not names:
        raise error
    around = outer(names)
    parts = [part_of(name.removeprefix(around).split("/")[0]) if "/" in name else None for name in names]
    table = pd.DataFrame({"file": names, **dict.fromkeys(FACTS)}).assign(part=parts)
    note = f"No classes were recognised, so labels and patients are unknown: {' '.join(str(error).split())}"
    return _Read(path, _nullable(table), lambda row: files.image(names[row]), "images without classes", (note,))


def _nullable(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with plain text, and None for each missing value."""
    plain = table.astype(object)
    return plain.where(plain.notna(), None).reset_index(drop=True)
