"""Images behind the bias verdicts of an architecture: saliency maps beside regions, and answers to changed images.

Each figure is drawn as one long image for the HTML page, and as pages of a few protocols for print.
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.panels import in_pages
from analysis.drawing.sheets import BREAST, LESION, SCALE, Sheet, film
from analysis.drawing.style import DASHED, FULL_WIDTH, GREY, INK, WRONG, short_names
from analysis.explanations.gradcam import GRADCAM, PLUS_PLUS, SCORE_CAM
from analysis.explanations.interventions import CONTRAST, EMPTY, MARKER, SIDE, TURNED
from analysis.explanations.regions import regions
from analysis.figures.gradcam import WRONG_OR_UNSURE, answer_title
from analysis.names import named
from analysis.predictions import read_classes
from benchmarks import stored
from benchmarks.study.study import Study

MAPS = {GRADCAM: "Grad-CAM", PLUS_PLUS: "Grad-CAM++", SCORE_CAM: "Score-CAM", "randomised": "random weights"}
# Line of each region, and its description in the key.
OUTLINES: dict[str, tuple[dict[str, Any], str]] = {
    "breast": (BREAST, "white line"),
    "labels": ({"color": "#ffe800", "linewidth": 0.8, "linestyle": (0, (1, 1))}, "yellow dots"),
    "pectoral": ({"color": "#ff7bd5", "linewidth": 0.8, "linestyle": DASHED}, "pink dashes"),
    "lesion": (LESION, "blue box"),
}
# (region, or start of its name, and edit): title in the figure, in the order drawn.
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
FLIPPED = "≠"
PROTOCOLS_A_PAGE = 3
N_MAPS, N_CHANGES = 2, 1  # probes drawn of each protocol
LETTERS = 44  # of the name of a sample, from its end
HEAD, FOOT, NAME = 0.3, 0.36, 0.24  # inches of the heading, the key and the name of a protocol


@dataclasses.dataclass(frozen=True)
class Panel:
    """One image (S, S), or a saliency map `heat` over the image, with a title; `outlines` names regions."""

    image: np.ndarray
    title: str
    colour: str = INK
    heat: np.ndarray | None = None
    outlines: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Strip:
    """Panels of one probe, text, the answer in `colour`, and the regions: masks (S, S), for lesions boxes."""

    about: str
    answer: str
    colour: str
    panels: list[Panel]
    regions: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Layout:
    """Place of the strips of a protocol: `across` side by side, with `columns` panels in a row and `lines` of title."""

    across: int
    columns: int
    lines: int

    @property
    def pitch(self) -> float:
        """Inches from a panel to the next."""
        return (FULL_WIDTH - 0.04) / (self.across * self.columns) - 0.06 * (self.across - 1) / self.columns

    @property
    def row(self) -> float:
        """Inches of a row with its titles."""
        return self.pitch + 0.11 * self.lines + 0.04

    def height(self, strips: list[Strip]) -> float:
        """Return the inches of the strips of one protocol, with the name of the protocol."""
        if not strips:
            return NAME
        return NAME + (max(math.ceil(len(strip.panels) / self.columns) for strip in strips) * self.row + 0.16)


MAPS_LAYOUT, CHANGES_LAYOUT = Layout(N_MAPS, 1 + len(MAPS), 1), Layout(1, 8, 2)


def n_pages(n_protocols: int) -> int:
    """Return the number of pages of the PDFs of `maps` and `changes`."""
    return math.ceil(n_protocols / PROTOCOLS_A_PAGE)


class Evidence:
    """Probes of one architecture: images, saliency maps, answers and changed images.

    `probes`, `answers` and `changed` are tables/probes.csv, gradcam.csv and interventions.csv.
    """

    def __init__(
        self, study: Study, architecture: str, probes: pd.DataFrame, answers: pd.DataFrame, changed: pd.DataFrame
    ):
        results, size = study.results(), study.size_of(architecture)
        self.architecture, self.protocols = architecture, list(study.protocols)
        self.images = stored.array(results / f"images_{size}.npy")
        self.masks = stored.array(results / f"masks_{size}.npy")
        self.samples = stored.table(results / "samples.parquet", columns=["row", "boxes", "view"]).set_index("row")
        self.short = short_names(read_classes(study))
        self.arrays = stored.arrays(results / "cams" / f"{architecture}.npz")
        answers, self.changed = (table[table["architecture"] == architecture] for table in (answers, changed))
        probes = probes[probes["shown"]].sort_values(["protocol", "probe"])
        probes = probes.assign(place=probes.groupby("protocol").cumcount())
        known = ["protocol", "probe", "predicted", "probability", "confident", "correct", "layer", "heat_max"]
        self.probes = probes.merge(answers[known], "left", ["protocol", "probe"], validate="1:1")

    def chosen(self, protocol: str, n: int) -> list:
        """Return up to `n` probes, preferably with a lesion box and a saliency map that is not empty."""
        own = self.probes[self.probes["protocol"] == protocol]
        boxed = self.samples.loc[own["row"], "boxes"].map(len).to_numpy() > 0
        points = (boxed * 1 + (own["heat_max"] > 0)).to_numpy()
        first = own.assign(points=points).sort_values(["points", "probe"], ascending=[False, True])
        return list(first.head(n).sort_values("probe").itertuples())

    def maps(self, probe: Any) -> Strip:
        """Return the image with its regions, and the saliency maps of every method."""
        image, about = np.asarray(self.images[probe.row]), self.samples.loc[probe.row]
        found = regions(image, np.asarray(self.masks[probe.row]) > 0, about["boxes"], about["view"])
        found = {name: found[name] for name in OUTLINES if name in found}
        panels = [Panel(image, "film", outlines=tuple(found))]
        marked = ("lesion",) if "lesion" in found else ()
        for method, title in MAPS.items():
            heat = self.arrays[probe.protocol if method == GRADCAM else f"{probe.protocol}_{method}"][probe.place]
            panels.append(Panel(image, title, heat=heat, outlines=marked))
        return Strip(*self._about(probe), panels, found | ({"lesion": about["boxes"]} if marked else {}))

    def changes(self, probe: Any) -> Strip:
        """Return the image and its changed versions."""
        own = self.changed[(self.changed["protocol"] == probe.protocol) & (self.changed["probe"] == probe.probe)]
        before = f"film\n{self.short.get(probe.predicted, 'no answer')} {probe.probability:.2f}"
        return Strip(*self._about(probe), [Panel(self.images[probe.row], before), *self._changed(own, probe)])

    def _changed(self, own: pd.DataFrame, probe: Any) -> Iterator[Panel]:
        pictures = self.arrays[f"{probe.protocol}_edits"]
        for (region, edit), name in EDITS.items():
            chosen = own["region"].str.startswith(region) & (own["edit"] == edit) & own["picture"].notna()
            for row in own[chosen].itertuples():
                title = f"{name} {row.region.removeprefix(TURNED).strip()}°" if region == TURNED else name
                number = f"answer {row.change:.2f}" if edit == EMPTY else _signed(-row.change)
                # The answer to an empty image replaces no answer, so it is never marked as changed.
                flipped = row.flipped and edit != EMPTY
                number = f"{number} {FLIPPED}" if flipped else number
                yield Panel(pictures[int(row.picture)], f"{title}\n{number}", WRONG if flipped else INK)

    def _about(self, probe: Any) -> tuple[str, str, str]:
        answer, colour = answer_title(probe._asdict(), self.short)
        name = probe.sample if len(probe.sample) <= LETTERS else f"…{probe.sample[1 - LETTERS :]}"
        return f"{name}   true {self.short.get(probe.label, probe.label)}", f"answer {answer}", colour


def maps(evidence: Evidence) -> tuple[Figure, list[Figure]]:
    """Regions and saliency maps of some probes of every protocol, as one long figure and in pages."""
    strips = {p: [evidence.maps(probe) for probe in evidence.chosen(p, N_MAPS)] for p in evidence.protocols}
    drawn = {name for own in strips.values() for strip in own for name in strip.regions}
    regions_key = ",  ".join(f"{name}: {OUTLINES[name][1]}" for name in OUTLINES if name in drawn)
    layers = " or ".join(sorted(set(evidence.probes["layer"].dropna())))
    heading = f"{named(evidence.architecture)}: maps of the predicted class, at layer {layers}"
    text = f"{SCALE}  {WRONG_OR_UNSURE}\nOutlined on the film: {regions_key}."
    return _figures(strips, MAPS_LAYOUT, heading, text, scale=True)


def changes(evidence: Evidence) -> tuple[Figure, list[Figure]]:
    """Changed images of some probes of every protocol, as one long figure and in pages."""
    strips = {p: [evidence.changes(probe) for probe in evidence.chosen(p, N_CHANGES)] for p in evidence.protocols}
    heading = f"{named(evidence.architecture)}: changed films, and the change in the probability of the predicted class"
    text = (
        f"{FLIPPED}: the prediction changes to another class.  {WRONG_OR_UNSURE}\n"
        "Empty film: the probability of its predicted class.  Label alone: compared with the empty film."
    )
    return _figures(strips, CHANGES_LAYOUT, heading, text)


def _figures(
    strips: dict[str, list[Strip]], layout: Layout, heading: str, text: str, scale: bool = False
) -> tuple[Figure, list[Figure]]:
    """Draw `strips`, by protocol, below `heading` and above `text`: one long figure, and pages of a few protocols."""

    def draw(protocols: list[str]) -> Figure:
        height = HEAD + FOOT + sum(layout.height(strips[protocol]) for protocol in protocols)
        sheet = Sheet(FULL_WIDTH, height)
        sheet.text(0.04, 0.16, heading, 8, weight="bold")
        top = HEAD
        for protocol in protocols:
            sheet.text(0.04, top + 0.12, protocol, 7.5, weight="bold")
            for place, strip in enumerate(strips[protocol]):
                _draw(sheet, 0.04 + place * FULL_WIDTH / layout.across, top + NAME, strip, layout)
            top += layout.height(strips[protocol])
        if scale:
            sheet.scale(0.06, height - 0.29)
        for line, words in enumerate(text.splitlines()):
            sheet.text(1.0 if scale else 0.04, height - 0.21 + 0.12 * line, words, colour=GREY)
        return sheet.figure

    return in_pages(draw, list(strips), PROTOCOLS_A_PAGE)


def _draw(sheet: Sheet, left: float, top: float, strip: Strip, layout: Layout) -> None:
    sheet.text(left, top + 0.06, strip.about, colour=GREY)
    end = left + layout.pitch * layout.columns - 0.04
    sheet.text(end, top + 0.06, strip.answer, colour=strip.colour, ha="right")
    side = layout.pitch - 0.04
    corners = defaultdict(list)
    for number, panel in enumerate(strip.panels):
        row, column = divmod(number, layout.columns)
        x, y = left + column * layout.pitch, top + 0.16 + row * layout.row + 0.11 * layout.lines
        sheet.text(x + side / 2, y - 0.03, panel.title, colour=panel.colour, ha="center", linespacing=1.05)
        if panel.heat is None:
            sheet.picture(x, y, side, film(panel.image))
        else:
            sheet.heat(x, y, side, panel.image, panel.heat)
        for name in panel.outlines:
            corners[name].append((x, y))
    for name, region in strip.regions.items():
        draw = sheet.boxes if name == "lesion" else sheet.outline
        draw(corners[name], side, region, **OUTLINES[name][0])


def _signed(value: float) -> str:
    return "\N{PLUS-MINUS SIGN}0.00" if round(value, 2) == 0 else f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
