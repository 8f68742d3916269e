"""Sheets of pictures: films and heat maps with outlines and words beside them, on one axes measured in inches.

An axes for every picture would take most of the time of drawing and half of the bytes.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, AffineDeltaTransform
from PIL import Image

from analysis.drawing.style import GREY, INK

HEAT = plt.get_cmap("plasma")
OPACITY = 0.6  # of the hottest pixel; the coldest leaves the image as it is
SIDE = 80  # pixels of an embedded picture: sharp enough in print, small enough for one HTML file
GREYS = 8  # grey levels in one step, and
HUES = 96  # colours of a heat map on its film: half of the bytes, for no loss that print would show
OUTLINE = 36  # pixels a side of the mask that an outline follows: smooth, and few points
LESION = {"color": "#00e5ff", "linewidth": 0.7}
BREAST = {"color": "#ffffff", "linewidth": 0.5}
SCALE = "Heat, from none (0) to the map's hottest pixel (1), as it looks on black."


class Sheet:
    """A figure of `width` x `height` inches; places on it are inches from the upper left corner."""

    def __init__(self, width: float, height: float):
        self.figure = plt.figure(figsize=(width, height))
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def text(self, x: float, y: float, text: str, size: float = 6, colour: str = INK, **more) -> None:
        """Words whose baseline starts at (x, y)."""
        self.axes.text(x, y, text, fontsize=size, color=colour, **more)

    def picture(self, x: float, y: float, side: float, pixels: np.ndarray) -> None:
        """`pixels` uint8 RGB (S, S, 3) in the square whose upper left corner is (x, y)."""
        self._image(pixels, (x, x + side, y + side, y))

    def outline(self, corners: list[tuple[float, float]], side: float, mask: np.ndarray, **line) -> None:
        """Outlines of `mask`, bool (S, S), in the squares of `side` inches at `corners`."""
        if not mask.any():
            return
        size = min(OUTLINE, len(mask))
        small = Image.fromarray(mask.astype(np.uint8) * 255).resize((size, size), Image.Resampling.BOX)
        # A region at the image's edge has an outline there, too.
        centres = np.clip((np.arange(size + 2) - 0.5) / size, 0, 1) * side
        drawn = self.axes.contour(centres, centres, np.pad(np.asarray(small, float), 1), levels=[127.5])
        paths = [path for path in drawn.get_paths() if len(path.vertices)]
        drawn.remove()
        self._repeat(paths, corners, **line)

    def boxes(self, corners: list[tuple[float, float]], side: float, boxes, **line) -> None:
        """`boxes`, (x, y, width, height) as shares of an image, in the squares of `side` inches at `corners`."""
        places = [Affine2D().scale(w, h).translate(x, y).scale(side) for x, y, w, h in boxes]
        self._repeat([Path.unit_rectangle().transformed(place) for place in places], corners, **line)

    def frame(self, x: float, y: float, side: float, colour: str) -> None:
        """A frame around the square at (x, y)."""
        self.axes.add_patch(plt.Rectangle((x, y), side, side, fill=False, edgecolor=colour, linewidth=1.2))

    def no_heat(self, x: float, y: float, side: float) -> None:
        """Say in the square at (x, y) that its map is empty."""
        self.text(x + side - 0.04, y + side - 0.04, "no heat", 5.5, "white", ha="right")

    def scale(self, x: float, y: float) -> None:
        """The scale of heat, 0.8 inches wide."""
        ramp = np.tile(np.linspace(0, 1, 48, dtype=np.float32), (4, 1))
        colours = overlay(np.zeros(ramp.shape, np.uint8), ramp)
        self._image(colours, (x, x + 0.8, y + 0.09, y))
        for place, number in ((x, "0"), (x + 0.8, "1")):
            self.text(place, y + 0.19, number, colour=GREY, ha="center")

    def _image(self, pixels: np.ndarray, extent: tuple[float, ...]) -> None:
        self.axes.imshow(pixels, interpolation="none", extent=extent, aspect="auto", clip_on=False)

    def _repeat(self, paths, corners, color: str, linewidth: float, linestyle="solid") -> None:
        for path in paths:
            collection = PathCollection(
                [path], offsets=corners, offset_transform=self.axes.transData, facecolor="none", edgecolor=color,
                linewidth=linewidth, linestyle=linestyle, clip_on=False,
            )  # fmt: skip
            # Inches become pixels, without the axes' place, which the offsets know.
            collection.set_transform(AffineDeltaTransform(self.axes.transData))
            self.axes.add_collection(collection, autolim=False)


def shrunk(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """`image` (S, S), 0..255, as uint8 with a side of `side` at most."""
    side = min(side, len(image))
    return np.asarray(Image.fromarray(image.astype(np.uint8)).resize((side, side), Image.Resampling.BOX))


def film(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """`image` (S, S) small and in few grey levels, as uint8 RGB (S, S, 3)."""
    return np.repeat((shrunk(np.asarray(image), side) // GREYS * GREYS)[..., None], 3, axis=2)


def heat_map(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """`heat`, float (S, S) in 0..1, on `image` (S, S), small and in few colours, as uint8 RGB (S, S, 3)."""
    mixed = Image.fromarray(overlay(shrunk(np.asarray(image)), heat))
    # Of the ways to choose colours, this one errs least where a colour is rare, as the hottest is.
    few = mixed.quantize(HUES, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    return np.asarray(few.convert("RGB"))


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay `heat`, float (S, S) in 0..1, over `image`, uint8 (H, W): uint8 RGB (H, W, 3), opaque where it is hot."""
    side = image.shape[::-1]
    resized = Image.fromarray(heat.astype(np.float32)).resize(side, Image.Resampling.BILINEAR)
    heat = np.clip(np.asarray(resized), 0, 1)[..., None]
    colour = HEAT(heat[..., 0])[..., :3] * 255
    mixed = image[..., None] * (1 - OPACITY * heat) + colour * OPACITY * heat
    return np.round(mixed).astype(np.uint8)
