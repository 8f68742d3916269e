"""Pictures of patients in figures and in the report, and files without them.

Films and saliency maps are the only raster images: all else that the figures show is drawn in lines and text. A figure
with a raster image is therefore replaced as a whole.
"""

import re
from pathlib import Path
from urllib.parse import quote

RASTER = "image/png;base64", "image/jpeg;base64", "image/gif;base64", "image/webp;base64"
SOURCE = re.compile(r'(?<=src=")data:[^"]*')  # of an <img> of the report
REPLACED = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="520" height="60" viewBox="0 0 520 60">'
    '<rect width="520" height="60" fill="#eee"/><text x="12" y="35" font-family="sans-serif" font-size="14">'
    "This figure shows images of patients. The archive does not include it.</text></svg>"
)


def has_pictures(path: Path) -> bool:
    """Return whether the SVG or HTML file at `path` holds a raster image; False if there is no such file."""
    return path.is_file() and _raster(path.read_text(encoding="utf-8"))


def without_pictures(path: Path) -> bytes:
    """Return the content of the SVG or HTML file at `path`, every figure with a raster image replaced by a sentence."""
    if path.suffix == ".svg":
        return REPLACED.encode()
    own = "data:image/svg+xml," + quote(REPLACED, safe="")
    text = path.read_text(encoding="utf-8")
    return SOURCE.sub(lambda match: own if _raster(match[0]) else match[0], text).encode()


def _raster(text: str) -> bool:
    return any(kind in text for kind in RASTER)
