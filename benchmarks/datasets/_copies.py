"""The published copies: what number n of a source is, and the transform that made it.

Reference: Huang & Lin, Data in Brief 2020, doi 10.1016/j.dib.2020.105928. The rule was read off the published images:
a copy is mirrored left to right or not, then turned counter-clockwise about the centre of the unchanged canvas.
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
    """Source and copy number of a file name, None if it isn't one; no number means copy 1."""
    match = FILE_NAME.match(name)
    return (match[1], int(match[2] or 1)) if match else None


def file_name(source: str, copy: int) -> str:
    """The published name of a copy."""
    return f"{source}.png" if copy == 1 else f"{source} ({copy}).png"


@functools.cache
def rule() -> pd.DataFrame:
    """The transform of every augmented copy.

    Columns severity (benign, malignant), copy (1..72), variant (original, clahe), reflected (bool), rotation (degrees
    counter-clockwise). The order of the copies depends on the severity, an artefact of the published data.
    """
    table = pd.read_csv(RULE).rename(columns={"copy_number": "copy", "rotation_ccw_deg": "rotation"})
    return table.astype({"reflected": bool})


def describe(files: pd.DataFrame) -> pd.DataFrame:
    """Add the columns variant, reflected, rotation and upright to `files`.

    `files` has the columns folder (before, after), copy and severity. In `before`, copy 1 is the upright original and
    copy 2 its contrast-enhanced version; in `after`, the copies follow `rule()`.
    """
    before = pd.DataFrame({"copy": [1, 2], "variant": ["original", "clahe"], "reflected": False, "rotation": 0})
    before = before.merge(pd.DataFrame({"severity": rule()["severity"].unique()}), how="cross")
    known = pd.concat([before.assign(folder="before"), rule().assign(folder="after")])
    described = files.merge(known, on=["folder", "severity", "copy"], how="left", validate="many_to_one")
    return described.assign(upright=(described["folder"] == "before") & (described["copy"] == 1))


def transform_image(image: np.ndarray, reflected: bool, rotation: int) -> np.ndarray:
    """Mirror and turn a uint8 image (H, W) as the published copies were; corners that come free are black."""
    picture = Image.fromarray(image[:, ::-1] if reflected else image)
    return np.asarray(picture.rotate(rotation, resample=Image.Resampling.BILINEAR))


def transform_boxes(boxes: list[list[float]], reflected: bool, rotation: int) -> list[list[float]]:
    """Carry boxes [x, y, w, h], fractions of the side of a square image, through the transform.

    A turned box is the upright box around its turned corners, cut at the image's edge; boxes that leave the image go.
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
