"""The bytes that somebody sends: a film, read exactly as the study reads its files, or a refusal with its reason."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmarks.datasets import _dicom
from benchmarks.datasets._files import decode
from benchmarks.errors import BadInput

FIELD = "image_"  # of the form, as published; errors name it
# What cameras, scanners and viewers write. Pillow reads more, some of it by starting other programs.
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000")
# DICOM that unpacks before its header can be read, to any size.
DEFLATED = (b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.95", b"1.2.840.10008.1.2.8.1")
TOO_LARGE, NOT_AN_IMAGE, UNUSABLE = 413, 415, 422


class Refused(Exception):
    """An upload that is no film: the HTTP status and the reason."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status, self.reason = status, reason


def film(content: bytes, most_pixels: int) -> np.ndarray:
    """The image in `content`, uint8 (H, W), as benchmarks/datasets/_files.py decodes it. Raises Refused."""
    if not content:
        raise Refused(UNUSABLE, f"{FIELD}: the file is empty")
    try:
        width, height = _size(content)
        if width * height > most_pixels:
            raise Refused(TOO_LARGE, f"{FIELD}: {width} x {height} pixels; the most is {most_pixels:,}")
        return decode(content, FIELD)
    except BadInput as error:
        raise Refused(UNUSABLE, str(error)) from None


def _size(content: bytes) -> tuple[int, int]:
    """Width and height that the header claims."""
    if _dicom.is_dicom(FIELD, content):
        if any(syntax in content for syntax in DEFLATED):
            raise Refused(UNUSABLE, f"{FIELD}: deflated DICOM is not read; write it uncompressed: gdcmconv --raw")
        return _dicom.size(io.BytesIO(content), FIELD)
    try:
        # Each plugin has errors of its own for a broken header.
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            return picture.size
    except UnidentifiedImageError:
        allowed = ", ".join([*FORMATS, "DICOM"])
        raise Refused(NOT_AN_IMAGE, f"{FIELD}: not an image that can be read here; send one of {allowed}") from None
    except Image.DecompressionBombError:
        raise Refused(TOO_LARGE, f"{FIELD}: {_dicom.TOO_LARGE}") from None
    except Exception as error:
        raise Refused(UNUSABLE, f"{FIELD}: {error}") from None
