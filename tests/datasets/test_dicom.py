"""DICOM images: grey levels, and messages for files that can't be used."""

import io

import numpy as np
import pydicom
import pytest
from dicom_files import write_dicom
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, RLELossless

from benchmarks.datasets._files import Files
from benchmarks.errors import BadInput

VALUES = np.array([[100, 200, 300], [400, 500, 600]], np.uint16)


def decoded(path) -> list[list[int]]:
    image = Files(path.parent).image(path.name)
    assert image.dtype == np.uint8
    return image.tolist()


def refusal(path) -> str:
    with pytest.raises(BadInput) as error:
        Files(path.parent).image(path.name)
    return str(error.value)


def lut(first, entries, bits) -> list[Dataset]:
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item.LUTData = np.array(entries, np.uint16).tobytes()
    return [item]


# A window of centre c and width w ends at c - 0.5 -+ (w - 1) / 2 (DICOM PS3.3 C.11.2.1.2), LINEAR_EXACT at c -+ w / 2.
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, [[0, 51, 102], [153, 204, 255]]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, [[255, 204, 153], [102, 51, 0]]),
        ({"WindowCenter": 350.5, "WindowWidth": 301}, [[0, 0, 85], [170, 255, 255]]),
        ({"WindowCenter": [350.5, 9], "WindowWidth": [301, 9]}, [[0, 0, 85], [170, 255, 255]]),
        ({"WindowCenter": 350, "WindowWidth": 300, "VOILUTFunction": "LINEAR_EXACT"}, [[0, 0, 85], [170, 255, 255]]),
        ({"WindowCenter": 300, "WindowWidth": 100, "VOILUTFunction": "SIGMOID"}, [[0, 5, 128], [250, 255, 255]]),
        ({"WindowCenter": None, "WindowWidth": None}, [[0, 51, 102], [153, 204, 255]]),
        # Rescaled to 0..50, of which the window shows 10..40.
        (
            {"RescaleSlope": 0.1, "RescaleIntercept": -10}
            | {"WindowCenter": 25, "WindowWidth": 30, "VOILUTFunction": "LINEAR_EXACT"},
            [[0, 0, 85], [170, 255, 255]],
        ),
        # A negative slope turns grey around, and the window doesn't turn it back.
        (
            {"RescaleSlope": -1, "RescaleIntercept": 700}
            | {"WindowCenter": 350, "WindowWidth": 300, "VOILUTFunction": "LINEAR_EXACT"},
            [[255, 255, 170], [85, 0, 0]],
        ),
        ({"PixelPaddingValue": 100}, [[0, 0, 64], [128, 191, 255]]),
        ({"PixelPaddingValue": 600, "PixelPaddingRangeLimit": 500}, [[0, 85, 170], [255, 0, 0]]),
        ({"PixelPaddingValue": 100, "PhotometricInterpretation": "MONOCHROME1"}, [[0, 255, 191], [128, 64, 0]]),
        # 401 entries from 150 on: 0, 1, ... 400, with values outside at the ends.
        ({"VOILUTSequence": lut(150, list(range(401)), 12)}, [[0, 32, 96], [159, 223, 255]]),
        # Fewer bits than entries: the second half is white.
        ({"VOILUTSequence": lut(0, [min(i // 2, 255) for i in range(700)], 8)}, [[50, 100, 150], [200, 250, 255]]),
    ],
)
def test_grey_levels_equal_those_of_a_viewer(tmp_path, header, expected):
    assert decoded(write_dicom(tmp_path / "film.dcm", VALUES, 12, **header)) == expected


def test_signed_values_and_their_padding(tmp_path):
    values = np.array([[-2000, -100], [0, 100]], np.int16)
    assert decoded(write_dicom(tmp_path / "a.dcm", values, PixelPaddingValue=-2000)) == [[0, 0], [128, 255]]
    assert decoded(write_dicom(tmp_path / "b.dcm", values[:1, :1], PixelPaddingValue=-2000)) == [[0]]


def test_colour_goes_to_luma(tmp_path):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 10, 10]]], np.uint8)
    assert decoded(write_dicom(tmp_path / "rgb.dcm", colours)) == [[76, 150, 29, 10]]
    deep = colours.astype(np.uint16) << 8
    assert decoded(write_dicom(tmp_path / "deep.dcm", deep)) == [[76, 150, 29, 10]]
    palette = {f"{c}PaletteColorLookupTableDescriptor": [256, 0, 16] for c in ("Red", "Green", "Blue")}
    ramp = (np.arange(256, dtype=np.uint16) << 8).tobytes()
    tables = {f"{c}PaletteColorLookupTableData": ramp for c in ("Red", "Green", "Blue")}
    indices = np.array([[0, 7, 255]], np.uint8)
    header = {"PhotometricInterpretation": "PALETTE COLOR"} | palette | tables
    assert decoded(write_dicom(tmp_path / "palette.dcm", indices, **header)) == [[0, 7, 255]]


def compressed(path, syntax, frame, photometric="MONOCHROME2"):
    ds = pydicom.dcmread(path)
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PhotometricInterpretation = photometric
    ds.save_as(path)
    return path


def test_compressed_files_that_can_be_decoded(tmp_path):
    ramp = (np.arange(64 * 64, dtype=np.uint16) % 4096).reshape(64, 64)
    plain = write_dicom(tmp_path / "plain.dcm", ramp, 12)
    ds = pydicom.dcmread(plain)
    ds.compress(RLELossless)
    ds.save_as(tmp_path / "rle.dcm")
    assert decoded(tmp_path / "rle.dcm") == decoded(plain)
    out = io.BytesIO()
    Image.fromarray(ramp).save(out, "JPEG2000", irreversible=False, no_jp2=True)
    path = compressed(write_dicom(tmp_path / "j2k.dcm", ramp, 16), JPEG2000Lossless, out.getvalue())
    assert decoded(path) == decoded(plain)
    picture = Image.fromarray((ramp // 16).astype(np.uint8)).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    path = write_dicom(tmp_path / "jpeg.dcm", np.asarray(picture))
    path = compressed(path, JPEGBaseline8Bit, out.getvalue(), "YBR_FULL_422")
    assert np.abs(np.array(decoded(path)) - np.asarray(picture.convert("L"))).max() <= 8


def test_compressed_files_that_cannot_say_how_to_convert_them(tmp_path):
    path = write_dicom(tmp_path / "film.dcm", VALUES, 12)
    message = refusal(compressed(path, JPEGLosslessSV1, b"\xff\xd8\xff\xd9"))
    assert message.startswith("film.dcm: compressed as JPEG Lossless") and "1.2.840.10008.1.2.4.70" in message
    assert "gdcmconv --raw" in message and "dcmdjpeg" in message


def test_files_without_one_image_are_refused(tmp_path):
    volume = np.zeros((2, 3), np.uint16)
    path = write_dicom(tmp_path / "tomo.dcm", volume, NumberOfFrames=25, PixelData=volume.tobytes() * 25)
    assert refusal(path).startswith("tomo.dcm: holds 25 frames") and "--frame 13 " in refusal(path)
    path = write_dicom(tmp_path / "short.dcm", VALUES, PixelData=VALUES.tobytes()[:6])
    assert refusal(path).startswith("short.dcm: the pixels of this DICOM file can't be read: ")
    (tmp_path / "text.dcm").write_text("not an image, for all its name says; " * 9)
    assert refusal(tmp_path / "text.dcm").startswith("text.dcm: not ")
    whole = write_dicom(tmp_path / "cut", VALUES, PatientID="p" * 60).read_bytes()
    (tmp_path / "cut").write_bytes(whole[:200])
    assert refusal(tmp_path / "cut").startswith("cut: not ")


def test_a_file_without_its_first_part_is_read_by_its_suffix(tmp_path):
    path = write_dicom(tmp_path / "film.dcm", VALUES, 12)
    ds = pydicom.dcmread(path)
    bare = Dataset()
    bare.update(ds)
    bare.save_as(tmp_path / "bare.DCM", implicit_vr=True, little_endian=True)
    assert decoded(tmp_path / "bare.DCM") == decoded(path)
