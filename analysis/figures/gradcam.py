"""Figures of Grad-CAM: gallery of a protocol, maps beside the published method, and location of the saliency.

Grad-CAM: Selvaraju et al., ICCV 2017, doi 10.1109/ICCV.2017.74.
"""

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from analysis.drawing.panels import in_pages, label_rows, not_evaluable
from analysis.drawing.sheets import BREAST, LESION, SCALE, Sheet, film
from analysis.drawing.style import FULL_WIDTH, GREY, INK, WRONG, intervals, key, looks, short_names
from analysis.explanations.explain import CONFIDENT
from analysis.explanations.gradcam_summary import REGIONS
from analysis.explanations.heatmaps import METHODS
from analysis.names import named
from analysis.predictions import read_classes
from benchmarks import stored
from benchmarks.study.study import Study

ROWS_A_PAGE = 8  # probes on a page of the PDF
ROW, COLUMN, PICTURE = 1.14, 1.02, 0.98  # inches
HEAD, FOOT = 0.36, 0.36  # inches
TITLES = {"first": "1st class", "second": "2nd class", "shuffled": "1st, permuted"}
NAMES = {"published": "published", "gradcam": "Grad-CAM"}
PALE = 0.35  # opacity of the spread of the probes
MIDDLE = (0.05, 0.95)  # quantiles of the probes at the ends of the spread
WRONG_OR_UNSURE = f"✗: wrong prediction.  ?: low confidence, below {CONFIDENT}."


def n_pages(n_probes: int) -> int:
    """Return the number of pages of the PDF of a gallery of `n_probes`."""
    return max(1, math.ceil(n_probes / ROWS_A_PAGE))


def answer_title(answer: Mapping[str, Any] | pd.Series, short: dict[str, str]) -> tuple[str, str]:
    """Return class and probability of a row of tables/gradcam.csv, with marks for wrong and unsure, and the colour."""
    marks = ["✗"] * (not answer["correct"]) + ["?"] * (not answer["confident"])
    text = f"{short.get(answer['predicted'], 'no answer')} {answer['probability']:.2f}"
    return " ".join([*marks, text]), INK if answer["correct"] else WRONG


def gallery(study: Study, protocol: str, probes: pd.DataFrame, answers: pd.DataFrame) -> tuple[Figure, list[Figure]]:
    """The gallery of `protocol` as one long figure, and in pages of `ROWS_A_PAGE` probes.

    `probes` and `answers` hold the protocol's rows of tables/probes.csv and tables/gradcam.csv.
    """
    shown = probes[probes["shown"]].sort_values("probe").reset_index(drop=True)
    return in_pages(Gallery(study, protocol, answers).figure, shown, ROWS_A_PAGE)


class Gallery:
    """Images, saliency maps and answers of one protocol.

    `answers` holds the protocol's rows of tables/gradcam.csv.
    """

    def __init__(self, study: Study, protocol: str, answers: pd.DataFrame):
        results = study.results()
        self.names = sorted(study.architectures)
        self.left = [0.04 + COLUMN * column for column in range(1 + len(self.names))]  # inches, of each column
        self.sizes = {name: study.size_of(name) for name in self.names}
        self.answers = answers.set_index(["architecture", "probe"]).sort_index()
        self.layers = answers.groupby("architecture")["layer"].first()
        self.short = short_names(read_classes(study))
        self.images = {size: stored.array(results / f"images_{size}.npy") for size in study.sizes()}
        self.masks = stored.array(results / f"masks_{max(study.sizes())}.npy")
        self.maps = {name: stored.arrays(results / "cams" / f"{name}.npz")[protocol] for name in self.names}
        samples = stored.table(results / "samples.parquet", columns=["row", "boxes"])
        self.boxes = samples.set_index("row")["boxes"]

    def figure(self, probes: pd.DataFrame) -> Figure:
        """Draw `probes`, a row for each: the image, then the saliency map of every architecture.

        The index of `probes` is the place of each probe in the arrays of maps.
        """
        height = HEAD + ROW * len(probes) + FOOT
        sheet = Sheet(max(FULL_WIDTH, COLUMN * (1 + len(self.names)) + 0.06), height)
        for x, name in zip(self.left, ["image", *self.names], strict=True):
            middle = x + PICTURE / 2
            sheet.text(middle, 0.14, named(name), 8, ha="center", weight="bold")
            if layer := self.layers.get(name):
                sheet.text(middle, 0.25, f"layer {layer}", colour=GREY, ha="center")
        for number, (place, probe) in enumerate(probes.iterrows()):
            self._row(sheet, HEAD + ROW * number + 0.12, place, probe)
        sheet.scale(0.06, height - 0.29)
        boxed = any(len(self.boxes[row]) for row in probes["row"])
        marks = "White line: breast." + ("  Blue box: lesion." if boxed else "")
        sheet.text(1.0, height - 0.21, SCALE, colour=GREY)
        sheet.text(1.0, height - 0.09, f"{WRONG_OR_UNSURE.replace(':', ' and frame:', 1)}  {marks}", colour=GREY)
        return sheet.figure

    def _row(self, sheet: Sheet, top: float, place: int, probe: pd.Series) -> None:
        true = f"true: {self.short.get(probe['label'], probe['label'])}"
        sheet.text(self.left[0] + PICTURE / 2, top - 0.03, true, 6.5, ha="center")
        sheet.picture(self.left[0], top, PICTURE, film(self.images[max(self.sizes.values())][probe["row"]]))
        for x, name in zip(self.left[1:], self.names, strict=True):
            answer, image = self.answers.loc[(name, probe["probe"])], self.images[self.sizes[name]][probe["row"]]
            title, colour = answer_title(answer, self.short)
            sheet.text(x + PICTURE / 2, top - 0.03, title, 6.5, colour, ha="center")
            sheet.heat(x, top, PICTURE, image, self.maps[name][place])
            if not answer["correct"]:
                sheet.frame(x, top, PICTURE, WRONG)
        corners = [(x, top) for x in self.left]
        sheet.outline(corners, PICTURE, np.asarray(self.masks[probe["row"]]) > 0, **BREAST)
        sheet.boxes(corners, PICTURE, self.boxes[probe["row"]], **LESION)


def published_maps(study: Study) -> Figure:
    """A probe, three published maps and three Grad-CAM maps; a row for each architecture trained as published."""
    names = sorted(study.published_architectures())
    height = 0.36 + len(names) + 0.32
    sheet = Sheet(FULL_WIDTH, height)
    kinds = [(method, what) for method in METHODS for what in TITLES]
    for column, title in enumerate(["image", *(f"{NAMES[method]}\n{TITLES[what]}" for method, what in kinds)]):
        sheet.text(0.2 + column + 0.48, 0.31, title, 7, ha="center")
    for number, name in enumerate(names):
        top = 0.36 + number
        sheet.text(0.1, top + 0.48, named(name), 7, ha="center", va="center", rotation=90, weight="bold")
        maps = stored.arrays(study.results() / "cams" / f"{name}_heatmaps.npz")
        image = maps["image"].astype(np.uint8)
        sheet.picture(0.2, top, 0.96, film(image))
        for column, (method, what) in enumerate(kinds, start=1):
            sheet.heat(0.2 + column, top, 0.96, image, maps[f"{method}_{what}"])
    sheet.scale(0.26, height - 0.26)
    sheet.text(1.2, height - 0.18, f"{SCALE}  Permuted: the classifier's weights.", colour=GREY)
    return sheet.figure


def shares(summary: pd.DataFrame, answers: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Mean share of the saliency in a region minus the region's share of the image, with a 95% interval.

    `summary` is tables/gradcam_summary.csv, `answers` tables/gradcam.csv. A panel for each region and protocol, a row
    for each architecture, and a pale line for the middle 90% of the probes.
    """
    style = looks(architectures)
    regions = [region for region in REGIONS if (summary["region"].eq(region) & summary["difference"].notna()).any()]
    if not regions:
        return not_evaluable()
    size = (FULL_WIDTH, len(regions) * (0.16 * len(style) + 0.6) + 0.3)
    figure, grid = plt.subplots(
        len(regions), len(protocols), figsize=size, squeeze=False, sharex="row", sharey=True, layout="constrained"
    )
    for panels, region in zip(grid, regions, strict=True):
        heat, area = REGIONS[region]
        for axes, protocol in zip(panels, protocols, strict=True):
            means = summary[(summary["region"] == region) & (summary["protocol"] == protocol)]
            probes = answers[answers["protocol"] == protocol]
            spread = (probes[heat] - probes[area]).groupby(probes["architecture"]).quantile(MIDDLE).unstack()
            for y, (name, look) in enumerate(style.items()):
                for row in means[(means["architecture"] == name) & means["difference"].notna()].itertuples():
                    axes.hlines(y, *spread.loc[name], color=look[0], linewidth=4.5, alpha=PALE)
                    intervals(axes, y, row.difference, row.ci_low, row.ci_high, look)
                if means.loc[means["architecture"] == name, "difference"].isna().all():
                    axes.text(0, y, "not evaluable", ha="center", va="center", fontsize=6, color=GREY)
            axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set(ylim=(len(style) - 0.4, -0.6), xlabel=f"saliency in the {region} minus its area")
            label_rows(axes, list(style))
            axes.set_title(protocol if region == regions[0] else "")
    handles = {
        "mean over probes (95% CI)": key("o", linestyle="-", linewidth=1.4),
        "middle 90% of the probes": Line2D([], [], color=INK, linewidth=4.5, alpha=PALE),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2)
    return figure
