"""Reader of YOLO detection sets: data.yaml (or classes.txt, obj.names), and a text file of boxes for each image.

The boxes of images/train/a.png are in labels/train/a.txt, those of train/images/a.png in train/labels/a.txt, and
without a folder `images` in a.txt beside the image. A line is the number of a class, then the centre's x and y, width
and height in fractions of the image, or the corners of a polygon. The part of an image is the one that a folder names,
else the one whose path in data.yaml holds the image.
"""

import posixpath
from collections.abc import Iterator
from typing import Any

from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.detection import DetectionSet, Marked, clipped, left_out
from benchmarks.datasets.layouts.layout import images_in
from benchmarks.datasets.layouts.parts import part_in
from benchmarks.errors import BadInput, told
from benchmarks.yaml_file import parse_yaml

SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
LISTS = ("classes.txt", "obj.names")  # one class a line
KEYS = {"train": "train", "val": "validation", "valid": "validation", "test": "test"}  # of data.yaml -> part
TOLERANCE = 0.01  # of fractions outside 0..1, by rounding


def read_yolo(files: Files) -> DetectionSet | None:
    """Return the set, None if no file names its classes or no image has a file of boxes."""
    names = files.under("")
    shallow = sorted(names, key=lambda name: (name.count("/"), name))
    about = next((name for name in shallow if posixpath.basename(name) in (*SETTINGS, *LISTS)), None)
    if about is None or not (images := images_in(files)):
        return None
    inside = [name for name in images if "images" in name.split("/")[:-1]] or images
    texts = {name: _text_of(name) for name in inside}
    if not set(texts.values()) & set(names):
        return None
    settings = _settings(files, about)
    classes = _classes(settings, about)
    problems: list[str] = []
    marked = []
    for name, text in texts.items():
        boxes = list(_boxes(files, text, classes, problems)) if text in files else []
        marked.append(Marked(name, _part(name, about, settings, problems), boxes))
    notes = left_out([name for name in images if name not in texts], "they lie outside the folders images")
    layout = f"YOLO detection set ({about})"
    return DetectionSet(marked, list(dict.fromkeys(classes.values())), layout, notes, problems)


def _text_of(name: str) -> str:
    """Return the name of the file with the boxes of an image: that of the last folder `images`, named labels."""
    *folders, file = posixpath.splitext(name)[0].split("/")
    if "images" in folders:
        folders[len(folders) - 1 - folders[::-1].index("images")] = "labels"
    return "/".join([*folders, f"{file}.txt"])


def _settings(files: Files, about: str) -> dict[str, Any]:
    with told(f"{about}: not UTF-8"):
        text = files.content(about).decode("utf-8-sig")
    if posixpath.basename(about) in LISTS:
        return {"names": [line.strip() for line in text.splitlines() if line.strip()]}
    settings = parse_yaml(text, f"{about}: not a readable YAML file")
    return settings if isinstance(settings, dict) else {}


def _classes(settings: dict[str, Any], about: str) -> dict[int, str]:
    """Return number -> class. Raises BadInput if the set does not name its classes."""
    names = settings.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(str(number).isdigit() for number in names):
        raise BadInput(f"{about}: names the classes of no number; add names: [CLASS, ...]")
    return {int(number): str(name) for number, name in names.items()}


def _part(name: str, about: str, settings: dict[str, Any], problems: list[str]) -> str | None:
    """Return the part that a folder of the image names, or the one whose path in data.yaml holds the image."""
    folder = posixpath.dirname(name)
    if part := part_in(f"{folder}/"):
        return part
    held = sorted(
        {part for key, part in KEYS.items() if any(_holds(one, folder, about) for one in _paths(settings, key))}
    )
    if len(held) > 1:
        problems.append(f"{about}: {folder} is in the parts {', '.join(held)}; give each part its own folder")
    return held[0] if held else None


def _paths(settings: dict[str, Any], key: str) -> list[str]:
    value = settings.get(key)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _holds(path: str, folder: str, about: str) -> bool:
    """Return whether `path` in data.yaml, relative to that file or to a folder around the set, holds `folder`."""
    inside = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    own = folder.removeprefix(posixpath.dirname(about)).strip("/").split("/")
    return bool(inside) and own[: len(inside)] == inside


def _boxes(files: Files, text: str, classes: dict[int, str], problems: list[str]) -> Iterator[tuple[str, list[float]]]:
    """Yield class and box of each line of a file of boxes; add a message to `problems` for each wrong line."""
    for number, line in enumerate(files.content(text).decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            label, *values = (float(word) for word in line.split())
        except ValueError:
            problems.append(f"{text}: line {number}: {line[:40]!r} are not numbers")
            continue
        if label not in classes:
            problems.append(f"{text}: line {number}: no class has the number {label:g}")
        elif len(values) < 4 or len(values) % 2:
            problems.append(f"{text}: line {number}: {len(values)} numbers after the class, expected 4 or a polygon")
        elif not all(-TOLERANCE <= value <= 1 + TOLERANCE for value in values):
            problems.append(f"{text}: line {number}: values outside 0 to 1; write fractions of the image, not pixels")
        elif box := _box(values):
            yield classes[int(label)], box


def _box(values: list[float]) -> list[float] | None:
    if len(values) == 4:
        x, y, w, h = values
        return clipped(x - w / 2, y - h / 2, w, h)
    xs, ys = values[::2], values[1::2]
    return clipped(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
