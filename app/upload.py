"""Decoding of uploaded images exactly as the study decodes its files, or a refusal with the reason."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmarks.datasets import _dicom
from benchmarks.datasets._files import decode
from benchmarks.errors import BadInput

FIELD = "image_"  # field of the form, as published; part of the messages
# Formats of cameras, scanners and viewers. For some other formats, Pillow starts external programs.
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000")
# DICOM that must be unpacked, to any size, before the header can be read.
DEFLATED = (b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.95", b"1.2.840.10008.1.2.8.1")
TOO_LARGE, NOT_AN_IMAGE, UNUSABLE = 413, 415, 422


class Refused(Exception):
    """Refusal of an upload: the HTTP status and the reason."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status, self.reason = status, reason


def film(content: bytes, most_pixels: int) -> np.ndarray:
    """Decode `content` to uint8 (H, W) by benchmarks/datasets/_files.py. Raises Refused."""
    if not content:
        raise Refused(UNUSABLE, f"{FIELD}: the file is empty")
    try:
        width, height = _size(content)
        if width * height > most_pixels:
            raise Refused(TOO_LARGE, f"{FIELD}: {width} x {height} pixels; the limit is {most_pixels:,}")
        return decode(content, FIELD)
    except BadInput as error:
        raise Refused(UNUSABLE, str(error)) from None


def _size(content: bytes) -> tuple[int, int]:
    """Return width and height from the header."""
    if _dicom.is_dicom(FIELD, content):
        if any(syntax in content for syntax in DEFLATED):
            raise Refused(UNUSABLE, f"{FIELD}: deflated DICOM is not read; write it uncompressed: gdcmconv --raw")
        return _dicom.size(io.BytesIO(content), FIELD)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            return picture.size
    except UnidentifiedImageError:
        allowed = ", ".join([*FORMATS, "DICOM"])
        raise Refused(NOT_AN_IMAGE, f"{FIELD}: not an image in a supported format; send one of {allowed}") from None
    except Image.DecompressionBombError:
        raise Refused(TOO_LARGE, f"{FIELD}: {_dicom.TOO_LARGE}") from None
    except Exception as error:  # each plugin has its own errors for a broken header
        raise Refused(UNUSABLE, f"{FIELD}: {error}") from None
