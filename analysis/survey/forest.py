"""Forest plot of the survey: for each publication the printed accuracy, its replay, and what is left without copies."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.drawing.panels import save
from analysis.drawing.style import COLOURS, FAINT, GREY, INK, WRONG, intervals, key, use_style
from analysis.survey.verdict import known

TEXT = 8  # points
ROW, NAME, GAP = 0.135, 0.2, 0.12  # inches a row, a publication's name, and between publications
TOP, BOTTOM = 0.72, 0.42  # inches above and below the rows
LEFT, ACROSS, RIGHT = 0.12, 4.0, 0.15  # inches: the panel, and beside it
WIDTH = LEFT + ACROSS + RIGHT  # narrow, so that text stays readable beside other content and on a telephone
BLUE, ORANGE, GREEN, VERMILION, PURPLE, *_ = COLOURS
# Column of survey.csv -> words of the legend, look, filled
SERIES: dict[str, tuple[str, tuple[str, str], bool]] = {
    "printed": ("printed", (INK, "D"), True),
    "replayed": ("replayed, its own split", (VERMILION, "o"), True),
    "by_source": ("replayed, no source shared", (BLUE, "s"), True),
    "by_patient": ("replayed, no patient shared", (GREEN, "^"), True),
    "ceiling": ("best model without copies", (GREEN, "^"), False),
    "imagenet_logistic": ("ImageNet features", (PURPLE, "P"), False),
    "majority": ("majority class", (GREY, "|"), True),
    "permuted": ("its own split, labels permuted", (ORANGE, "X"), True),
}
REPLAYS = ("by_source", "by_patient", "imagenet_logistic")  # of a publication that was replayed; else the ceiling


def rows_of(publication: dict[str, Any]) -> list[str]:
    """Return the series that a row of survey.csv has values of, from top to bottom."""
    hidden = ("ceiling",) if known(publication, "replayed") else REPLAYS
    return [name for name in SERIES if known(publication, name) and name not in hidden]


def forest(survey: pd.DataFrame) -> Figure:
    """Return the figure: a block for each publication, a row for each estimate, 95% intervals."""
    blocks = [(row, rows_of(row)) for row in survey.to_dict("records")]
    heights = [NAME + max(len(names), 1) * ROW for _, names in blocks]
    height = sum(heights) + GAP * len(blocks) + TOP + BOTTOM
    figure = plt.figure(figsize=(WIDTH, height))
    axes = figure.add_axes((LEFT / WIDTH, BOTTOM / height, ACROSS / WIDTH, 1 - (TOP + BOTTOM) / height))
    top = GAP / 2
    for (row, names), own in zip(blocks, heights, strict=True):
        _block(axes, row, names, top, own)
        top += own + GAP
        if row is not blocks[-1][0]:
            axes.axhline(top - GAP / 2, color=FAINT, linewidth=0.6, clip_on=False)
    axes.set(xlim=(-0.02, 1.03), ylim=(top - GAP / 2, 0), xlabel="accuracy on test images (95% CI)", yticks=[])
    axes.tick_params(labelsize=TEXT)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    used = [name for name in SERIES if any(name in names for _, names in blocks)]
    handles = [key(SERIES[name][1][1], SERIES[name][2], **_colours(name)) for name in used]
    words = [SERIES[name][0] for name in used]
    figure.legend(handles, words, loc="upper left", ncols=2, fontsize=TEXT, columnspacing=1, borderaxespad=0.3)
    return figure


def _colours(name: str) -> dict[str, Any]:
    _, (colour, _), filled = SERIES[name]
    return {"color": colour, "markerfacecolor": colour if filled else "white", "markeredgecolor": colour}


def _block(axes: Axes, row: dict[str, Any], names: list[str], top: float, height: float) -> None:
    """Draw one publication between `top` and `top` + `height`, inches downwards."""
    beside = axes.get_yaxis_transform()
    title = axes.text(0, top + NAME / 2, row["publication"], transform=beside, weight="bold", va="center")
    classes = f"{row['classes']:.0f} classes" if known(row, "classes") else ""
    n = f"{row['n_test']:,.0f} test images" if known(row, "n_test") else row["replay"]
    about = ", ".join(filter(None, [classes, n]))
    axes.annotate(about, (1, 0), (5, 0), title, "offset points", va="bottom", fontsize=TEXT, color=GREY)
    strong = row["verdict"] in ("leak", "impossible figures")
    colour = WRONG if strong else GREY if row["verdict"].startswith("not") else INK
    right = {"ha": "right", "va": "center"}
    axes.text(1, top + NAME / 2, row["verdict"], right, transform=beside, color=colour, weight="bold")
    middle = top + (NAME + height) / 2
    if not names:
        axes.text(0.5, middle, "no printed accuracy and no replay", color=GREY, ha="center", va="center")
    for place, name in enumerate(names):
        y = middle + (place - (len(names) - 1) / 2) * ROW
        _, look, filled = SERIES[name]
        low, high = row.get(f"{name}_low", float("nan")), row.get(f"{name}_high", float("nan"))
        if name == "replayed" and known(row, "replayed_minimum"):
            axes.hlines(y, row["replayed_minimum"], row["replayed_maximum"], color=look[0], linewidth=3.6, alpha=0.4)
        intervals(axes, y, row[name], low, high, look, filled, size=4.2, width=1)


def draw(survey: pd.DataFrame, folder: Path) -> None:
    """Write `folder`/survey.svg, .pdf and .png."""
    use_style()
    figure = forest(survey)
    figure.savefig(folder / "survey.png", dpi=200, metadata={"Software": None})
    save(folder / "survey", figure)
