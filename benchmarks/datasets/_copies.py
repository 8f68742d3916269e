"""The augmented copies of the published data: file names, and the transform of each copy number.

Reference: Huang & Lin, Data in Brief 2020, doi 10.1016/j.dib.2020.105928. The rule was inferred from the published
images: a copy is mirrored left to right or not, then rotated counter-clockwise about the centre of an unchanged canvas.
"""

import functools
import re
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

FILE_NAME = re.compile(r"^(\d{8})(?: \((\d+)\))?\.png$")
N_COPIES = 72
RULE = Path(__file__).with_name("copy_number_rule.csv")


def parse_name(name: str) -> tuple[str, int] | None:
    """Return source and copy number of a file name (no number means copy 1), None for any other name."""
    match = FILE_NAME.match(name)
    return (match[1], int(match[2] or 1)) if match else None


def file_name(source: str, copy: int) -> str:
    """Return the published file name of a copy."""
    return f"{source}.png" if copy == 1 else f"{source} ({copy}).png"


@functools.cache
def rule() -> pd.DataFrame:
    """Return the transform of every augmented copy.

    Columns severity (benign, malignant), copy (1..72), variant (original, clahe), reflected (bool), rotation (degrees
    counter-clockwise). In the published data, the order of the copies depends on the severity.
    """
    table = pd.read_csv(RULE).rename(columns={"copy_number": "copy", "rotation_ccw_deg": "rotation"})
    return table.astype({"reflected": bool})


def described_copies(sources: pd.DataFrame, copies: int = N_COPIES) -> pd.DataFrame:
    """Return one row a file of each source, with the first `copies` augmented copies.

    `sources` has the columns source, label and severity. New columns: folder (before, after), copy, variant, reflected,
    rotation, upright, sample. In `before`, copy 1 is the upright original and copy 2 the same with enhanced contrast;
    in `after`, the copies follow `rule()`.
    """
    numbers = [("before", 1), ("before", 2), *(("after", copy) for copy in range(1, copies + 1))]
    files = sources.merge(pd.DataFrame(numbers, columns=["folder", "copy"]), how="cross")
    before = pd.DataFrame({"copy": [1, 2], "variant": ["original", "clahe"], "reflected": False, "rotation": 0})
    before = before.merge(pd.DataFrame({"severity": rule()["severity"].unique()}), how="cross")
    known = pd.concat([before.assign(folder="before"), rule().assign(folder="after")])
    described = files.merge(known, on=["folder", "severity", "copy"], how="left", validate="many_to_one")
    names = [file_name(source, copy) for source, copy in zip(described["source"], described["copy"], strict=True)]
    return described.assign(
        upright=(described["folder"] == "before") & (described["copy"] == 1),
        sample=described["folder"] + "/" + described["label"] + "/" + pd.Series(names),
    )


def transform_image(image: np.ndarray, reflected: bool, rotation: int) -> np.ndarray:
    """Mirror and rotate a uint8 image (H, W) like a published copy; pixels outside the original are black."""
    picture = Image.fromarray(image[:, ::-1] if reflected else image)
    return np.asarray(picture.rotate(rotation, resample=Image.Resampling.BILINEAR))


def transform_mask(mask: np.ndarray, reflected: bool, rotation: int) -> np.ndarray:
    """Mirror and rotate a bool mask (H, W) like a published copy."""
    return transform_image(mask.astype(np.uint8) * 255, reflected, rotation) >= 128


def transform_boxes(boxes: list[list[float]], reflected: bool, rotation: int) -> list[list[float]]:
    """Mirror and rotate boxes [x, y, w, h], fractions of the side of a square image.

    The result is the upright box around the rotated corners, clipped at the edge; boxes outside the image are dropped.
    """
    angle = np.deg2rad(rotation)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # the y axis points down
    moved = []
    for x, y, width, height in boxes:
        left = 1 - x - width if reflected else x
        corners = np.array([(left + i * width, y + j * height) for i in (0, 1) for j in (0, 1)])
        turned = np.clip((corners - 0.5) @ turn.T + 0.5, 0, 1)
        low, high = turned.min(axis=0), turned.max(axis=0)
        if (high > low).all():
            moved.append([float(value) for value in (*low, *(high - low))])
    return moved
