"""The pictures behind an architecture's bias verdicts: its maps beside the regions of the film, and the films changed.

Each figure is one long picture for the page, and one page a protocol for print.
"""

import dataclasses
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures_gradcam import MARKS, answer_title, colour_bar, overlay, shrunk
from analysis.gradcam import GRADCAM, PLUS_PLUS, SCORE_CAM
from analysis.interventions import CONTRAST, EMPTY, MARKER, SIDE, TURNED
from analysis.predictions import read_classes
from analysis.regions import regions
from analysis.style import FULL_WIDTH, GREY, INK, WRONG, short_names
from benchmarks.study import Study

MAPS = {GRADCAM: "Grad-CAM", PLUS_PLUS: "Grad-CAM++", SCORE_CAM: "Score-CAM", "randomised": "random weights"}
OUTLINES = {"breast": "#ffffff", "labels": "#ffe800", "pectoral": "#ff7bd5", "lesion": "#00e5ff"}
COLOURS = {"breast": "white", "labels": "yellow", "pectoral": "pink", "lesion": "blue"}
# (region, edit): the name of the edit in the picture, in the order drawn; the region may be the start of a name.
EDITS = {
    ("labels", "erase"): "labels erased",
    ("labels", "swap"): "labels swapped",
    ("border", "erase"): "border erased",
    ("corners", "erase"): "corners erased",
    ("background", "swap"): "backgr. swapped",
    ("pectoral", "erase"): "muscle erased",
    ("lesion", "erase"): "lesion erased",
    ("lesion", "move"): "lesion moved",
    (TURNED, "turn"): "turned",
    (SIDE, "mirror"): "mirrored",
    (CONTRAST, "enhance"): "other contrast",
    ("labels", MARKER): "label alone",
    ("film", EMPTY): "empty film",
}
N_MAPS, N_CHANGES = 3, 2  # probes of a protocol
WIDE = 7  # pictures in a row of changed films
GREYS = 8  # grey levels in one step: a third of the bytes, for no loss that print would show
STEPS = 24  # of heat, for the same reason
# By whether rows are wide: inches and letters of what is said at the left, and a row's inches.
LAYOUT = {False: (1.45, 27, 1.24), True: (0.98, 18, 1.12)}
HEAD, FOOT = 0.34, 0.42  # inches


@dataclasses.dataclass(frozen=True)
class Panel:
    """One picture: `pixels` uint8 RGB (S, S, 3), and masks bool (S, S) whose outlines are drawn on it."""

    pixels: np.ndarray
    title: str
    colour: str = INK
    outlines: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Row:
    """Pictures side by side, and what is said of them at the left."""

    lines: list[str]
    colour: str
    panels: list[Panel]


class Evidence:
    """The probes of one architecture: films, maps, answers and changed films.

    `probes`, `answers` and `changed` are tables/probes.csv, gradcam.csv and interventions.csv.
    """

    def __init__(self, study: Study, architecture: str, probes: pd.DataFrame, answers: pd.DataFrame, changed):
        results, size = study.results(), study.size_of(architecture)
        self.architecture, self.protocols = architecture, list(study.protocols)
        self.images = np.load(results / f"images_{size}.npy", mmap_mode="r")
        self.masks = np.load(results / f"masks_{size}.npy", mmap_mode="r")
        self.samples = pd.read_parquet(results / "samples.parquet", columns=["row", "boxes", "view"]).set_index("row")
        self.short = short_names(read_classes(study))
        with np.load(results / "cams" / f"{architecture}.npz") as arrays:
            self.arrays = dict(arrays)
        answers, self.changed = (table[table["architecture"] == architecture] for table in (answers, changed))
        probes = probes[probes["shown"]].sort_values(["protocol", "probe"])
        probes = probes.assign(place=probes.groupby("protocol").cumcount())
        known = ["protocol", "probe", "predicted", "probability", "confident", "correct", "layer", "heat_max"]
        self.probes = probes.merge(answers[known], "left", ["protocol", "probe"], validate="1:1")

    def chosen(self, protocol: str, n: int) -> list:
        """Up to `n` probes, first those with a lesion box and with heat."""
        own = self.probes[self.probes["protocol"] == protocol]
        boxed = self.samples.loc[own["row"], "boxes"].map(len).to_numpy() > 0
        points = (boxed * 1 + (own["heat_max"] > 0)).to_numpy()
        first = own.assign(points=points).sort_values(["points", "probe"], ascending=[False, True])
        return list(first.head(n).sort_values("probe").itertuples())

    def lines(self, probe) -> tuple[list[str], str]:
        """What is said of a probe, and its colour."""
        answer, colour = answer_title(probe._asdict(), self.short)
        truth = self.short.get(probe.label, probe.label)
        return [f"sample: {probe.sample}", f"true: {truth}", f"answer: {answer}"], colour

    def maps_row(self, probe) -> Row:
        """The film with its regions, and the maps of every method."""
        film = self.images[probe.row]
        about = self.samples.loc[probe.row]
        found = regions(np.asarray(film), np.asarray(self.masks[probe.row]) > 0, about["boxes"], about["view"])
        outlines = {name: found[name] for name in OUTLINES if name in found}
        panels = [Panel(_grey(film), "film", outlines=outlines)]
        for method, title in MAPS.items():
            key = probe.protocol if method == GRADCAM else f"{probe.protocol}_{method}"
            heat = self.arrays[key][probe.place]
            marked = {name: mask for name, mask in outlines.items() if name == "lesion"}
            title, colour = (title, INK) if heat.any() else (f"{title}: no heat", GREY)
            panels.append(Panel(overlay(_grey(film)[..., 0], np.round(heat * STEPS) / STEPS), title, colour, marked))
        return Row(*self.lines(probe), panels)

    def change_rows(self, probe) -> list[Row]:
        """The film and its changed films, in as many rows as it takes."""
        own = self.changed[(self.changed["protocol"] == probe.protocol) & (self.changed["probe"] == probe.probe)]
        before = f"film\n{self.short.get(probe.predicted, 'no answer')} {probe.probability:.2f}"
        panels = [Panel(_grey(self.images[probe.row]), before)]
        pictures = self.arrays[f"{probe.protocol}_edits"]
        for (region, edit), name in EDITS.items():
            chosen = own["region"].str.startswith(region) & (own["edit"] == edit) & own["picture"].notna()
            for row in own[chosen].itertuples():
                title = f"{name} {row.region.removeprefix(TURNED).strip()}°" if region == TURNED else name
                number = f"answer {row.change:.2f}" if edit == EMPTY else _signed(-row.change)
                # No answer was there before that an empty film could flip.
                colour = WRONG if row.flipped and edit != EMPTY else INK
                panels.append(Panel(_grey(pictures[int(row.picture)]), f"{title}\n{number}", colour))
        lines, colour = self.lines(probe)
        parts = [panels[start : start + WIDE] for start in range(0, len(panels), WIDE)]
        return [Row(lines if number == 0 else [], colour, part) for number, part in enumerate(parts)]


def maps(evidence: Evidence) -> tuple[Figure, list[Figure]]:
    """Regions and maps of some probes of every protocol, as one long figure and in pages."""
    rows = {p: [evidence.maps_row(probe) for probe in evidence.chosen(p, N_MAPS)] for p in evidence.protocols}
    drawn = {name for own in rows.values() for row in own for name in row.panels[0].outlines}
    key = "  ".join(f"{COLOURS[name].capitalize()}: {name}." for name in OUTLINES if name in drawn)
    layers = " or ".join(sorted(set(evidence.probes["layer"].dropna())))
    heading = f"{evidence.architecture}: maps of the class answered, at layer {layers}"
    text = f"heat, from none to the map's hottest pixel.  {MARKS.replace(' and a frame', '')}\n{key}"
    return _figures(rows, 1 + len(MAPS), heading, text, bar=True)


def changes(evidence: Evidence) -> tuple[Figure, list[Figure]]:
    """Changed films of some probes of every protocol, as one long figure and in pages."""
    rows = {
        p: [row for probe in evidence.chosen(p, N_CHANGES) for row in evidence.change_rows(probe)]
        for p in evidence.protocols
    }
    heading = f"{evidence.architecture}: changed films, and the change in the probability of the class answered"
    text = (
        f"In red: another class is answered.  {MARKS.replace(' and a frame', '')}\n"
        "Empty film: the probability of the class that it is given.  Label alone: against the empty film."
    )
    return _figures(rows, WIDE, heading, text)


def _figures(
    rows: dict[str, list[Row]], n_columns: int, heading: str, key: str, bar: bool = False
) -> tuple[Figure, list[Figure]]:
    pages = [_sheet({protocol: own}, n_columns, heading, key, bar) for protocol, own in rows.items()]
    return _sheet(rows, n_columns, heading, key, bar), pages


def _sheet(rows: dict[str, list[Row]], n_columns: int, heading: str, key: str, bar: bool) -> Figure:
    """Draw `rows`, by protocol, below `heading` and above `key`."""
    every = [row for own in rows.values() for row in own]
    text, letters, pitch = LAYOUT[n_columns == WIDE]
    height = pitch * len(every) + HEAD + FOOT
    figure = plt.figure(figsize=(FULL_WIDTH, height))
    figure.text(0.006, 1 - 0.06 / height, heading, va="top", weight="bold")
    wide = (FULL_WIDTH - text - 0.05) / n_columns
    side = min(wide - 0.06, pitch - 0.3)
    protocols = [protocol for protocol, own in rows.items() for _ in own]
    for number, (row, protocol) in enumerate(zip(every, protocols, strict=True)):
        top = height - HEAD - number * pitch
        if number == 0 or protocols[number - 1] != protocol:
            figure.text(0.006, (top - 0.05) / height, protocol, va="center", weight="bold", fontsize=7)
        lines = [part for line in row.lines for part in textwrap.wrap(line, letters)]
        for place, line in enumerate(lines):
            colour = row.colour if line.startswith("answer:") else GREY
            figure.text(0.006, (top - 0.2 - 0.11 * place) / height, line, va="center", fontsize=5.5, color=colour)
        for column, panel in enumerate(row.panels):
            left = text + column * wide
            box = (left / FULL_WIDTH, (top - 0.24 - side) / height, side / FULL_WIDTH, side / height)
            _draw(figure.add_axes(box), panel)
    if bar:
        colour_bar(figure, 0.22 / height, height)
    figure.text(0.125 if bar else 0.006, 0.33 / height, key, fontsize=6, color=GREY, va="top", linespacing=1.5)
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    axes.imshow(panel.pixels, interpolation="none", extent=(0, 1, 1, 0))
    for name, mask in panel.outlines.items():
        # A region at the image's edge has an outline there, too.
        side = len(mask)
        centres = (np.arange(side + 2) - 0.5) / side
        axes.contour(centres, centres, np.pad(mask, 1), levels=[0.5], colors=OUTLINES[name], linewidths=0.6)
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    axes.set_title(panel.title, fontsize=5.8, color=panel.colour, pad=2, linespacing=1.1)
    axes.spines[:].set_visible(False)


def _grey(image: np.ndarray) -> np.ndarray:
    """`image` (S, S) small and in few grey levels, as uint8 RGB (S, S, 3)."""
    return np.repeat((shrunk(np.asarray(image)) // GREYS * GREYS)[..., None], 3, axis=2)


def _signed(value: float) -> str:
    return "\N{PLUS-MINUS SIGN}0.00" if round(value, 2) == 0 else f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
