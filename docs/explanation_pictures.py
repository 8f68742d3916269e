"""Pictures of the pages that explain, from generated phantoms alone: python -m docs.explanation_pictures [NAME ...].

Writes docs/<name>.png for leakage, protocols, intervals, positive_control and edits. No model is trained.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle
from PIL import Image

from analysis.bootstrap import interval, resampled_means
from analysis.drawing.sheets import Sheet, film
from analysis.drawing.style import COLOURS, FULL_WIDTH, GREY, use_style
from analysis.explanations import edits
from benchmarks.datasets import Dataset, phantom, planted
from benchmarks.protocols import Splitting, by_patient, by_source, published
from benchmarks.samples.lesion import plant

DOCS = Path(__file__).parent
SIDE = 128  # pixels of a phantom
PITCH, GAP = 1.16, 0.08  # inches of a picture, between pictures
PARTS = dict(zip(("train", "validation", "test"), (COLOURS[0], COLOURS[1], COLOURS[3]), strict=True))
RULES = {"published": published, "by_source": by_source, "by_patient": by_patient}
SETTINGS: dict = {"dataset": {"name": "phantom"}, "training": {"images": "shipped"}, "external": {}}  # of a study
SHOWN_PATIENTS, SHOWN_COPIES = 8, 6
CONTRASTS = (0, 10, 20, 40, 60)  # percent
PATIENTS, FILMS = 20, 6  # of the simulated test part
RESAMPLES = 5000


def main() -> None:
    """Draw the named pictures, all without a name."""
    parser = argparse.ArgumentParser(description="Draw the pictures of the pages that explain.")
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], metavar="NAME", help="pictures (default: all)")
    use_style()
    for name in parser.parse_args().names or PICTURES:
        content = io.BytesIO()
        PICTURES[name]().savefig(content, dpi=130)
        plt.close()
        Image.open(content).convert("RGB").quantize(64).save(DOCS / f"{name}.png", optimize=True)


def phantoms() -> Dataset:
    """Return the phantoms of 40 patients, with augmented copies like the published ones."""
    return phantom.load({**phantom.OPTIONS, "side": SIDE, "evidence": 1.0}, None, seed=1)


def parts(samples: pd.DataFrame, protocol: str) -> pd.Series:
    """Return the part of each sample, by its name, in the first fold of `protocol`; copies stay with their source."""
    study = Splitting(path=Path("demo.yaml"), seed=1, folds=3, repeats=1, **SETTINGS)
    folds = RULES[protocol].split(samples, study)
    return folds[folds["fold"] == 0].set_index("sample")["part"]


def legend(sheet: Sheet, x: float, y: float) -> None:
    """Write the names of the parts beside squares of their colours."""
    for place, (part, colour) in enumerate(PARTS.items()):
        sheet.axes.add_patch(Rectangle((x + 0.9 * place, y - 0.1), 0.12, 0.12, color=colour))
        sheet.text(x + 0.9 * place + 0.17, y, part, 7.5)


def leakage() -> plt.Figure:
    """Draw copies of one source, framed by the part that each is in, under `published` and `by_patient`."""
    data = phantoms()
    samples = data.samples
    before = parts(samples, "published")
    tested = before[before == "test"].index
    source = samples[samples["sample"].isin(tested)]["source"].iloc[0]
    own = samples[samples["source"] == source]
    films = [own[own["sample"].isin(tested)].index[0]]
    for part in ("train", "validation", "train", "train", "train"):
        of_part = own[own["sample"].map(before) == part].index.difference(films)
        films.append(of_part[len(films) * 2 % len(of_part)])
    sheet = Sheet(6 * (PITCH + GAP) + GAP, 2 * (PITCH + 0.55) + 0.05)
    honest = parts(samples, "by_patient")
    for row, (title, of) in enumerate(
        (
            ("published: one film and its augmented copies are in all three parts", before),
            ("by_patient: the film and all of its copies are in one part", honest),
        )
    ):
        top = row * (PITCH + 0.55) + 0.35
        sheet.text(GAP, top - 0.13, title, 8.5, weight="bold")
        for place, index in enumerate(films):
            left = GAP + place * (PITCH + GAP)
            part = of.get(samples.loc[index, "sample"]) or _one(of, own["sample"])
            sheet.picture(left, top, PITCH, film(data.native(index), SIDE))
            sheet.axes.add_patch(
                Rectangle((left, top), PITCH, PITCH, fill=False, edgecolor=PARTS[part], linewidth=3, zorder=5)
            )
            sheet.text(left + 0.03, top + PITCH + 0.15, part, 8, PARTS[part], weight="bold")
    return sheet.figure


def _one(of: pd.Series, names: pd.Series) -> str:
    """Return the only part that samples of these names are in."""
    (part,) = set(of.reindex(names).dropna())
    return part


def protocols() -> plt.Figure:
    """Draw the parts of eight patients' files as squares, for each protocol: one row a film."""
    samples = phantoms().samples
    several = samples.groupby("patient")["source"].nunique()
    shown = samples[samples["patient"].isin(several[several > 1].index[:SHOWN_PATIENTS])]
    sources = shown.drop_duplicates("source").sort_values(["patient", "source"])
    cell, width = 0.155, 2.3
    sheet = Sheet(FULL_WIDTH, 0.95 + cell * (len(sources) + SHOWN_PATIENTS * 0.4))
    legend(sheet, 4.4, 0.2)
    sheet.text(0.1, 0.2, "one row: a film with six augmented copies", 7.5, GREY)
    for column, protocol in enumerate(RULES):
        of = parts(samples, protocol)
        left, top = 0.75 + column * width, 0.72
        sheet.text(left, top - 0.12, protocol, 9, weight="bold")
        last = None
        for row in sources.itertuples():
            if row.patient != last:
                top += 0.4 * cell
                if not column:
                    sheet.text(0.1, top + 0.7 * cell, f"patient {int(row.patient[-4:])}", 7)
            last = row.patient
            own = shown[shown["source"] == row.source]
            upright = own[own["upright"]]["sample"]
            copies = own[(own["folder"] == "after") & ~own["upright"]]["sample"].iloc[:: 24 // SHOWN_COPIES]
            for place, name in enumerate([*upright, *copies[:SHOWN_COPIES]]):
                part = of.get(name)
                if part:
                    x = left + place * cell * 1.15 + (0.08 if place else 0)
                    sheet.axes.add_patch(Rectangle((x, top), cell, cell * 0.85, color=PARTS[part]))
            top += cell
    return sheet.figure


def intervals() -> plt.Figure:
    """Draw resampled accuracies of simulated answers, with images and with patients as independent units."""
    rng = np.random.default_rng(1)
    chance = rng.beta(0.8, 0.8, PATIENTS)  # of a right answer; the films of a patient resemble one another
    right = pd.Series((rng.random((PATIENTS, FILMS)) < chance[:, None]).ravel().astype(float))
    units = {
        f"{PATIENTS * FILMS} films as units": pd.Series(range(len(right))).astype(str),
        f"{PATIENTS} patients as units": pd.Series(np.repeat(range(PATIENTS), FILMS)).astype(str),
    }
    figure, axes = plt.subplots(2, 1, figsize=(FULL_WIDTH * 0.8, 3.2), sharex=True, layout="constrained")
    for panel, (title, unit), colour in zip(axes, units.items(), (GREY, COLOURS[0]), strict=True):
        drawn = resampled_means(right, unit, RESAMPLES, seed=1)
        limits = interval(drawn, unit.nunique(), "unit")
        panel.hist(drawn, bins=np.arange(0.2, 0.91, 0.0125) - 0.00625, color=colour, alpha=0.5)
        panel.axvline(right.mean(), color=colour)
        panel.hlines(0, limits.low, limits.high, color=colour, linewidth=5)
        panel.set_title(f"{title}: {right.mean():.2f} (95% CI {limits.low:.2f}-{limits.high:.2f})")
        panel.set_yticks([])
    axes[1].set_xlabel("accuracy in a resample")
    return figure


def positive_control() -> plt.Figure:
    """Draw one phantom with a planted lesion of growing contrast."""
    data = phantom.load({**phantom.OPTIONS, "side": SIDE}, None, seed=1)
    index = next(row.Index for row in data.samples.itertuples() if row.upright and row.density == 2)
    assert data.mask
    image, breast = data.native(index), data.mask(index, SIDE)
    pictures = {f"contrast {c} %": plant(image, breast, c, seed=3, sample="phantom") for c in CONTRASTS}
    return _row(pictures)


def edited() -> plt.Figure:
    """Draw a phantom with a film label, and the edits that ask whether an answer depends on label or lesion."""
    data = planted.load({**planted.OPTIONS, "side": SIDE}, None, seed=1)
    index = next(
        row.Index for row in data.samples.itertuples() if row.severity == "malignant" and row.laterality == "L"
    )
    assert data.mask
    image, breast = data.native(index).astype(np.float32), data.mask(index, SIDE).astype(bool)
    lesion = np.zeros_like(breast)
    x, y, width, height = np.array(data.samples.loc[index, "boxes"][0]) * SIDE
    lesion[int(y) : int(y + height) + 1, int(x) : int(x + width) + 1] = True
    label = ~breast & (image > 100)
    elsewhere = edits.matched_area(breast & ~lesion, int(lesion.sum()), np.random.default_rng(4))
    pictures = {
        "film with label": image,
        "label erased": edits.erase(image, edits_around(label)),
        "lesion erased": edits.erase(image, lesion),
        "erased elsewhere": edits.erase(image, elsewhere),
        "mirrored": image[:, ::-1],
    }
    return _row({title: picture.astype(np.uint8) for title, picture in pictures.items()})


def edits_around(region: np.ndarray) -> np.ndarray:
    """Return the bounding box of a region, bool (S, S), two pixels wider."""
    rows, columns = np.nonzero(region)
    box = np.zeros_like(region)
    box[max(rows.min() - 2, 0) : rows.max() + 3, max(columns.min() - 2, 0) : columns.max() + 3] = True
    return box


def _row(pictures: dict[str, np.ndarray]) -> plt.Figure:
    """Draw pictures, uint8 (S, S), side by side, each with its title below."""
    side = 1.4
    sheet = Sheet(len(pictures) * (side + GAP) + GAP, side + 0.38)
    for place, (title, picture) in enumerate(pictures.items()):
        left = GAP + place * (side + GAP)
        sheet.picture(left, GAP, side, film(np.ascontiguousarray(picture), SIDE))
        sheet.text(left, GAP + side + 0.18, title, 8.5)
    return sheet.figure


PICTURES: dict[str, Callable[[], plt.Figure]] = {
    "leakage": leakage,
    "protocols": protocols,
    "intervals": intervals,
    "positive_control": positive_control,
    "edits": edited,
}


if __name__ == "__main__":
    main()
