"""Reader of MedMNIST archives: NAME.npz with train_images, train_labels, and the same of val and test.

Images are uint8 (N, S, S), grey, or (N, S, S, 3), colour, converted to luma. Labels are whole numbers (N, 1) or (N,),
which name the classes; the names in words are on medmnist.com. Source: Yang et al., Scientific Data 10, 2023.
"""

import functools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.datasets.layouts.layout import Found
from benchmarks.datasets.layouts.parts import part_of
from benchmarks.errors import BadInput, refuse, told

PARTS = ("train", "val", "test")  # as the archives name these
MOST_BYTES = 4 * 2**30  # of the images of a part, which are held in memory
HOW = "expected PART_images and PART_labels for the parts train, val and test, as in MedMNIST"


def read_medmnist(data: Path) -> tuple[Found, Callable[[str], np.ndarray]]:
    """Return the images, named `train/00017`, and the function that decodes one, uint8 (S, S), by its name.

    Raises BadInput for what is no MedMNIST archive of grey or colour images with one label each.
    """
    with told(f"{data}: not a whole npz archive; the download may be incomplete"):
        shapes = {Path(name).stem: shape for name, shape in _shapes(data)}
    parts = [part for part in PARTS if f"{part}_images" in shapes]
    if not parts:
        raise BadInput(f"{data}: holds {', '.join(shapes) or 'nothing'}; {HOW}")
    refuse(f"{data}:", [problem for part in parts for problem in _problems(part, shapes)])
    tables = []
    for part in parts:
        labels = _array(data, f"{part}_labels").reshape(-1)
        numbers = pd.Series(range(len(labels))).astype("string").str.zfill(5)
        tables.append(pd.DataFrame({"file": f"{part}/" + numbers, "label": labels, "part": part_of(part)}))
    table = pd.concat(tables, ignore_index=True)
    width = len(str(table["label"].max()))  # so that classes sort by their number
    table["label"] = table["label"].astype("string").str.zfill(width)
    shape, _ = shapes[f"{parts[0]}_images"]
    kind = f"{'grey' if len(shape) == 3 else 'colour'} images of {shape[1]} pixels"
    layout = f"MedMNIST archive of {kind} with the parts {', '.join(parts)}"
    note = "Classes are numbers; medmnist.com names them. `labels` in the study renames them."

    @functools.lru_cache(maxsize=1)  # rows come part by part
    def images(part: str) -> np.ndarray:
        return _array(data, f"{part}_images")

    def image(name: str) -> np.ndarray:
        part, _, number = name.partition("/")
        return np.asarray(Image.fromarray(images(part)[int(number)]).convert("L"))

    return Found(table.astype("string"), layout, (note,)), image


def _shapes(data: Path) -> Iterator[tuple[str, tuple[tuple[int, ...], np.dtype]]]:
    """Yield name, shape and dtype of each array, from their headers alone."""
    with zipfile.ZipFile(data) as archive:
        for name in archive.namelist():
            with archive.open(name) as stream:
                version = np.lib.format.read_magic(stream)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(stream)
                yield name, (shape, dtype)


def _problems(part: str, shapes: dict[str, tuple[tuple[int, ...], np.dtype]]) -> Iterator[str]:
    shape, dtype = shapes[f"{part}_images"]
    if dtype != np.uint8 or not (len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)):
        kind = "volumes (3D)" if len(shape) == 4 else "another kind"
        yield f"{part}_images: {dtype} {shape}, {kind}; only grey (N, S, S) and colour (N, S, S, 3) of uint8 are read"
    elif np.prod(shape, dtype=np.int64) > MOST_BYTES:
        yield f"{part}_images: {np.prod(shape, dtype=np.int64):,} bytes; use a smaller size of the set"
    if f"{part}_labels" not in shapes:
        yield f"{part}_labels: missing; {HOW}"
        return
    own, of_labels = shapes[f"{part}_labels"]
    if len(own) == 2 and own[1] > 1:
        yield f"{part}_labels: {own[1]} labels an image (multi-label), expected one; give each image one class"
    elif of_labels.kind not in "iu" or own not in ((shape[0],), (shape[0], 1)):
        yield f"{part}_labels: {of_labels} {own}, expected whole numbers ({shape[0]}, 1)"


def _array(data: Path, name: str) -> np.ndarray:
    with told(f"{data}: {name} can't be read"), np.load(data, allow_pickle=False) as archive:
        return archive[name]
