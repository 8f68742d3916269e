"""Example pictures of the audit's findings, from generated phantoms: python -m docs.finding_pictures [CODE ...].

For each code, a small data set with the planted fault is written and audited, and the finding is drawn as
docs/findings/<CODE>.png.
"""

import argparse
import functools
import io
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage

from analysis.audit.allow import accepted, read_allow_list
from analysis.audit.collection import collect
from analysis.audit.findings import Audit, Finding, examine
from analysis.drawing.sheets import Sheet, film
from analysis.drawing.style import GREY, use_style
from benchmarks.datasets import phantom
from benchmarks.datasets._files import resize
from benchmarks.errors import BadInput

FOLDER = Path(__file__).parent / "findings"
SIDE = 128  # pixels of a phantom
PITCH, GAP = 1.5, 0.1  # inches of a picture, between pictures
MOST = 3  # pictures of a finding
WAVE, MOVE, NOISE = 8.0, 5.0, 8.0  # pixels, pixels, grey levels: between two frames of one scan
LETTERS, LINE = 100, 0.13  # of a line of the message, inches of its height


def main() -> None:
    """Draw the pictures of the given codes, of all without any."""
    parser = argparse.ArgumentParser(description="Draw the example pictures of the audit's findings from phantoms.")
    parser.add_argument("codes", nargs="*", choices=[[], *PLANTS], metavar="CODE", help="codes (default: all)")
    use_style()
    for code in parser.parse_args().codes or PLANTS:
        with tempfile.TemporaryDirectory() as folder:
            audit = planted(code, Path(folder) / "data")
            finding = next(finding for finding in audit.findings if finding.code == code)
            content = io.BytesIO()
            draw(finding, audit).savefig(content, dpi=100)
            plt.close()
            Image.open(content).convert("RGB").quantize(32).save(FOLDER / f"{code}.png", optimize=True)


def planted(code: str, data: Path) -> Audit:
    """Write the data set of PLANTS for `code` into the folder `data`, and return its audit."""
    rows = PLANTS[code](five_films())
    for row in rows:
        path = data / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        image = row.pop("image")
        if image is None:
            path.write_bytes(b"not an image")
        else:
            Image.fromarray(image).save(path)
    if len(rows[0]) > 1:  # more than the file: a manifest
        pd.DataFrame(rows).to_csv(data / "manifest.csv", index=False)
    if code == "ALLOW001":
        (data.parent / "audit-allow.yaml").write_text("- {code: COPY001, files: [benign/9.png], reason: looked at}\n")
    audit = examine(collect([data]))
    allowed = read_allow_list(None, data.parent)
    return accepted(audit, allowed) if allowed else audit


@functools.cache
def five_films() -> list[np.ndarray]:
    """Return phantoms of different films, uint8 (SIDE, SIDE); the first two are of one patient."""
    phantoms = phantom.load({**phantom.OPTIONS, "patients": 24, "side": SIDE}, None, seed=1)
    upright = phantoms.samples[phantoms.samples["upright"]]
    first = upright[upright["patient"] == upright["patient"].value_counts().idxmax()]
    return [phantoms.native(row) for row in [*first.index, *upright.index.difference(first.index)][:5]]


def row(file: str, image: np.ndarray | None, **facts: str) -> dict:
    """Return a row of a data set; with `facts`, a row of its manifest. No `image` stands for a damaged file."""
    return {"file": file, "image": image, **facts}


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate an image, uint8 (S, S), counter-clockwise."""
    return np.asarray(Image.fromarray(image).rotate(degrees, resample=Image.Resampling.BILINEAR))


def changed(image: np.ndarray) -> np.ndarray:
    """Return an image mirrored, turned by 25 degrees and made smaller."""
    return resize(turned(image[:, ::-1], 25), 96)


def frame(image: np.ndarray) -> np.ndarray:
    """Return another exposure of what `image` shows: the tissue moved smoothly, with other noise."""
    rng = np.random.default_rng(1)
    height, width = image.shape
    moved = [ndimage.gaussian_filter(rng.normal(size=image.shape), WAVE) for _ in "yx"]
    rows, columns = np.mgrid[:height, :width].astype(float)
    places = [place + MOVE * move / np.abs(move).max() for place, move in zip((rows, columns), moved, strict=True)]
    tissue = ndimage.map_coordinates(image.astype(float), places, order=1)
    noise = ndimage.gaussian_filter(rng.normal(size=image.shape), 1)
    return np.clip(tissue + NOISE * noise / noise.std() * (tissue > 10), 0, 255).astype(np.uint8)


LABELS = ("benign", "malignant")


def classes(films: list[np.ndarray]) -> list[dict]:
    """Return class folders without a fault."""
    return [row("benign/1.png", films[0]), row("benign/2.png", films[2]), row("malignant/3.png", films[3])]


def parts(films: list[np.ndarray], image: np.ndarray, **facts: str) -> list[dict]:
    """Return a manifest with two films in train and one in test, and `image` with `facts` in test."""
    listed = [("1.png", films[0], "train"), ("2.png", films[2], "train"), ("3.png", films[3], "test")]
    rows = [row(name, film, label="benign", part=part) for name, film, part in listed]
    rows = [one | {fact: f"{fact[0]}{place + 1}" for fact in facts} for place, one in enumerate(rows)]
    return [*rows, row("4.png", image, label="benign", part="test", **facts)]


def copies(films: list[np.ndarray], fact: str) -> list[dict]:
    """Return a manifest with two copies that differ in `fact`."""
    images = (films[0], turned(films[0], 30), films[2])
    return [
        row(f"{place + 1}.png", image, label="benign", **{fact: f"{fact}-{place + 1}"})
        for place, image in enumerate(images)
    ]


PLANTS: dict[str, Callable[[list[np.ndarray]], list[dict]]] = {
    "LABEL001": lambda films: [*classes(films), row("malignant/4.png", turned(films[0], 30))],
    "LABEL002": lambda films: copies(films, "patient"),
    "LABEL003": lambda films: copies(films, "source"),
    "LEAK001": lambda films: parts(films, films[0]),
    "LEAK002": lambda films: parts(films, changed(films[0])),
    "LEAK003": lambda films: parts(films, films[1], patient="p1"),
    "LEAK004": lambda films: parts(films, films[1], source="s1"),
    "LEAK005": lambda films: parts(films, frame(films[0])),
    "SCAN001": lambda films: [*classes(films), row("benign/4.png", frame(films[0]))],
    "COPY001": lambda films: [*classes(films), row("benign/4.png", changed(films[0]))],
    "COPY002": lambda films: parts(films, turned(films[3], 90)),
    "DATA001": lambda films: [*classes(films), row("benign/4.png", np.zeros_like(films[0]))],
    "DATA002": lambda films: [*classes(films), row("benign/4.png", None)],
    "DATA003": lambda films: (
        [row(f"test/{one['file']}", one["image"]) for one in classes(films)] + [row("train/benign/4.png", films[4])]
    ),
    "DATA004": classes,
    "DATA005": lambda films: [
        row(f"{place + 1}.png", film, label=label, source="s1")
        for place, (film, label) in enumerate(zip(films, LABELS, strict=False))
    ],
    "ALLOW001": classes,
}


def draw(finding: Finding, audit: Audit) -> plt.Figure:
    """Draw the images of a finding, the first images of its data set if it names none, and its message."""
    samples = audit.collection.samples.set_index("sample")
    files = [*finding.files, *(name for name in samples.index if name not in finding.files)]
    shown = files[: len(finding.files) if 1 < len(finding.files) <= MOST else MOST]
    message = finding.message.replace(f"{audit.collection.base}/", "")
    lines = textwrap.wrap(message, LETTERS)
    sheet = Sheet(MOST * (PITCH + GAP) + GAP, PITCH + 0.75 + LINE * len(lines))
    sheet.text(GAP, 0.17, f"{finding.code}: {finding.about.title}", 8, weight="bold")
    for place, name in enumerate(shown):
        left = GAP + place * (PITCH + GAP)
        try:
            sheet.picture(left, 0.27, PITCH, film(resize(audit.collection.read(name), SIDE), SIDE))
        except BadInput:
            sheet.text(left + PITCH / 2, 0.3 + PITCH / 2, "can't be read", 7, GREY, ha="center")
        facts = [f"{fact} {samples.loc[name, fact]}" for fact in samples if fact != "path" and samples.loc[name, fact]]
        sheet.text(left, 0.27 + PITCH + 0.14, name, 7)
        sheet.text(left, 0.27 + PITCH + 0.28, ", ".join(facts), 6, GREY)
    for place, line in enumerate(lines):
        sheet.text(GAP, PITCH + 0.75 + LINE * place, line, 6.5)
    return sheet.figure


if __name__ == "__main__":
    main()
