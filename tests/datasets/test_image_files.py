"""Formats of image files: all are decoded to 8-bit grey, upright, with the brightness of a viewer."""

import numpy as np
import pytest
from datasets_input import manifest, own, refusal
from PIL import Image

from benchmarks.datasets._files import Files


def grey(tmp_path, picture: Image.Image, name: str, **options) -> list[list[int]]:
    picture.save(tmp_path / name, **options)
    return Files(tmp_path).image(name).tolist()


def test_colour_palette_and_transparency(tmp_path):
    # Luma is 0.299 R + 0.587 G + 0.114 B; half transparent over black is half as bright.
    colours = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    assert grey(tmp_path, colours, "rgb.png") == [[76, 150, 29]]
    assert grey(tmp_path, colours.quantize(4), "palette.png") == [[76, 150, 29]]
    see_through = np.array([[[200, 200, 200, 255], [200, 200, 200, 128], [200, 200, 200, 0]]], np.uint8)
    assert grey(tmp_path, Image.fromarray(see_through), "rgba.png") == [[200, 100, 0]]
    assert grey(tmp_path, Image.fromarray(see_through[..., 2:]), "la.png") == [[200, 100, 0]]
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([200, 200, 200, 90, 90, 90])
    assert grey(tmp_path, palette, "hole.png", transparency=0) == [[0, 90]]
    assert grey(tmp_path, Image.fromarray(np.array([[True, False]])), "bits.png") == [[255, 0]]
    cmyk = Image.new("CMYK", (8, 8), (0, 0, 0, 155))
    assert abs(np.array(grey(tmp_path, cmyk, "cmyk.jpg")) - 100).max() <= 2


def test_sixteen_bits(tmp_path):
    deep = Image.fromarray(np.array([[1000, 1500, 2000]], np.uint16))
    for name in ("deep.png", "deep.tif", "deep.pgm"):
        assert grey(tmp_path, deep, name) == [[0, 128, 255]], name
    # Three channels of 16 bits: the upper eight.
    rows = np.array([[[40000, 40000, 40000], [512, 512, 512]]], ">u2").tobytes()
    (tmp_path / "deep.ppm").write_bytes(b"P6 2 1 65535\n" + rows)
    assert Files(tmp_path).image("deep.ppm").tolist() == [[156, 2]]
    assert grey(tmp_path, Image.fromarray(np.array([[0.5, 0.75, 1.5]], np.float32)), "real.tif") == [[0, 64, 255]]
    message = refusal(grey, tmp_path, Image.fromarray(np.array([[0.5, np.nan]], np.float32)), "hole.tif")
    assert message.startswith("hole.tif: ") and "finite" in message


@pytest.mark.parametrize("name", ["turned.jpg", "turned.png", "turned.tif"])
def test_a_turned_photograph_is_turned_upright_and_its_boxes_fit(tmp_path, name):
    stored = np.zeros((16, 32), np.uint8)
    stored[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    image = np.array(grey(tmp_path, Image.fromarray(stored), name, exif=exif))
    assert image.shape == (32, 16) and image[:8, 8:].min() > 200 and image[9:].max() < 50 and image[:, :7].max() < 50
    assert Files(tmp_path).image_size(name) == (16, 32)
    Image.fromarray(stored).save(tmp_path / "other.png")
    samples = own(manifest(tmp_path, f"file,label,box\n{name},a,8 0 8 8\nother.png,b,8 0 8 8\n")).samples
    assert samples["boxes"].tolist() == [[[0.5, 0, 0.5, 0.25]], [[0.25, 0, 0.25, 0.5]]]


@pytest.mark.parametrize(("name", "kind"), [("two.tif", "TIFF"), ("two.gif", "GIF"), ("two.png", "PNG")])
def test_several_pages_are_refused(tmp_path, name, kind):
    first, second = (Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (0, 255))
    first.save(tmp_path / name, kind, save_all=True, append_images=[second])
    assert f"{name}: holds 2 pages or frames" in refusal(Files(tmp_path).image, name)
