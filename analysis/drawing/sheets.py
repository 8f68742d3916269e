"""Sheets of images: mammograms and saliency maps with outlines and text, on one axes measured in inches.

One axes for each image would double the size of the file and take most of the drawing time.
"""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, AffineDeltaTransform
from PIL import Image

from analysis.drawing.style import GREY, INK

HEAT = plt.get_cmap("plasma")
OPACITY = 0.6  # of a pixel with saliency 1; a pixel with saliency 0 shows the image alone
SIDE = 80  # pixels of an embedded image: sharp enough in print, small enough for one HTML file
# Grey levels in one step, and colours of a heat map: half of the bytes, without a difference in print.
GREYS, HUES = 8, 96
OUTLINE = 36  # pixels a side of the mask behind an outline: smooth, and few points
LESION: dict[str, Any] = {"color": "#00e5ff", "linewidth": 0.7}
BREAST: dict[str, Any] = {"color": "#ffffff", "linewidth": 0.5}
SCALE = "Saliency from 0 to the maximum of the map (1), as shown on black."


class Sheet:
    """Figure of `width` x `height` inches; positions on it are inches from the upper left corner."""

    def __init__(self, width: float, height: float):
        self.figure = plt.figure(figsize=(width, height))
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def text(self, x: float, y: float, text: str, size: float = 6, colour: str = INK, **more: Any) -> None:
        """Write `text` with its baseline at (x, y); `more` are options of Axes.text."""
        self.axes.text(x, y, text, fontsize=size, color=colour, **more)

    def picture(self, x: float, y: float, side: float, pixels: np.ndarray) -> None:
        """Draw `pixels`, uint8 RGB (S, S, 3), in the square with the upper left corner (x, y)."""
        self._image(pixels, (x, x + side, y + side, y))

    def outline(self, corners: list[tuple[float, float]], side: float, mask: np.ndarray, **line: Any) -> None:
        """Draw the outlines of `mask`, bool (S, S), in the squares of `side` inches at `corners`."""
        if not mask.any():
            return
        size = min(OUTLINE, len(mask))
        small = Image.fromarray(mask.astype(np.uint8) * 255).resize((size, size), Image.Resampling.BOX)
        # Padding with zeros closes the outline of a region at the edge of the image.
        centres = np.clip((np.arange(size + 2) - 0.5) / size, 0, 1) * side
        drawn = self.axes.contour(centres, centres, np.pad(np.asarray(small, float), 1), levels=[127.5])
        paths = [path for path in drawn.get_paths() if np.size(path.vertices)]
        drawn.remove()
        self._repeat(paths, corners, **line)

    def boxes(self, corners: list[tuple[float, float]], side: float, boxes: Iterable, **line: Any) -> None:
        """Draw `boxes`, (x, y, width, height) as shares of an image, in the squares of `side` inches at `corners`."""
        places = [Affine2D().scale(w, h).translate(x, y).scale(side) for x, y, w, h in boxes]
        self._repeat([Path.unit_rectangle().transformed(place) for place in places], corners, **line)

    def frame(self, x: float, y: float, side: float, colour: str) -> None:
        """Draw a frame around the square at (x, y)."""
        self.axes.add_patch(plt.Rectangle((x, y), side, side, fill=False, edgecolor=colour, linewidth=1.2))

    def heat(self, x: float, y: float, side: float, image: np.ndarray, heat: np.ndarray) -> None:
        """Draw a saliency map as by `heat_map` in the square at (x, y), with a note if the map is empty."""
        self.picture(x, y, side, heat_map(image, heat))
        if not heat.any():
            self.text(x + side - 0.04, y + side - 0.04, "no saliency", 5.5, "white", ha="right")

    def scale(self, x: float, y: float) -> None:
        """Draw the colour scale of the saliency, 0.8 inches wide."""
        ramp = np.tile(np.linspace(0, 1, 48, dtype=np.float32), (4, 1))
        colours = overlay(np.zeros(ramp.shape, np.uint8), ramp)
        self._image(colours, (x, x + 0.8, y + 0.09, y))
        for place, number in ((x, "0"), (x + 0.8, "1")):
            self.text(place, y + 0.19, number, colour=GREY, ha="center")

    def _image(self, pixels: np.ndarray, extent: tuple[float, float, float, float]) -> None:
        self.axes.imshow(pixels, interpolation="none", extent=extent, aspect="auto", clip_on=False)

    def _repeat(self, paths: Iterable[Path], corners: list[tuple[float, float]], color: str, **line: Any) -> None:
        place = self.axes.transData
        for path in paths:
            collection = PathCollection(
                [path],
                offsets=corners,
                offset_transform=place,
                facecolor="none",
                edgecolor=color,
                clip_on=False,
                **line,
            )
            # Scale inches to pixels only: the offsets hold the position of the axes.
            collection.set_transform(AffineDeltaTransform(place))  # type: ignore[arg-type]  # affine on linear axes
            self.axes.add_collection(collection, autolim=False)


def shrunk(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Return `image` (S, S), 0 to 255, as uint8 with at most `side` pixels a side."""
    side = min(side, len(image))
    return np.asarray(Image.fromarray(image.astype(np.uint8)).resize((side, side), Image.Resampling.BOX))


def film(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Return `image` (S, S) with at most `side` pixels a side and few grey levels, as uint8 RGB (S, S, 3)."""
    return np.repeat((shrunk(np.asarray(image), side) // GREYS * GREYS)[..., None], 3, axis=2)


def heat_map(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return `heat`, float (S, S) in 0 to 1, over `image` (S, S), small and in few colours: uint8 RGB (S, S, 3)."""
    mixed = Image.fromarray(overlay(shrunk(np.asarray(image)), heat))
    # This method changes rare colours least, such as that of the maximum.
    few = mixed.quantize(HUES, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    return np.asarray(few.convert("RGB"))


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return `heat`, float (S, S) in 0 to 1, over `image`, uint8 (H, W): uint8 RGB (H, W, 3), opaque where hot."""
    side = image.shape[::-1]
    resized = Image.fromarray(heat.astype(np.float32)).resize(side, Image.Resampling.BILINEAR)
    heat = np.clip(np.asarray(resized), 0, 1)[..., None]
    colour = HEAT(heat[..., 0])[..., :3] * 255
    mixed = image[..., None] * (1 - OPACITY * heat) + colour * OPACITY * heat
    return np.round(mixed).astype(np.uint8)
