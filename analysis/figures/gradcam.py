"""Gallery of Grad-CAM maps: the probes of a protocol, and the answer and saliency map of every architecture.

Grad-CAM: Selvaraju et al., ICCV 2017, doi 10.1109/ICCV.2017.74.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.panels import in_pages
from analysis.drawing.sheets import BREAST, LESION, SCALE, Sheet, film
from analysis.drawing.style import FULL_WIDTH, GREY, INK, WRONG, short_names
from analysis.explanations.explain import CONFIDENT
from analysis.predictions import read_classes
from benchmarks import stored
from benchmarks.study.study import Study

ROWS_A_PAGE = 8  # probes on a page of the PDF
ROW, COLUMN, PICTURE = 1.14, 1.02, 0.98  # inches
HEAD, FOOT = 0.36, 0.36  # inches
WRONG_OR_UNSURE = f"✗: wrong answer.  ?: low confidence, below {CONFIDENT}."


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
        for column, name in enumerate(["image", *self.names]):
            middle = _left(column) + PICTURE / 2
            sheet.text(middle, 0.14, name, 8, ha="center", weight="bold")
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
        self._title(sheet, 0, top, f"true: {self.short.get(probe['label'], probe['label'])}", INK)
        sheet.picture(_left(0), top, PICTURE, film(self.images[max(self.sizes.values())][probe["row"]]))
        for column, name in enumerate(self.names, start=1):
            answer, image = self.answers.loc[(name, probe["probe"])], self.images[self.sizes[name]][probe["row"]]
            self._title(sheet, column, top, *answer_title(answer, self.short))
            sheet.heat(_left(column), top, PICTURE, image, self.maps[name][place])
            if not answer["correct"]:
                sheet.frame(_left(column), top, PICTURE, WRONG)
        corners = [(_left(column), top) for column in range(1 + len(self.names))]
        sheet.outline(corners, PICTURE, np.asarray(self.masks[probe["row"]]) > 0, **BREAST)
        sheet.boxes(corners, PICTURE, self.boxes[probe["row"]], **LESION)

    @staticmethod
    def _title(sheet: Sheet, column: int, top: float, text: str, colour: str) -> None:
        sheet.text(_left(column) + PICTURE / 2, top - 0.03, text, 6.5, colour, ha="center")


def _left(column: int) -> float:
    return 0.04 + COLUMN * column
