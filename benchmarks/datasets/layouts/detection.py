"""Detection sets: one class an image, from the classes of its boxes.

If the classes are named benign and malignant (or likewise, as cancer or normal), the class of an image is that of
its most malignant box. Otherwise it is the class of most of its boxes. Ties are decided by the number of boxes, then by
the order of the classes in the set. Images without a box are left out unless the option `without_boxes` names their
class.
"""

import dataclasses
import re
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmarks.datasets.layouts.layout import Found, several, spellings
from benchmarks.datasets.layouts.parts import PARTS
from benchmarks.errors import BadInput, refuse

MALIGNANT = {"malignant", "malignancy", "malign", "cancer", "cancerous", "carcinoma"}
BENIGN = {"benign"}
NORMAL = {"normal", "healthy", "negative", "background", "none"}
NEGATIONS = {"no", "non", "not", "without"}


@dataclasses.dataclass(frozen=True)
class Marked:
    """One image: name in the Files, part of the shipped split, and its boxes.

    A box is the name of its class with [x, y, w, h] in fractions of the image's width and height.
    """

    file: str
    part: str | None
    boxes: list[tuple[str, list[float]]]


@dataclasses.dataclass(frozen=True)
class DetectionSet:
    """All images of a set, its classes in order, the layout in words, notes and problems."""

    images: list[Marked]
    classes: list[str]
    layout: str
    notes: list[str]
    problems: list[str]


def by_boxes(marked: DetectionSet, without_boxes: str, data: Path) -> Found:
    """Return the images with the class that the rule gives them. Raises BadInput with every problem of the set."""
    images = sorted(marked.images, key=lambda image: image.file)
    files = [image.file for image in images]
    twice = sorted(file for file, times in Counter(files).items() if times > 1)
    problems = marked.problems + [f"{file}: listed twice; keep one entry" for file in twice]
    refuse(f"{data}:", problems)
    kept = [image for image in images if image.boxes or without_boxes]
    if not kept:
        raise BadInput(f"{data}: {marked.layout}, but none of its {len(images)} images has a box")
    used = {name for image in kept for name, _ in image.boxes}
    classes = [name for name in marked.classes if name in used]  # exports name classes without boxes, too
    labels = [class_of([name for name, _ in image.boxes], classes) or without_boxes for image in kept]
    refuse(f"{data}:", spellings(sorted(set(labels))))
    table = pd.DataFrame({"file": [image.file for image in kept], "label": labels}, dtype="string")
    table["boxes"] = [[box for _, box in image.boxes] for image in kept]
    notes = [*marked.notes, *_notes(images, classes, without_boxes)]
    layout = marked.layout
    if any(image.part for image in kept):
        table["part"] = pd.array([image.part for image in kept], dtype="string")
        shipped = [part for part in PARTS if (table["part"] == part).any()]
        layout += f" with the parts {', '.join(shipped)}"
        if n := table["part"].isna().sum():
            notes.append(f"{n} images are in no part of the split.")
    return Found(table, layout, tuple(notes))


def _notes(images: list[Marked], classes: list[str], without_boxes: str) -> list[str]:
    ranked = bool(severities(classes))
    rule = "its most malignant box" if ranked else "most of its boxes, on ties the first in the order of the classes"
    mixed = sum(len({name for name, _ in image.boxes}) > 1 for image in images)
    notes = [f"The class of an image is that of {rule}; {mixed} images have boxes of several classes."]
    if without := sum(not image.boxes for image in images):
        told = f"have the class {without_boxes}" if without_boxes else "were left out (option without_boxes: CLASS)"
        notes.append(f"{without} images without a box {told}.")
    return notes


def class_of(names: list[str], classes: list[str]) -> str:
    """Return the class of an image from the class names of its boxes, by the rule above; empty without boxes."""
    ranks = severities(classes) or dict.fromkeys(classes, 0)
    counts = Counter(name for name in names if ranks[name] == max(map(ranks.__getitem__, names)))
    return min(counts, key=lambda name: (-counts[name], classes.index(name)), default="")


def severities(classes: list[str]) -> dict[str, int]:
    """Return class -> 0 normal, 1 unknown, 2 benign, 3 malignant; empty unless the names tell malignant from others."""
    ranks = {name: _severity(name) for name in classes}
    return ranks if 3 in ranks.values() and {0, 2} & set(ranks.values()) else {}


def _severity(name: str) -> int:
    words = set(re.split(r"[^a-z]+", name.casefold()))
    if words & MALIGNANT:
        return 2 if words & NEGATIONS else 3
    return 2 if words & BENIGN else 0 if words & NORMAL else 1


def clipped(x: float, y: float, w: float, h: float) -> list[float] | None:
    """Return a box in fractions, clipped at the edges of the image; None if nothing is left."""
    left, top, right, bottom = max(x, 0.0), max(y, 0.0), min(x + w, 1.0), min(y + h, 1.0)
    return [left, top, right - left, bottom - top] if right > left and bottom > top else None


def left_out(names: list[str], why: str) -> list[str]:
    """Return the note that `names` were left out, if there are any."""
    return [f"{len(names)} images were left out, as {why} ({several(names)})."] if names else []
