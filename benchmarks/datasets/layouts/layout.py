"""What a reader of a folder or zip returns, and which of its files are images."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.datasets._dicom import INDEX
from benchmarks.datasets._files import Files, may_be_image
from benchmarks.datasets.layouts.parts import part_of
from benchmarks.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Found:
    """One row an image: columns file (name in the Files), label, and those of a manifest (image_folder.py) or boxes.

    `boxes` holds lists of [x, y, w, h] in fractions of the image's width and height. `layout` and `notes` are those of
    a Dataset (_contract.py).
    """

    table: pd.DataFrame
    layout: str
    notes: tuple[str, ...] = ()


def images_in(files: Files) -> list[str]:
    """Return the names of all images, sorted: files with a suffix that Pillow reads, and DICOM files."""
    names = [name for name in files.under("") if Path(name).name != INDEX]
    return [name for name in names if may_be_image(name) or _maybe_dicom(files, name)]


def _maybe_dicom(files: Files, name: str) -> bool:
    try:
        return files.is_dicom(name)
    except BadInput:
        return True  # the decoding of all images reports the unreadable ones together


def skipped_note(files: Files) -> tuple[str, ...]:
    """Return a note that counts the skipped files by reason; none without such files."""
    skipped = files.skipped()
    by_reason: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        by_reason.setdefault(reason, []).append(name)
    told = "; ".join(f"{len(names)} {reason} ({several(names)})" for reason, names in by_reason.items())
    return (f"{len(skipped)} files were skipped: {told}.",) if skipped else ()


def outer(names: list[str]) -> str:
    """Return the outer folders that hold all of `names`, with a slash at the end; most zips have one.

    The last folders above the images, and a split folder with class folders, are not outer folders.
    """
    around = ""
    while names:
        inside = [name.removeprefix(around).split("/") for name in names]
        if len({path[0] for path in inside}) > 1 or max(map(len, inside)) < 3:
            break
        if part_of(inside[0][0]) and not all(part_of(path[1]) for path in inside):
            break
        around += inside[0][0] + "/"
    return around


def several(names: list[str]) -> str:
    """Return at most three of `names`, and the number of the others."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def spellings(labels: list[str]) -> Iterator[str]:
    """Yield a message for classes that differ in case or in spaces at the ends."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(label.strip().casefold(), []).append(label)
    for names in alike.values():
        if len(names) > 1:
            yield f"classes {', '.join(names)} differ in case or spaces only; give one class one name"
