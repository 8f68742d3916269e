"""Figures of Grad-CAM: the gallery of probes, and where the heat lies.

Grad-CAM: Selvaraju et al., ICCV 2017, doi 10.1109/ICCV.2017.74.
"""

import json
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from analysis.explain import CONFIDENT
from analysis.gradcam_summary import REGIONS
from analysis.style import FAINT, FULL_WIDTH, GREY, INK, WRONG, looks, short_names
from benchmarks.study import Study

HEAT = plt.get_cmap("plasma")
OPACITY = 0.6  # of the hottest pixel; the coldest leaves the image as it is
SIDE = 80  # pixels of an embedded cell: sharp enough in print, small enough for one HTML file
ROWS_A_PAGE = 8  # probes on a page of the PDF
CELL_HEIGHT = 1.2  # inches, its title included
BREAST, LESION = "#ffffff", "#00e5ff"
MARKS = f"✗ and a frame: wrong answer.  ?: low confidence, below {CONFIDENT}."


def n_pages(n_probes: int) -> int:
    """How many pages the PDF of a gallery of `n_probes` has."""
    return max(1, math.ceil(n_probes / ROWS_A_PAGE))


class Gallery:
    """All that the gallery of one protocol shows: the probes shown, images, heat maps and what each cell answered."""

    def __init__(self, study: Study, protocol: str, probes: pd.DataFrame, answers: pd.DataFrame):
        results = study.results()
        self.names = sorted(study.architectures)
        self.sizes = {name: study.size_of(name) for name in self.names}
        self.probes = probes[probes["shown"]].sort_values("probe")
        self.answers = answers.set_index(["architecture", "probe"]).sort_index()
        self.layers = {
            name: f"layer {layer}" for name, layer in answers.groupby("architecture")["layer"].first().items()
        }
        self.short = short_names(json.loads((results / "dataset.json").read_text())["classes"])
        self.images = {size: np.load(results / f"images_{size}.npy", mmap_mode="r") for size in study.sizes()}
        self.masks = {size: np.load(results / f"masks_{size}.npy", mmap_mode="r") for size in study.sizes()}
        self.maps = {name: _maps(results / "cams" / f"{name}.npz", protocol) for name in self.names}
        samples = pd.read_parquet(results / "samples.parquet", columns=["row", "boxes"])
        self.boxes = samples.set_index("row")["boxes"]

    def figure(self, probes: pd.DataFrame) -> Figure:
        """Draw `probes`, a row each: the image, then every architecture's heat map on it."""
        n_columns = 1 + len(self.names)
        height = CELL_HEIGHT * len(probes) + 0.77
        width = max(FULL_WIDTH, 1.0 * n_columns + 0.2)
        figure = plt.figure(figsize=(width, height))
        right = min(0.995, 1.02 * n_columns / width)  # few columns stay together at the left
        top, bottom = 1 - 0.39 / height, 0.36 / height
        grid = figure.subplots(
            len(probes),
            n_columns,
            squeeze=False,
            gridspec_kw={"left": 0.005, "right": right, "top": top - 0.13 / height, "bottom": bottom},
        )
        figure.subplots_adjust(wspace=0.05, hspace=0.2)
        for row, probe in zip(grid, probes.itertuples(), strict=True):
            self._row(row, probe)
        for axes, title in zip(grid[0], ["image", *self.names], strict=True):
            place = axes.get_position()
            middle = (place.x0 + place.x1) / 2
            figure.text(middle, top + 0.22 / height, title, ha="center", weight="bold", fontsize=8)
            layer = self.layers.get(title, "")
            figure.text(middle, top + 0.1 / height, layer, ha="center", fontsize=6, color=GREY)
        self._key(figure, height)
        return figure

    def _row(self, row: np.ndarray, probe) -> None:
        size = max(self.sizes.values())
        image = shrunk(np.asarray(self.images[size][probe.row]))
        breast = shrunk(np.asarray(self.masks[size][probe.row]) * 255) > 127
        boxes = self.boxes[probe.row]
        truth = self.short.get(probe.label, probe.label)
        _draw(row[0], np.repeat(image[..., None], 3, axis=2), breast, boxes, f"true: {truth}", INK, None)
        for axes, name in zip(row[1:], self.names, strict=True):
            answer = self.answers.loc[(name, probe.probe)]
            own = shrunk(np.asarray(self.images[self.sizes[name]][probe.row]))
            heat = self.maps[name][list(self.probes["probe"]).index(probe.probe)]
            title, colour = answer_title(answer, self.short)
            frame = None if answer["correct"] else WRONG
            _draw(axes, overlay(own, heat), breast, boxes, title, colour, frame)

    def _key(self, figure: Figure, height: float) -> None:
        colour_bar(figure, 0.2 / height, height)
        text = f"heat, from none to the map's hottest pixel.  {MARKS}  White outline: breast."
        if any(len(self.boxes[row]) for row in self.probes["row"]):
            text += "  Blue box: lesion."
        figure.text(0.125, 0.2 / height, text, fontsize=6.5, color=GREY, va="bottom")


def answer_title(answer: pd.Series, short: dict[str, str]) -> tuple[str, str]:
    """Class and probability of a row of tables/gradcam.csv, marked if wrong or of low confidence, and their colour."""
    marks = ["✗"] * (not answer["correct"]) + ["?"] * (not answer["confident"])
    text = f"{short.get(answer['predicted'], 'no answer')} {answer['probability']:.2f}"
    return " ".join([*marks, text]), INK if answer["correct"] else WRONG


def colour_bar(figure: Figure, bottom: float, height: float) -> None:
    """The scale of heat at the left of `figure`, which is `height` inches high."""
    axes = figure.add_axes((0.01, bottom, 0.105, 0.07 / height))
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), HEAT), cax=axes, orientation="horizontal", ticks=[0, 1])
    bar.ax.tick_params(labelsize=6, length=2, pad=1)
    bar.outline.set_linewidth(0.4)


def _maps(path: Path, protocol: str) -> np.ndarray:
    with np.load(path) as arrays:
        return arrays[protocol]


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay `heat`, float (S, S) in 0..1, over `image`, uint8 (H, W): uint8 RGB (H, W, 3), opaque where it is hot."""
    side = image.shape[::-1]
    resized = Image.fromarray(heat.astype(np.float32)).resize(side, Image.Resampling.BILINEAR)
    heat = np.clip(np.asarray(resized), 0, 1)[..., None]
    colour = HEAT(heat[..., 0])[..., :3] * 255
    mixed = image[..., None] * (1 - OPACITY * heat) + colour * OPACITY * heat
    return np.round(mixed).astype(np.uint8)


def shrunk(image: np.ndarray) -> np.ndarray:
    """`image` (S, S), 0..255, as uint8 with a side of SIDE at most."""
    side = min(SIDE, len(image))
    return np.asarray(Image.fromarray(image.astype(np.uint8)).resize((side, side), Image.Resampling.BOX))


def _draw(axes, pixels: np.ndarray, breast: np.ndarray, boxes, title: str, colour: str, frame: str | None) -> None:
    axes.imshow(pixels, interpolation="none", extent=(0, 1, 1, 0))
    if breast.any() and not breast.all():
        centres = [(np.arange(n) + 0.5) / n for n in breast.shape[::-1]]
        axes.contour(*centres, breast, levels=[0.5], colors=BREAST, linewidths=0.4)
    for x, y, w, h in boxes:
        axes.add_patch(plt.Rectangle((x, y), w, h, fill=False, edgecolor=LESION, linewidth=0.8))
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[], aspect="equal")
    axes.set_title(title, fontsize=6.5, color=colour, pad=2)
    axes.spines[:].set_visible(frame is not None)
    axes.spines[:].set(color=frame or "none", linewidth=1.2)


def gallery(study: Study, protocol: str, probes: pd.DataFrame, answers: pd.DataFrame) -> tuple[Figure, list[Figure]]:
    """The gallery of `protocol` as one long figure, and in pages of `ROWS_A_PAGE` probes.

    `probes` and `answers` hold the protocol's rows of tables/probes.csv and tables/gradcam.csv.
    """
    drawn = Gallery(study, protocol, probes, answers)
    pages = [drawn.probes.iloc[start : start + ROWS_A_PAGE] for start in range(0, len(drawn.probes), ROWS_A_PAGE)]
    return drawn.figure(drawn.probes), [drawn.figure(page) for page in pages]


def shares(answers: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Share of the heat that lies in the breast and in the lesion against the share of the image these cover.

    `answers` is tables/gradcam.csv. A point a probe; above the diagonal, the heat lies there more than by chance.
    """
    style = looks(architectures)
    regions = [name for name, (heat, _) in REGIONS.items() if answers[heat].notna().any()]
    figure = plt.figure(figsize=(FULL_WIDTH, 2.3 * max(1, len(regions)) + 0.35), layout="constrained")
    grid = figure.subplots(max(1, len(regions)), len(protocols), squeeze=False)
    for row, region in zip(grid, regions, strict=False):
        heat, area = REGIONS[region]
        most = 1.0 if region == "breast" else max(0.1, 1.15 * answers[area].max())
        for axes, protocol in zip(row, protocols, strict=True):
            axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=(0, (3, 2)))
            for name in sorted(architectures):
                points = answers[(answers["architecture"] == name) & (answers["protocol"] == protocol)]
                colour, marker = style[name]
                axes.plot(
                    points[area], points[heat], color=colour, marker=marker, linestyle="", markersize=4, alpha=0.8
                )
            axes.set(xlim=(0, most), ylim=(-0.03, 1.03), xlabel=f"area of the {region} (share of image)")
            axes.set_ylabel(f"heat in the {region}" if protocol == protocols[0] else "")
            axes.grid(color=FAINT, linewidth=0.5)
            axes.set_title(protocol if region == regions[0] else "", loc="left", weight="bold")
    if not regions:
        for axes in grid.flat:
            axes.text(0.5, 0.5, "not evaluable", ha="center", color=GREY)
            axes.set_axis_off()
    handles = [plt.Line2D([], [], color=c, marker=m, linestyle="", markersize=4) for c, m in style.values()]
    figure.legend(handles, list(style), loc="outside upper left", ncols=min(7, len(handles)), handletextpad=0.1)
    return figure
