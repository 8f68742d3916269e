"""Files of a data set in a folder or a zip, which is not unpacked; decoding and resizing of images."""

import contextlib
import functools
import hashlib
import io
import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from benchmarks.datasets import _dicom
from benchmarks.errors import BadInput, refuse, told

LEFT = {  # names of files and folders that hold no image of the data, small letters -> the reason
    "__macosx": "left by macOS",
    ".ds_store": "left by macOS",
    "thumbs.db": "left by Windows",
    "desktop.ini": "left by Windows",
    "$recycle.bin": "left by Windows",
    "@eadir": "left by a Synology NAS",
    "#recycle": "left by a Synology NAS",
    ".ipynb_checkpoints": "left by Jupyter",
}
MASK = re.compile(r"[_-]mask([_-]?\d+)?$", re.IGNORECASE)  # at the end of a name without suffix
MASK_REASON = "masks beside their images"
MOST_BYTES = 2**30  # of one file, unpacked; larger files are zip bombs or no mammograms
DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


class Files:
    """The files under `root`, a folder or a zip; names are paths inside it with forward slashes."""

    def __init__(self, root: Path):
        self.root = root
        self._zip = None
        if root.is_file():
            with told(f"{root}: neither a folder nor a whole zip; the download may be incomplete"):
                self._zip = zipfile.ZipFile(root)
            names = self._zip.namelist()
            refuse(f"{root}: make this zip again, with plain file names:", _member_problems(names))

    def folders(self, depth: int) -> list[str]:
        """Return the names of the folders at most `depth` levels below the root."""
        if self._zip:
            parts = {tuple(name.split("/")[:-1]) for name in self._zip.namelist()}
            found = {"/".join(path[:level]) for path in parts for level in range(1, min(len(path), depth) + 1)}
        else:
            patterns = ("/".join("*" * level) for level in range(1, depth + 1))
            found = {p.relative_to(self.root).as_posix() for g in patterns for p in self.root.glob(g) if p.is_dir()}
        return sorted(name for name in found if not _left(name))

    def under(self, folder: str) -> list[str]:
        """Return the names of the files below `folder` ("" for the root), without `skipped` ones.

        Raises BadInput for unreadable files.
        """
        paths = {name: path for name, path in self._paths(folder).items() if not _left(name)}
        refuse(f"{self.root}:", _path_problems(paths))
        return _without_masks([name for name, path in paths.items() if path is None or path.is_file()])

    def readable(self) -> list[str]:
        """Return the names of all files as `under`, but leave out unreadable ones."""
        paths = {name: path for name, path in self._paths("").items() if not _left(name)}
        return _without_masks([name for name in paths if not [*_path_problems({name: paths[name]})] and name in self])

    def skipped(self) -> dict[str, str]:
        """Return the files that `under` leaves out, name -> reason: leftovers of programs, hidden files and masks.

        A mask is named like an image beside it, with `_mask` or `_mask_1` at the end.
        """
        paths = self._paths("")
        left = {name: _left(name) for name, path in paths.items() if path is None or path.is_file()}
        kept = set(_without_masks([name for name, reason in left.items() if not reason]))
        return {name: reason or MASK_REASON for name, reason in left.items() if name not in kept}

    def _paths(self, folder: str) -> dict[str, Path | None]:
        """Return all below `folder`, sorted: name -> path, None for a member of a zip, without folders of a zip."""
        if self._zip:
            start = f"{folder}/" if folder else ""
            found = [name for name in self._zip.namelist() if name.startswith(start) and not name.endswith("/")]
            return dict.fromkeys(sorted(found))
        paths = {path.relative_to(self.root).as_posix(): path for path in (self.root / folder).rglob("*")}
        return dict(sorted(paths.items()))

    def __contains__(self, name: str) -> bool:
        if self._zip:
            return name in self._zip.NameToInfo
        return os.path.isfile(self.root / name)  # unlike Path.is_file, False for what can't be a name

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Open one file as a stream. Raises BadInput if the file can't be read."""
        with told(f"{name}: can't be read"):
            if self.size(name) > MOST_BYTES:
                raise BadInput(f"{name}: {self.size(name):,} bytes unpacked, more than the {MOST_BYTES:,} of any image")
            with self._zip.open(name) if self._zip else (self.root / name).open("rb") as stream:
                yield stream

    def content(self, name: str) -> bytes:
        """Return the bytes of one file. Raises BadInput if the file can't be read."""
        with self.opened(name) as stream:
            return stream.read(self.size(name))  # a member of a zip may be larger than its header says

    def is_dicom(self, name: str) -> bool:
        """Return whether a file is DICOM, by its first bytes or its suffix."""
        with self.opened(name) as stream:
            return _dicom.is_dicom(name, stream.read(_dicom.PREAMBLE))

    def size(self, name: str) -> int:
        """Return the size of one file in bytes, unpacked."""
        return self._zip.getinfo(name).file_size if self._zip else (self.root / name).stat().st_size

    def facts(self, name: str) -> dict[str, str | None]:
        """Return _dicom.FACTS from the header of a DICOM file."""
        with self.opened(name) as stream:
            return _dicom.facts(stream, name)

    def image(self, name: str) -> np.ndarray:
        """Decode an image file to 8-bit grey, uint8 (H, W), by `decode`."""
        return decode(self.content(name), name)

    def image_size(self, name: str) -> tuple[int, int]:
        """Return width and height of the decoded image, from its header. Raises BadInput if the file is no image."""
        if self.is_dicom(name):
            with self.opened(name) as stream:
                return _dicom.size(stream, name)
        with _decoded(self.content(name), name) as picture:
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) != 1
            # Decode rotated images: for some formats, Pillow returns the size before the rotation, for others after.
            return ImageOps.exif_transpose(picture).size if turned else picture.size

    def mode(self, name: str) -> str:
        """Return Pillow's mode of an image (L, RGB, I;16, ...) from its header, `DICOM` for any DICOM file."""
        if self.is_dicom(name):
            return "DICOM"
        with self.opened(name) as stream, Image.open(stream) as picture:
            return picture.mode


def decode(content: bytes, name: str) -> np.ndarray:
    """Decode an image file to 8-bit grey, uint8 (H, W). Raises BadInput for an incomplete image, or several in a file.

    Colours are converted to luma, transparent pixels to black, and rotated photographs are turned upright. Grey levels
    of 16 or 32 bit are stretched from the image's minimum to its maximum, as mammograms use only part of their range.
    DICOM files are decoded by _dicom.py.
    """
    if _dicom.is_dicom(name, content):
        return _dicom.image(content, name)
    with _decoded(content, name) as picture:
        picture = ImageOps.exif_transpose(picture)
        if picture.mode not in DEEP_MODES:
            return np.asarray(_on_black(picture).convert("L"))
        deep = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(deep).all():
        raise BadInput(f"{name}: holds pixels that are no finite numbers; save it without them")
    low, high = deep.min(), deep.max()
    return np.round((deep - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)


@contextlib.contextmanager
def _decoded(content: bytes, name: str) -> Iterator[Image.Image]:
    with told(name), warnings.catch_warnings():
        warnings.simplefilter(
            "error", Image.DecompressionBombWarning
        )  # raised from the header, like DecompressionBombError
        try:
            Image.open(io.BytesIO(content)).verify()  # checksums of a PNG, which decoding ignores
            with Image.open(io.BytesIO(content)) as picture:
                # An MPO file holds a photograph and its preview.
                frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
                if frames > 1:
                    raise BadInput(
                        f"{name}: holds {frames} pages or frames where one image is needed; save the one to use"
                    )
                yield picture
        except UnidentifiedImageError:
            raise BadInput(f"{name}: {'not an image that Pillow reads' if content else 'the file is empty'}") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise BadInput(f"{name}: {_dicom.TOO_LARGE}") from None


def _on_black(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resize a uint8 image (H, W) to (size, size) by Pillow's Lanczos filter, with antialiasing."""
    if image.shape == (size, size):
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS))


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """Resize a mask (H, W) of zeros and ones to uint8 (size, size): ones where at least half of a pixel is covered."""
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    return (np.asarray(picture.resize((size, size), Image.Resampling.BOX)) >= 128).astype(np.uint8)


def _left(name: str) -> str | None:
    """Return why a path holds no image of the data, None if it may hold one."""
    for part in name.split("/"):
        if part.startswith("."):
            return LEFT.get(part.lower(), "left by macOS" if part.startswith("._") else "hidden")
        if part.lower() in LEFT:
            return LEFT[part.lower()]
    return None


def _without_masks(names: list[str]) -> list[str]:
    """Return `names` without masks: images named like another in the same folder, with `_mask` at the end."""
    stems = {name: os.path.splitext(name)[0] for name in names if may_be_image(name)}
    images = set(stems.values())
    masks = {name for name, stem in stems.items() if MASK.search(stem) and MASK.sub("", stem) in images}
    return [name for name in names if name not in masks]


def may_be_image(name: str) -> bool:
    """Return whether a file has a suffix that Pillow reads, or of DICOM."""
    return Path(name).suffix.lower() in _suffixes()


@functools.cache
def _suffixes() -> set[str]:
    read = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    return {*read, *_dicom.SUFFIXES}


def _member_problems(names: list[str]) -> Iterator[str]:
    """Yield a message for names in a zip that point outside the zip, or that occur twice."""
    for name, times in Counter(names).items():
        if "\\" in name or {"", ".", ".."} & set(name.removesuffix("/").split("/")):
            yield f"{name}: points outside the zip, or has other separators than forward slashes"
        elif times > 1 and not name.endswith("/"):
            yield f"{name}: is in it {times} times"


def _path_problems(paths: dict[str, Path | None]) -> Iterator[str]:
    """Yield a message for files that can't be read or whose names can't be stored, not for members of a zip (None)."""
    for name, path in paths.items():
        if path is None:
            continue
        shown = name.encode(errors="backslashreplace").decode()
        if shown != name:
            yield f"{shown}: its name is not UTF-8; rename it"
        elif path.is_symlink() and not path.is_file():
            yield f"{name}: a link to a folder or to nothing; put the files themselves there"
        elif not os.access(path, os.R_OK):
            yield f"{name}: you have no permission to read it"


def content(path: Path) -> Iterator[str]:
    """Yield lines that identify the content of a folder, zip or other file, without decoding images."""
    if path.is_dir():
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                file = Path(folder, name)
                yield f"{file.relative_to(path)} {file.stat().st_size}"
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (f"{info.filename} {info.file_size} {info.CRC}" for info in archive.infolist())
    else:
        with path.open("rb") as stream:
            yield hashlib.file_digest(stream, "sha256").hexdigest()
