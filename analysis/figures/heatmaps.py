"""Published saliency maps beside Grad-CAM: for two classes, and with shuffled weights of the classifier."""

import numpy as np
from matplotlib.figure import Figure

from analysis.drawing.sheets import SCALE, Sheet, film
from analysis.drawing.style import FULL_WIDTH, GREY
from analysis.explanations.heatmaps import METHODS
from benchmarks import stored
from benchmarks.study.study import Study

TITLES = {"first": "1st class", "second": "2nd class", "shuffled": "1st, shuffled"}
NAMES = {"published": "published", "gradcam": "Grad-CAM"}
PITCH, HEAD, FOOT, NAME = 1.0, 0.36, 0.32, 0.16  # inches


def heatmaps(study: Study) -> Figure:
    """A probe, three published maps and three Grad-CAM maps; a row for each architecture trained as published."""
    names = sorted(study.published_architectures())
    height = HEAD + PITCH * len(names) + FOOT
    sheet = Sheet(FULL_WIDTH, height)
    kinds = [(method, what) for method in METHODS for what in TITLES]
    for column, title in enumerate(["image", *(f"{NAMES[method]}\n{TITLES[what]}" for method, what in kinds)]):
        sheet.text(_left(column) + 0.48, HEAD - 0.05, title, 7, ha="center")
    for number, name in enumerate(names):
        top = HEAD + PITCH * number
        sheet.text(0.1, top + 0.48, name, 7, ha="center", va="center", rotation=90, weight="bold")
        maps = stored.arrays(study.results() / "cams" / f"{name}_heatmaps.npz")
        image = maps["image"].astype(np.uint8)
        sheet.picture(_left(0), top, 0.96, film(image))
        for column, (method, what) in enumerate(kinds, start=1):
            sheet.heat(_left(column), top, 0.96, image, maps[f"{method}_{what}"])
    sheet.scale(NAME + 0.1, height - 0.26)
    sheet.text(1.2, height - 0.18, f"{SCALE}  Shuffled: the classifier's weights.", colour=GREY)
    return sheet.figure


def _left(column: int) -> float:
    return NAME + 0.04 + PITCH * column
