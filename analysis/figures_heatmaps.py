"""Figure of the published heat map beside Grad-CAM: two classes, and with shuffled classifier weights."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from analysis.figures_gradcam import overlay
from analysis.heatmaps import METHODS
from analysis.style import FULL_WIDTH
from benchmarks.study import Study

TITLES = {"first": "1st class", "second": "2nd class", "shuffled": "1st, shuffled"}
NAMES = {"published": "published", "gradcam": "Grad-CAM"}
ROW = 1.08  # inches


def heatmaps(study: Study) -> Figure:
    """One row an architecture trained as published: the probe, three published maps, three of Grad-CAM."""
    names = sorted(study.architectures)
    shape = (len(names), 1 + len(METHODS) * len(TITLES))
    figure, grid = plt.subplots(
        *shape, figsize=(FULL_WIDTH, ROW * len(names) + 0.3), squeeze=False, layout="constrained"
    )
    for number, (row, name) in enumerate(zip(grid, names, strict=True)):
        with np.load(study.results() / "cams" / f"{name}_heatmaps.npz") as maps:
            image = maps["image"].astype(np.uint8)
            row[0].imshow(image, cmap="gray", vmin=0, vmax=255)
            kinds = [(method, what) for method in METHODS for what in TITLES]
            for axes, (method, what) in zip(row[1:], kinds, strict=True):
                axes.imshow(overlay(image, maps[f"{method}_{what}"]), interpolation="none")
                if number == 0:
                    axes.set_title(f"{NAMES[method]}\n{TITLES[what]}", fontsize=7)
        row[0].set_ylabel(name, fontsize=7)
        for axes in row:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
    return figure
