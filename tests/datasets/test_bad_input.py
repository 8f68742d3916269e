"""Broken images, folders and zips: read correctly, or refused in one message with all files and reasons."""

import re
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from datasets_input import LABELS, RAMP, WHOLE, both_classes, decode, refusal, saved, write
from dicom_files import write_dicom
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.datasets import _files
from benchmarks.datasets._files import Files
from benchmarks.errors import BadInput

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow and pydicom, at what they read all the same

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of 8-bit grey with this size in its header and the given chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [(b"IHDR", header), *chunks, (b"IEND", b"")]
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def dicom() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_dicom(Path(folder) / "x.dcm", RAMP.astype(np.uint16), SOPInstanceUID="1.2").read_bytes()


BOMB = png(60_000, 60_000, (b"IDAT", zlib.compress(bytes(1000))))
DICOM = dicom()
SOUND = {  # content and pixels
    "grey.png": (WHOLE, RAMP),
    "deep.png": (saved(Image.fromarray(np.array([[1000, 1500, 2000]], np.uint16))), [[0, 128, 255]]),
    "cmyk.jpg": (saved(Image.new("CMYK", (8, 8), (0, 0, 0, 155)), "JPEG"), np.full((8, 8), 100)),
    "dot.png": (saved(Image.new("L", (1, 1), 7)), [[7]]),
    "wide.png": (saved(Image.new("L", (20_000, 1), 9)), np.full((1, 20_000), 9)),
    "tall.png": (saved(Image.new("L", (3, 20_000), 9)), np.full((20_000, 3), 9)),
}
BROKEN = {  # content and the reason that is told
    "empty.png": (b"", "the file is empty"),
    "text.png": (b"file,label\na.png,benign\n", "not an image that Pillow reads"),
    "bomb.png": (BOMB, "its header claims more than 89,478,485 pixels"),
    "hollow.png": (png(8, 6), "."),
    "cut.png": (WHOLE[:-20], "."),
    "wrong.png": (WHOLE.replace(b"IDAT", b"IDAU"), "."),
    "pages.png": (
        saved(Image.new("L", (8, 8)), "GIF", save_all=True, append_images=[Image.new("L", (8, 8), 9)]),
        "2 p",
    ),
    "cut.jpg": (SOUND["cmyk.jpg"][0][:-60], "."),
    "cut.dcm": (bytes(128) + b"DICM" + b"\x02\x00\x10", "not an image: no DICOM file"),
    "syntax.dcm": (DICOM.replace(b"10008.1.2.1\0", b"10008/1.2.1\0"), "not a readable DICOM file"),
    "empty.dcm": (b"", "not an image: no DICOM file"),
}


@pytest.mark.slow
@settings(max_examples=150)
@given(
    sound=st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(sorted(SOUND))), max_size=4),
    broken=st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(sorted(BROKEN))), max_size=6),
    method=st.sampled_from([None, *METHODS]),
)
def test_every_broken_image_is_named_with_its_reason_and_no_sound_one(sound, broken, method):
    sound = {f"{label}/{i}{name}": SOUND[name] for i, (label, name) in enumerate(sound)}
    broken = {f"{label}/{i}{name}": BROKEN[name] for i, (label, name) in enumerate(broken)}
    contents = both_classes({name: content for name, (content, _) in (sound | broken).items()})
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder) / "data", contents, method)
        if not broken:
            images = decode(data)
            assert images.shape == (len(contents), 32, 32) and images.dtype == np.uint8
            files = Files(data)
            for name, (_, pixels) in sound.items():
                assert np.abs(files.image(name) - np.array(pixels, float)).max() <= 2, name
            return
        head, *lines = refusal(decode, data).split("\n")
    assert head == f"{len(broken)} of {len(contents)} images can't be read:"
    assert {line.removeprefix("  - ").split(": ")[0] for line in lines} == set(broken)
    for name, (_, reason) in broken.items():
        assert any(
            re.match(f"  - {re.escape(name)}: .*{re.escape(reason) if reason != '.' else '.'}", x) for x in lines
        )


def formats() -> dict[str, bytes]:
    grey = Image.fromarray(RAMP)
    kinds = ("JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP", "ICO", "JPEG2000", "TGA", "PCX")
    exif = Image.Exif()
    exif[0x0112] = 6
    return {kind: saved(grey, kind) for kind in kinds} | {"PNG": saved(grey, exif=exif), "DICOM": DICOM}


FORMATS = formats()


@settings(max_examples=400)
@given(
    kind=st.sampled_from(sorted(FORMATS)),
    end=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_a_damaged_file_of_any_format_is_an_image_or_refused(kind, end, changes):
    content = FORMATS[kind]
    damaged = bytearray(content[: round(end * len(content))] if end < 0.5 else content)
    for place, value in changes:
        if damaged:
            damaged[int(place * len(damaged))] = value
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {"x.png": bytes(damaged)})
        try:
            image = Files(Path(folder)).image("x.png")
        except BadInput as error:
            assert re.match(r"x\.png: \S", str(error))
        else:
            assert image.dtype == np.uint8 and image.ndim == 2 and image.size
        try:
            assert len(Files(Path(folder)).image_size("x.png")) == 2
        except BadInput as error:
            assert re.match(r"x\.png: \S", str(error))


def test_a_png_cut_anywhere_or_with_any_byte_wrong_is_refused_or_lost_nothing(tmp_path):
    noise = np.random.default_rng(0).normal(100, 30, (40, 40)).clip(0, 255).astype(np.uint8)
    whole, read = saved(Image.fromarray(noise)), []
    for place in range(len(whole)):
        for content in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            (tmp_path / "x.png").write_bytes(content)
            try:
                read.append(Files(tmp_path).image("x.png"))
            except BadInput as error:
                assert re.match(r"x\.png: \S", str(error))
    # The end marker and the sums may be missing.
    assert len(read) < 20 and all((image == noise).all() for image in read)


@settings(max_examples=150)
@given(
    method=st.sampled_from(METHODS),
    end=st.floats(0.2, 1),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_zip_is_read_or_refused(method, end, changes):
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder) / "data", both_classes({"benign/ä": WHOLE, "malignant/b.png": WHOLE}), method)
        damaged = bytearray(data.read_bytes())
        damaged = damaged[: round(end * len(damaged))] if end < 0.4 else damaged
        for place, value in changes:
            damaged[int(place * len(damaged))] = value
        data.write_bytes(damaged)
        try:
            assert decode(data).shape[1:] == (32, 32)
        except BadInput as error:
            assert re.search(r": \S", str(error))


def test_a_bomb_is_refused_from_its_header(tmp_path):
    # Decoding any of the first three would fail later, and otherwise: their pixels are not there.
    header = {"PixelData": bytes(4), "Rows": 60_000, "Columns": 60_000}
    write_dicom(tmp_path / "bomb.dcm", RAMP, **header)
    write(tmp_path, {"bomb.png": BOMB, "long.png": png(20_000, 20_000), "less.png": png(9_500, 9_500)})
    for name in ("bomb.png", "long.png", "less.png", "bomb.dcm"):
        for call in (Files(tmp_path).image, Files(tmp_path).image_size):
            assert refusal(call, name) == f"{name}: its header claims more than 89,478,485 pixels; save it smaller"


def test_members_outside_a_zip_are_all_listed_and_nothing_is_written(tmp_path):
    (tmp_path / "in").mkdir()
    names = ["../../evil.png", "/abs/evil.png", "benign/../../evil.png", "..\\evil.png", "./benign/a.png"]
    data = write(tmp_path / "in/data", both_classes(dict.fromkeys(names, WHOLE)), zipfile.ZIP_STORED)
    message = refusal(decode, data)
    assert not [name for name in names if f"  - {name}: points outside the zip" not in message]
    assert "whole.png" not in message and [path.name for path in tmp_path.rglob("*")] == ["in", "data.zip"]
    fine = write(tmp_path / "in/fine", both_classes({}), zipfile.ZIP_STORED)
    decode(fine)
    assert {path.name for path in tmp_path.rglob("*.png")} == set()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_duplicate_member_of_a_zip_is_named(tmp_path):
    data = write(tmp_path / "data", both_classes({}), zipfile.ZIP_STORED)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("benign/whole.png", BOMB)
    assert "  - benign/whole.png: is in it 2 times" in refusal(decode, data)


def test_names_in_a_zip_that_are_not_utf8(tmp_path):
    data = write(tmp_path / "data", both_classes({"benign/mamä.png": WHOLE}), zipfile.ZIP_STORED)
    content = data.read_bytes()
    data.write_bytes(content.replace("ä".encode(), b"\xff\xfe"))  # still flagged as UTF-8
    assert re.match(re.escape(str(data)) + ": neither a folder nor a whole zip.*: .*utf-8", refusal(decode, data))
    # As old archivers wrote them: bytes of some code page, without the flag.
    old = write(tmp_path / "old", both_classes({"benign/mam__.png": WHOLE}), zipfile.ZIP_STORED)
    old.write_bytes(old.read_bytes().replace(b"mam__", b"mam\xff\xfe"))
    assert len(decode(old)) == 3


def test_encrypted_members_are_all_listed(tmp_path):
    contents = both_classes({"benign/x": WHOLE, "malignant/y.png": WHOLE})
    content = bytearray(write(tmp_path / "data", contents, zipfile.ZIP_STORED).read_bytes())
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(start), bytes(content)):
            content[found.start() + flags] |= 1
    (tmp_path / "data.zip").write_bytes(content)
    message = refusal(decode, tmp_path / "data.zip")
    assert not [name for name in contents if not re.search(f"- {name}: can't be read: .*encrypted", message)]


def test_a_zip_that_was_cut_short(tmp_path):
    data = write(tmp_path / "data", both_classes({}), zipfile.ZIP_STORED)
    data.write_bytes(data.read_bytes()[:-40])
    assert f"{data}: neither a folder nor a whole zip; the download may be incomplete" in refusal(decode, data)


def test_a_member_is_unpacked_no_further_than_its_header_says(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "MOST_BYTES", 10_000)
    contents = both_classes({"benign/zeros.png": bytes(10_001), "malignant/z.png": bytes(20_000)})
    for data in (write(tmp_path / "a", contents, zipfile.ZIP_DEFLATED), write(tmp_path / "b", contents)):
        message = refusal(decode, data)
        assert "  - benign/zeros.png: 10,001 bytes unpacked, more than the 10,000 of any image" in message
        assert "2 of 4 images" in message and "malignant/z.png: 20,000 bytes" in message
    lying = write(tmp_path / "c", both_classes({"benign/zeros.png": bytes(9_000)}), zipfile.ZIP_DEFLATED)
    lying.write_bytes(lying.read_bytes().replace(struct.pack("<I", 9_000), struct.pack("<I", 9)))
    assert re.search(r"1 of 3 images.*\n  - benign/zeros.png: can't be read: Bad CRC", refusal(decode, lying))


def test_links_and_unreadable_names_are_all_listed(tmp_path):
    data = write(tmp_path / "data", both_classes({}))
    (data / "benign/loop").symlink_to(data)
    (data / "benign/self.png").symlink_to("self.png")
    (data / "malignant/gone.png").symlink_to("nowhere.png")
    (data / "malignant/good.png").symlink_to(data / "benign/whole.png")
    (data / "malignant/.hidden").symlink_to("nowhere")
    Path(f"{data}/benign/\udcff.png").write_bytes(WHOLE)
    message = refusal(decode, data)
    for name in ("benign/loop", "benign/self.png", "malignant/gone.png"):
        assert f"  - {name}: a link to a folder or to nothing" in message
    assert "  - benign/\\udcff.png: its name is not UTF-8" in message and message.count("\n") == 4


def test_an_empty_class_folder_is_listed_with_loose_images(tmp_path):
    contents = both_classes({"other/notes.txt": b"x", "loose.png": WHOLE})
    for data in (write(tmp_path / "data", contents), write(tmp_path / "zip", contents, zipfile.ZIP_STORED)):
        message = refusal(decode, data)
        assert "other: no image in this class folder" in message and "1 images lie outside" in message
    around = {f"around/{name}": content for name, content in both_classes({"empty/": b""}).items()}
    message = refusal(decode, write(tmp_path / "around", around, zipfile.ZIP_STORED))
    assert "  - around/empty: no image in this class folder" in message
