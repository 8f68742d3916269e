"""Uploads: decoded like the files of a study, or refused with a status and a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from dicom_files import write_dicom
from PIL import Image

from app.upload import Refused, film

SIDE = 24
MOST = 1_000_000  # pixels
RAMP = np.tile(np.linspace(0, 255, SIDE).astype("uint8"), (SIDE, 1))


def written(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def dicom(tmp_path, pixels: np.ndarray, **header) -> bytes:
    return write_dicom(tmp_path / "film", pixels, **header).read_bytes()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "PPM"])
def test_grey_is_read_unchanged(kind):
    np.testing.assert_array_equal(film(written(RAMP, kind), MOST), RAMP)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_grey_is_read_nearly_unchanged(kind):
    assert np.abs(film(written(RAMP, kind, quality=95), MOST).astype(int) - RAMP).max() <= 8


def test_colours_become_luma_and_transparent_pixels_black():
    red = np.zeros((2, 2, 4), "uint8")
    red[..., 0], red[..., 3] = 255, [[255, 0], [255, 0]]
    np.testing.assert_array_equal(film(written(red), MOST), [[76, 0], [76, 0]])


def test_16_bit_grey_is_stretched(tmp_path):
    deep = RAMP.astype("uint16") * 16
    np.testing.assert_array_equal(film(written(deep), MOST), RAMP)
    np.testing.assert_array_equal(film(dicom(tmp_path, deep, bits=12), MOST), RAMP)


def test_dicom_is_read_with_black_air(tmp_path):
    inverted = dicom(tmp_path, 255 - RAMP, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(film(inverted, MOST), RAMP)


def frames(kind: str) -> bytes:
    pictures = [Image.fromarray(RAMP), Image.fromarray(255 - RAMP)]
    stream = io.BytesIO()
    pictures[0].save(stream, kind, save_all=True, append_images=pictures[1:])
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_an_animation_or_several_pages_are_refused(kind):
    with pytest.raises(Refused, match="image_: holds 2 pages or frames where one image is needed") as refused:
        film(frames(kind), MOST)
    assert refused.value.status == 422


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def header_only(width: int, height: int) -> bytes:
    """Return a PNG with a header but no pixels."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", b"")
    )


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "the file is empty"),
        (b"%PDF-1.7 a report", 415, "not an image in a supported format; send one of PNG, JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 415, "not an image"),
        (written(RAMP)[:-30], 422, "image_: "),
        (written(RAMP, "JPEG")[:-200], 422, "image_: "),
        (header_only(1001, 1000), 413, "1001 x 1000 pixels; the limit is 1,000,000"),
        (header_only(2**30, 2**30), 413, "save it smaller"),
        (b"\0" * 128 + b"DICM", 422, "not an image: no DICOM file, or one without Rows and Columns"),
        (b"\0" * 128 + b"DICM" + b"1.2.840.10008.1.2.1.99", 422, "deflated DICOM is not read"),
    ],
)
def test_incomplete_images_and_other_files_are_refused(content, status, reason):
    with pytest.raises(Refused) as refused:
        film(content, MOST)
    assert refused.value.status == status and reason in refused.value.reason


def test_dicom_with_several_frames_or_too_many_pixels_is_refused(tmp_path):
    for header, status in (({"NumberOfFrames": 2}, 422), ({"Rows": 60_000, "Columns": 60_000}, 422)):
        with pytest.raises(Refused) as refused:
            film(dicom(tmp_path, RAMP, **header), MOST)
        assert refused.value.status == status
    with pytest.raises(Refused, match="the limit is 100") as refused:
        film(dicom(tmp_path, RAMP), 100)
    assert refused.value.status == 413
