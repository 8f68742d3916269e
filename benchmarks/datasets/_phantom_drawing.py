"""Drawing of a mammogram-like image. Lengths are fractions of the side; x increases from chest wall to nipple."""

import dataclasses

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.exposure import equalize_adapthist

CLAHE_BACKGROUND = 23  # grey level of black after the published enhancement

DENSE_SHARE = {1: 0.06, 2: 0.28, 3: 0.55, 4: 0.85}  # density -> glandular share of the breast
LABEL = 220  # grey level of film labels
LARGER, DENSER, FAINTER = 0.3, 1.0, 0.6  # at evidence 1: malignant mass larger and denser, benign smaller and fainter
FAT, GLAND, MUSCLE, MASS = 62.0, 48.0, 60.0, 62.0  # grey level of fat, and what the other tissues add

GLYPHS = {
    "B": ("110", "101", "110", "101", "110"),
    "L": ("100", "100", "100", "100", "111"),
    "R": ("110", "101", "110", "101", "101"),
    "C": ("011", "100", "100", "100", "011"),
    "M": ("101", "111", "111", "101", "101"),
    "O": ("010", "101", "101", "101", "010"),
    " ": ("000", "000", "000", "000", "000"),
}


@dataclasses.dataclass(frozen=True)
class Anatomy:
    """Common properties of all images of a patient. Lengths are fractions of the image side."""

    depth: float  # chest wall to nipple
    half_height: float
    squareness: float  # exponent of the outline's superellipse
    density: int  # 1..4
    brightness: float  # factor on the glandular tissue


@dataclasses.dataclass(frozen=True)
class Picture:
    """A drawn image: `image` uint8 (S, S), `breast` bool (S, S), `box` of the mass [x, y, w, h], fractions of S."""

    image: np.ndarray
    breast: np.ndarray
    box: list[float]


def random_anatomy(density: int, rng: np.random.Generator) -> Anatomy:
    """Draw the properties of a patient with `density` 1..4."""
    return Anatomy(
        depth=rng.uniform(0.42, 0.68),
        half_height=rng.uniform(0.3, 0.42),
        squareness=rng.uniform(1.8, 2.4),
        density=density,
        brightness=rng.uniform(0.9, 1.1),
    )


def draw(
    anatomy: Anatomy,
    severity: str,
    laterality: str,
    view: str,
    side: int,
    noise: float,
    rng: np.random.Generator,
    marker: bool = True,
    evidence: float = 0,
) -> Picture:
    """Draw one source.

    `severity` is benign (round, smooth mass) or malignant (spiculated), `laterality` L or R (mirrored), `view` CC or
    MLO, `side` S in pixels, `noise` the standard deviation of the film noise in grey levels. With `marker`, half of
    the images, drawn at random, have a film label with side and view. With `evidence` 0, masses differ in shape alone;
    up to 1, malignant masses are larger and denser, benign ones smaller and fainter.
    """
    axis = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(axis, axis)
    edge = _outline(anatomy, view, axis, rng)[:, None]
    breast = x < edge
    inward = np.clip(1 - x / np.maximum(edge, 1e-6), 0, 1)  # 0 at the skin, 1 at the chest wall
    tissue = FAT + GLAND * anatomy.brightness * _parenchyma(anatomy.density, breast, inward, rng)
    if view == "MLO":
        tissue += MUSCLE * _pectoral(anatomy, x, y, rng)
    mass, extent = _mass(severity, edge[:, 0], x, y, rng, evidence)
    tissue += MASS * mass
    tissue *= 1 - 0.55 * (1 - np.clip(inward / 0.18, 0, 1)) ** 2  # compressed thinner towards the skin
    tissue += noise * rng.standard_normal(tissue.shape)
    image = np.where(breast, np.clip(tissue, 12, 250), 0)
    box = _box(extent & breast)
    if laterality == "R":
        image, breast = image[:, ::-1], breast[:, ::-1]
        box[0] = 1 - box[0] - box[2]
    if marker:
        image = _with_marker(image, laterality, view, rng)
    return Picture(np.round(image).astype(np.uint8), breast, box)


def enhance(image: np.ndarray) -> np.ndarray:
    """Apply CLAHE as in the published copies to uint8 (S, S); black becomes a uniform dark grey."""
    enhanced = equalize_adapthist(image, clip_limit=0.01)
    enhanced[image == 0] = 0
    return np.round(CLAHE_BACKGROUND + (255 - CLAHE_BACKGROUND) * enhanced).astype(np.uint8)


def _outline(anatomy: Anatomy, view: str, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the breast's extent in x at each y."""
    centre = (0.5 if view == "CC" else 0.6) + rng.uniform(-0.03, 0.03)
    t = np.abs(y - centre) / anatomy.half_height
    edge = anatomy.depth * np.clip(1 - t**anatomy.squareness, 0, None) ** (1 / anatomy.squareness)
    if view == "MLO":
        axilla = anatomy.depth * rng.uniform(0.45, 0.6) * np.clip(1.15 - y / centre, 0, None) ** 0.4
        edge = np.maximum(edge, np.where(y < centre, axilla, 0))
        edge = gaussian_filter(edge, 0.02 * len(y), mode="nearest")
    nipple = 0.035 * np.exp(-(((y - centre) / 0.018) ** 2))
    return edge + nipple * rng.uniform(0.4, 1)


def _texture(side: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth random field (side, side), about standard normal, with `cells` independent cells a side."""
    coarse = Image.fromarray(rng.standard_normal((cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float64)


def _parenchyma(density: int, breast: np.ndarray, inward: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw glandular tissue 0..1 (S, S) behind the nipple; the density sets its share of the breast."""
    side = len(breast)
    field = sum(weight * _texture(side, cells, rng) for weight, cells in ((1.0, 7), (0.6, 14), (0.4, 28)))
    field = field - 3.0 * (inward - 0.4) ** 2
    level = np.quantile(field[breast], 1 - DENSE_SHARE[density])
    strands = 0.12 * np.abs(_texture(side, 24, rng))
    return 1 / (1 + np.exp(-4 * (field - level))) * (0.8 + 0.2 * _texture(side, 28, rng)) + strands


def _pectoral(anatomy: Anatomy, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the pectoral muscle 0..1, a triangle in the upper corner at the chest wall."""
    width, height = anatomy.depth * rng.uniform(0.4, 0.55), rng.uniform(0.4, 0.6)
    return np.clip((1 - x / width - y / height) / 0.06, 0, 1)


def _mass(
    severity: str, edge: np.ndarray, x: np.ndarray, y: np.ndarray, rng: np.random.Generator, evidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the mass, 0 to about 1 without evidence, and its extent (bool), both (S, S); `edge` is the outline (S,)."""
    axis = y[:, 0]
    radius = rng.uniform(0.055, 0.085) * (1 + evidence * (LARGER if severity == "malignant" else -LARGER))
    wide = np.flatnonzero((edge > 0.75 * edge.max()) & (axis > 0.2) & (axis < 0.85))
    row = rng.choice(wide)
    centre_x, centre_y = edge[row] * rng.uniform(0.3, 0.65), axis[row]
    dx, dy = x - centre_x, y - centre_y
    if severity == "benign":
        angle, stretch = rng.uniform(0, np.pi), rng.uniform(1, 1.3)
        along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        distance = np.hypot(along / stretch, across * stretch) / radius
        halo = 0.35 * np.exp(-(((distance - 1.25) / 0.15) ** 2))
        return (1 - evidence * FAINTER) * (np.clip((1.06 - distance) / 0.12, 0, 1) - halo), distance < 1
    distance, angle = np.hypot(dx, dy) / radius, np.arctan2(dy, dx)
    core = np.exp(-((distance / 0.85) ** 4))
    spicules = np.zeros_like(core)
    n = rng.integers(9, 14)
    for direction in np.linspace(0, 2 * np.pi, n, endpoint=False) + rng.uniform(-0.2, 0.2, n):
        off_line = np.abs(np.angle(np.exp(1j * (angle - direction)))) * distance * radius
        length = rng.uniform(1.8, 2.8)
        spicule = np.exp(-((off_line / 0.0075) ** 2)) * np.clip((length - distance) / 0.5, 0, 1)
        spicules = np.maximum(spicules, spicule)
    mass = np.maximum(core, 0.8 * spicules)
    return (1 + evidence * DENSER) * mass, mass > 0.3


def _box(extent: np.ndarray) -> list[float]:
    rows, columns = (np.flatnonzero(extent.any(axis=axis)) for axis in (1, 0))
    side = len(extent)
    x, y = columns[0] / side, rows[0] / side
    return [float(v) for v in (x, y, (columns[-1] + 1) / side - x, (rows[-1] + 1) / side - y)]


def _with_marker(image: np.ndarray, laterality: str, view: str, rng: np.random.Generator) -> np.ndarray:
    """Return `image`, in half of the cases with the label of side and view."""
    if rng.random() < 0.5:
        return image
    bits = letters(f"{laterality} {view}", max(1, round(len(image) / 96)))
    return stamped(image, bits, laterality, top=rng.random() < 0.5)


def letters(text: str, scale: int) -> np.ndarray:
    """Return the pixels of `text`, bool (5 * scale, 4 * scale * letters), with a gap after each letter."""
    bits = [np.pad(np.array([list(row) for row in GLYPHS[c]]) == "1", ((0, 0), (0, 1))) for c in text]
    return np.kron(np.hstack(bits), np.ones((scale, scale), bool))


def stamped(image: np.ndarray, bits: np.ndarray, laterality: str, top: bool) -> np.ndarray:
    """Return a copy of `image` (S, S) with bright `bits` in the `top` or bottom corner away from the chest wall."""
    margin = round(0.03 * len(image))
    height, width = bits.shape
    left = margin if laterality == "R" else len(image) - margin - width
    start = margin if top else len(image) - margin - height
    marked = image.copy()
    marked[start : start + height, left : left + width][bits] = LABEL
    return marked
