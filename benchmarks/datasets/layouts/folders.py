"""Reader of class folders, alone, inside the folders of a shipped split, or around these.

A folder named train, training, val, valid, validation, dev, test or testing (parts.py) is a split folder and never a
class. What mixes split folders and class folders is refused.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.layout import Found, images_in, outer, several, spellings
from benchmarks.datasets.layouts.parts import PARTS, part_of, split_name
from benchmarks.errors import refuse

Folders = tuple[str, ...]  # of one image, below the outer folders


def from_folders(data: Path, files: Files, how: str) -> Found:
    """Return the images below class folders, with a column `part` if a split is shipped.

    Raises BadInput with every problem; `how` says which layouts there are.
    """
    names = images_in(files)
    around = outer(names)
    folders = {name: tuple(name.removeprefix(around).split("/")[:-1]) for name in names}
    problems: list[str] = []
    notes: list[str] = []
    if loose := [name for name, own in folders.items() if not own]:
        problems.append(f"{len(loose)} images lie outside the class folders ({', '.join(loose[:3])}); {how}")
        folders = {name: own for name, own in folders.items() if own}
    empty = _without_images(files, around, set(folders.values()))
    part_at = next(
        (level for level in (0, 1) if any(part_of("".join(own[level : level + 1])) for own in folders.values())), None
    )
    if part_at is None:
        problems += _of_classes(folders, empty, around)
        notes += _same_inside(folders)
    else:
        problems += _beside_parts(folders, empty) if part_at == 0 else _outside_parts(folders)
        notes += [f"{'/'.join(own)}: no image in this folder." for own in empty]
    refuse(f"{data}:", problems)
    labels = [own[1 if part_at == 0 else 0] for own in folders.values()]
    refuse(f"{data}:", spellings(sorted(set(labels))))
    table = pd.DataFrame({"file": names, "label": labels}, dtype="string")
    if part_at is None:
        return Found(table, "class folders", tuple(notes))
    named = {own[part_at]: part_of(own[part_at]) for own in folders.values()}
    table["part"] = pd.array([named[own[part_at]] for own in folders.values()], dtype="string")
    shown = ", ".join(sorted(named, key=lambda name: (PARTS.index(named[name]), name)))
    layout = (
        f"class folders inside split folders {shown}" if part_at == 0 else f"split folders {shown} inside class folders"
    )
    return Found(table, layout, (*notes, *_missing(table)))


def _without_images(files: Files, around: str, held: set[Folders]) -> list[Folders]:
    """Return the folders without an image, at most two levels below the outer folders."""
    full = {own[:level] for own in held for level in (1, 2)}
    inside = [name.removeprefix(around) for name in files.folders(around.count("/") + 2) if name.startswith(around)]
    return [own for own in (tuple(name.split("/")) for name in inside) if own not in full]


def _beside_parts(folders: dict[str, Folders], empty: list[Folders]) -> Iterator[str]:
    """Yield a message for each problem of class folders inside split folders."""
    first = sorted({own[0] for own in folders.values()})
    parts = [name for name in first if part_of(name)]
    if others := [name for name in first if not part_of(name)]:
        yield (
            f"split folders ({several(parts)}) lie beside other folders ({several(others)}); put the class folders "
            "into the split folders, or remove the other folders"
        )
    for part in parts:
        n = sum(own == (part,) for own in folders.values())
        if n:
            yield (
                f"{part}: named like a part of a split, but {n} of its images lie in no class folder; put them into "
                f"class folders ({part}/CLASS), or name their classes in a CSV manifest with a column part"
            )
    inner = {"/".join(own[:2]) for own in folders.values() if part_of(own[0]) and part_of("".join(own[1:2]))}
    yield from (f"{name}: a split folder inside a split folder; keep one of them" for name in sorted(inner))
    yield from (f"{own[0]}: no image in this split folder" for own in empty if len(own) == 1 and part_of(own[0]))


def _outside_parts(folders: dict[str, Folders]) -> Iterator[str]:
    """Yield a message for each class folder with images outside its split folders."""
    for label in sorted({own[0] for own in folders.values()}):
        inside = [part_of("".join(own[1:2])) for own in folders.values() if own[0] == label]
        if n := inside.count(None):
            yield (
                f"{label}: {n} of its {len(inside)} images lie outside folders named like parts of a split, which "
                "other images have; put each image into a split folder, or remove these folders"
            )


def _of_classes(folders: dict[str, Folders], empty: list[Folders], around: str) -> Iterator[str]:
    """Yield a message for each class folder without an image or with a part in its name."""
    for own in empty:
        if len(own) == 1:
            yield f"{around}{own[0]}: no image in this class folder; add images, or remove the folder"
    first = sorted({own[0] for own in folders.values()})
    of_class: dict[str, list[str]] = {}
    for name in first:
        if split_name(name)[0]:
            of_class.setdefault(split_name(name)[1], []).append(name)
    for names in of_class.values():
        if len({split_name(name)[0] for name in names}) > 1:
            yield (
                f"{several(names)}: one class in several parts of a split; use a folder for the part and one for the "
                "class (train/CLASS, test/CLASS)"
            )


def _same_inside(folders: dict[str, Folders]) -> Iterator[str]:
    """Yield a note if all class folders hold the same folders, which may be the classes."""
    inside: dict[str, set[str]] = {}
    for own in folders.values():
        inside.setdefault(own[0], set()).update(own[1:2])
    shared = set.intersection(*inside.values()) if inside else set()
    if len(shared) > 1 and all(own == shared for own in inside.values()):
        yield (
            f"All {len(inside)} class folders ({several(sorted(inside))}) hold the same folders "
            f"({several(sorted(shared))}). If these are the classes, use a CSV manifest."
        )


def _missing(table: pd.DataFrame) -> Iterator[str]:
    """Yield a note for each part without images of a class."""
    for part, own in table.groupby("part"):
        if missing := sorted(set(table["label"]) - set(own["label"])):
            yield f"The {part} part has no image of {several(missing)}."
