"""Image files, folders, zips and manifests for tests, decoded or refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_studies import study_of_sizes

from benchmarks.datasets import Dataset, image_folder
from benchmarks.errors import BadInput
from benchmarks.samples import samples

LABELS = ("benign", "malignant")
RAMP = np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)


def refusal(call, *arguments) -> str:
    """Return the message of BadInput that `call` raises."""
    with pytest.raises(BadInput) as error:
        call(*arguments)
    return str(error.value)


def own(data: Path, **options) -> Dataset:
    """Load `data` as a user's own images."""
    return image_folder.load({**image_folder.OPTIONS, **options}, data, 0)


def manifest(folder: Path, text: str) -> Path:
    """Write `text` as a manifest in `folder`."""
    path = folder / "list.csv"
    path.write_text(text)
    return path


def saved(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    """Return the content of an image file."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


WHOLE = saved(Image.fromarray(RAMP))


def both_classes(contents: dict[str, bytes]) -> dict[str, bytes]:
    """Return `contents` with one valid image in each class."""
    return {f"{label}/whole.png": WHOLE for label in LABELS} | contents


def write(root: Path, contents: dict[str, bytes], method: int | None = None) -> Path:
    """Write the files into a folder, or with a compression `method` into a zip."""
    if method is not None:
        with zipfile.ZipFile(root.with_suffix(".zip"), "w", method) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return root.with_suffix(".zip")
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def decode(data: Path) -> np.ndarray:
    """Run the stage of samples on a folder, zip or manifest; return the images."""
    out = data.parent / "out"
    samples.write_samples(study_of_sizes({"name": "image_folder", **image_folder.OPTIONS}, (32,), data), out)
    return np.load(out / "images_32.npy")
