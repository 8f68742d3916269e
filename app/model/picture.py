"""Images that the service returns: a heat map over its film as JPEG, a film as PNG."""

import io

import matplotlib
import numpy as np
from PIL import Image

OPACITY = 0.6  # at the maximum of the map; 0 at its minimum, as in the report
SIDE = 224  # pixels of the longer side, as published
QUALITY = 90
COLOURS = matplotlib.colormaps["plasma"](np.arange(256), bytes=True)[:, :3].tobytes()  # colours of the report


def overlay(film: np.ndarray, heat: np.ndarray, opacity: float = OPACITY) -> bytes:
    """Return a JPEG of `film` uint8 (H, W), aspect ratio kept, under `heat` float32 (S, S), 0..1; `opacity` 0..1."""
    scale = SIDE / max(film.shape)
    size = tuple(max(1, round(side * scale)) for side in film.shape[::-1])
    grey = Image.fromarray(film).resize(size, Image.Resampling.BILINEAR).convert("RGB")
    warmth = Image.fromarray(np.round(255 * heat).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    colours = warmth.copy()
    colours.putpalette(COLOURS)
    mixed = Image.composite(colours.convert("RGB"), grey, warmth.point(lambda value: round(value * opacity)))
    return _written(mixed, "JPEG", quality=QUALITY)


def png(film: np.ndarray) -> bytes:
    """Return a film uint8 (H, W) as PNG."""
    return _written(Image.fromarray(film), "PNG")


def _written(picture: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()
