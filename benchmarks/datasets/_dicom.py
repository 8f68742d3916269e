"""DICOM files: the image as displayed, in 8-bit grey, and facts from the header."""

from io import BytesIO
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.errors import BadInput, told

if TYPE_CHECKING:
    from pydicom import Dataset as Header

PREAMBLE = 132  # bytes; the last four are DICM
SUFFIXES = (".dcm", ".dicom")
INDEX = "DICOMDIR"  # a list of the files on a medium, without an image
SIDES = ("L", "R")
FACTS = ("patient", "laterality", "view")
UNREADABLE = "not a readable DICOM file"
MOST_PIXELS = Image.MAX_IMAGE_PIXELS  # of any image: three times as many as the largest scanned films
TOO_LARGE = f"its header claims more than {MOST_PIXELS:,} pixels; save it smaller"


def is_dicom(name: str, start: bytes) -> bool:
    """Return whether a file is DICOM, by its first `PREAMBLE` bytes or its suffix."""
    return start[PREAMBLE - 4 : PREAMBLE] == b"DICM" or name.lower().endswith(SUFFIXES)


def facts(stream: IO[bytes], name: str) -> dict[str, str | None]:
    """Return `FACTS` from PatientID, ImageLaterality or Laterality (L, R), and ViewPosition; None for empty ones."""
    with told(f"{name}: {UNREADABLE}"):
        header = _read(stream, pixels=False)
        laterality = _text(header, "ImageLaterality") or _text(header, "Laterality")
        patient, view = _text(header, "PatientID"), _text(header, "ViewPosition")
    return dict(zip(FACTS, (patient, laterality if laterality in SIDES else None, view), strict=True))


def size(stream: IO[bytes], name: str) -> tuple[int, int]:
    """Return width and height in pixels, from the header. Raises BadInput if the file has no image."""
    with told(f"{name}: {UNREADABLE}"):
        header = _read(stream, pixels=False)
        _check(header, name)
        return int(header.Columns), int(header.Rows)


def image(content: bytes, name: str) -> np.ndarray:
    """Decode to 8-bit grey, uint8 (H, W), with black air. Raises BadInput that names the problem and the correction.

    Stored values are converted by the modality LUT (rescale), then by the VOI LUT or the first window; without both,
    they are stretched from minimum to maximum without the padding. MONOCHROME1 is inverted. Padding becomes black,
    colours become luma.
    """
    with told(f"{name}: {UNREADABLE}"):
        header = _read(BytesIO(content), pixels=True)
        _check(header, name)
        if "PixelData" not in header:
            raise BadInput(f"{name}: this DICOM file holds no whole image ({header.get('SOPClassUID', 'no class')})")
        stored = _pixels(header, name)
        if stored.ndim == 3 or header.PhotometricInterpretation == "PALETTE COLOR":
            return _luma(stored, header)
        return _grey(stored, header)


def _read(stream: IO[bytes], pixels: bool) -> "Header":
    import pydicom

    header = pydicom.dcmread(stream, stop_before_pixels=not pixels, force=True)
    # Without file meta information, pydicom has guessed the encoding.
    header.ensure_file_meta()
    if "TransferSyntaxUID" not in header.file_meta:
        implicit = header.original_encoding[0]
        header.file_meta.TransferSyntaxUID = (
            pydicom.uid.ImplicitVRLittleEndian if implicit else pydicom.uid.ExplicitVRLittleEndian
        )
    return header


def _check(header: "Header", name: str) -> None:
    if not header.get("Rows") or not header.get("Columns"):
        raise BadInput(f"{name}: not an image: no DICOM file, or one without Rows and Columns")
    if header.Rows * header.Columns > MOST_PIXELS:
        raise BadInput(f"{name}: {TOO_LARGE}")
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        raise BadInput(
            f"{name}: holds {frames} frames where one image is needed; export one, of a volume the middle one: "
            f"dcmj2pnm --frame {(frames + 1) // 2} --write-png IN OUT.png"
        )


def _pixels(header: "Header", name: str) -> np.ndarray:
    """Return stored values (H, W), or RGB (H, W, 3)."""
    from pydicom.pixels import pixel_array

    try:
        return pixel_array(header)
    except Exception as error:  # each decoder has its own exceptions
        reason = " ".join(str(error).split())
        syntax = header.file_meta.TransferSyntaxUID
        if not syntax.is_compressed:
            raise BadInput(f"{name}: the pixels of this DICOM file can't be read: {reason}") from None
        raise BadInput(
            f"{name}: compressed as {syntax.name} ({syntax}), which can't be decoded here; write it uncompressed: "
            f"gdcmconv --raw IN OUT, or dcmdjpeg IN OUT for JPEG ({reason})"
        ) from None


def _luma(stored: np.ndarray, header: "Header") -> np.ndarray:
    from pydicom.pixels import apply_color_lut

    bits = header.BitsStored
    if stored.ndim == 2:
        stored = apply_color_lut(stored, header)
        bits = 8 * stored.dtype.itemsize
    return np.asarray(Image.fromarray((stored >> max(bits - 8, 0)).astype(np.uint8)).convert("L"))


def _grey(stored: np.ndarray, header: "Header") -> np.ndarray:
    from pydicom.pixels import apply_modality_lut

    padding = _padding(stored, header)
    if padding.all():
        return np.zeros(stored.shape, np.uint8)
    values = apply_modality_lut(stored, header)
    values, black, white = _windowed(values, header) or (values, values[~padding].min(), values[~padding].max())
    values = values.astype(np.float64)
    share = np.clip((values - black) / ((white - black) or 1), 0, 1)
    if header.PhotometricInterpretation == "MONOCHROME1":
        share = 1 - share
    share[padding] = 0
    return np.round(share * 255).astype(np.uint8)


def _padding(stored: np.ndarray, header: "Header") -> np.ndarray:
    """Return the mask of padding, bool (H, W)."""
    first = header.get("PixelPaddingValue")
    if first is None:
        return np.zeros(stored.shape, bool)
    last = header.get("PixelPaddingRangeLimit", first)
    # The header may store a signed value as an unsigned one.
    low, high = np.sort(np.array([first, last]).astype(stored.dtype))
    return (stored >= low) & (stored <= high)


def _windowed(values: np.ndarray, header: "Header") -> tuple[np.ndarray, float, float] | None:
    """Apply the VOI LUT, else the first window: values (H, W), and those of black and white; None without both.

    pydicom rejects LUTs with more bits per entry than the number of entries needs, hence the 16 bits.
    """
    from pydicom.pixels import apply_voi_lut

    if luts := header.get("VOILUTSequence"):
        count, first, _ = luts[0].LUTDescriptor
        luts[0].LUTDescriptor[2] = 16
        inside = np.array([first, first + (count or 2**16) - 1])
        black, white = np.sort(apply_voi_lut(inside, header).astype(float))
        return apply_voi_lut(np.clip(values, *inside).astype(np.int64), header), black, white
    if not header.get("WindowWidth") or header.get("WindowCenter") in (None, ""):
        return None
    with np.errstate(over="ignore"):  # of a sigmoid
        black, white = apply_voi_lut(np.array([-1e12, 1e12]), header)
        return apply_voi_lut(values, header), black, white


def _text(header: "Header", keyword: str) -> str | None:
    return str(header.get(keyword) or "").strip() or None
