"""Reader of COCO detection sets: `_annotations.coco.json` beside the images, or annotations/*.json.

A file is read if it holds images, annotations and categories, and if its name contains coco, is annotations.json or
starts with instances, or if it lies in a folder annotations. Its part of the split is the one that its folder or its
name names (train/_annotations.coco.json, annotations/instances_val2017.json). Images are looked for beside the file,
one folder above, in a folder images there, and then by their name anywhere.
"""

import json
import posixpath
from collections.abc import Iterator
from typing import Any

from benchmarks.datasets._files import Files
from benchmarks.datasets.layouts.detection import DetectionSet, Marked, clipped, left_out
from benchmarks.datasets.layouts.layout import images_in
from benchmarks.datasets.layouts.parts import part_in
from benchmarks.errors import BadInput, told

KEYS = ("images", "annotations", "categories")


def read_coco(files: Files) -> DetectionSet | None:
    """Return the set of all COCO files, None if there are none."""
    read = {name: _content(files, name) for name in files.under("") if _may_be(name)}
    contents = {name: content for name, content in read.items() if content}
    if not contents:
        return None
    reader = _Reader(files, images_in(files))
    images: list[Marked] = []
    for name, content in contents.items():
        with told(f"{name}: not readable as COCO"):
            images += reader.images(name, content)
    listed = {image.file for image in images}
    notes = left_out([name for name in reader.names if name not in listed], "no COCO file lists them")
    if reader.empty:
        notes.append(f"{reader.empty} boxes without an area inside their image were left out.")
    layout = f"COCO detection set ({', '.join(contents)})"
    return DetectionSet(images, list(reader.classes), layout, notes, reader.problems)


def _may_be(name: str) -> bool:
    folder, file = posixpath.split(name.casefold())
    named = "coco" in file or file == "annotations.json" or file.startswith("instances")
    return file.endswith(".json") and (named or posixpath.basename(folder) == "annotations")


def _content(files: Files, name: str) -> dict[str, list[dict]] | None:
    """Return the content of a COCO file, None for other JSON files. Raises BadInput for a broken one."""
    with told(f"{name}: not a readable JSON file"):
        content = json.loads(files.content(name))
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in KEYS):
        return None
    if not all(isinstance(entry, dict) for key in KEYS for entry in content[key]):
        raise BadInput(f"{name}: {', '.join(KEYS)} are not lists of objects; export the set as COCO again")
    return content


class _Reader:
    """Images of the COCO files in `files`; collects classes in their order, problems and boxes without an area."""

    def __init__(self, files: Files, names: list[str]):
        self.files, self.names = files, names
        self.classes: dict[str, None] = {}
        self.problems: list[str] = []
        self.empty = 0
        self.by_name: dict[str, list[str]] = {}
        for name in names:
            self.by_name.setdefault(posixpath.basename(name), []).append(name)

    def images(self, name: str, content: dict[str, list[dict]]) -> Iterator[Marked]:
        """Yield the images that the COCO file `name` lists."""
        part = part_in(name)
        categories = {one.get("id"): str(one.get("name")) for one in content["categories"]}
        self.classes |= dict.fromkeys(categories.values())
        entries = {one.get("id"): one for one in content["images"]}
        of_image: dict[Any, list[dict]] = {key: [] for key in entries}
        for mark in content["annotations"]:
            if mark.get("image_id") not in entries or mark.get("category_id") not in categories:
                self.problems.append(f"{name}: annotation {mark.get('id')} names an unknown image or category")
            else:
                of_image[mark["image_id"]].append(mark)
        for key, entry in entries.items():
            if file := self._file(name, str(entry.get("file_name")), part):
                size = self._size(entry, file)
                boxes = [(categories[mark["category_id"]], self._box(name, mark, size)) for mark in of_image[key]]
                yield Marked(file, part, [(label, box) for label, box in boxes if box])

    def _file(self, name: str, shown: str, part: str | None) -> str | None:
        """Return the image that the COCO file `name` calls `shown`; a problem if there is none or several."""
        path = posixpath.normpath(shown.replace("\\", "/"))
        own = posixpath.dirname(name)
        for folder in (own, posixpath.join(own, "images"), posixpath.dirname(own), posixpath.join(own, "../images")):
            place = posixpath.normpath(posixpath.join(folder, path))
            if place in self.by_name.get(posixpath.basename(path), ()):
                return place
        ends = [one for one in self.by_name.get(posixpath.basename(path), ()) if f"/{one}".endswith(f"/{path}")]
        ends = [one for one in ends if part_in(one) == part] or ends
        if len(ends) == 1:
            return ends[0]
        self.problems.append(f"{name}: {'no image' if not ends else f'{len(ends)} images'} {shown}")
        return None

    def _size(self, entry: dict, file: str) -> tuple[float, float]:
        width, height = entry.get("width"), entry.get("height")
        if isinstance(width, int | float) and isinstance(height, int | float) and min(width, height) > 0:
            return width, height
        return self.files.image_size(file)

    def _box(self, name: str, mark: dict, size: tuple[float, float]) -> list[float] | None:
        box = mark.get("bbox")
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(one, int | float) for one in box):
            self.problems.append(f"{name}: bbox of annotation {mark.get('id')} is not [x, y, width, height] in pixels")
            return None
        inside = clipped(box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1])
        self.empty += inside is None
        return inside
