"""Our search for copies and those of other tools on the same changed films: recall, false pairs, time and memory.

    python -m analysis.copies_compared --data PATH --others PYTHON > benchmarks/reference/copies_compared.csv

PYTHON belongs to an environment of its own, with `pip install imagehash vision-data-doctor`. The upright originals at
PATH are the known films; each film asked is one of them after a change of one of CHANGES. Columns: tool, version, kind
(of the change, or `all`), asked (films), found (of those, paired with their own original), false_pairs (of different
originals), and for `all` seconds, cpu_seconds and memory_mb as in copy_tools.py; and those of benchmarks/reference.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from analysis.copy_tools import TOOLS
from analysis.film_changes import Change, clahe, jpeg, turn
from benchmarks.datasets import mendeley_inbreast
from benchmarks.errors import BadInput, run_cli
from benchmarks.reference.command import measurement

ROOT = Path(__file__).resolve().parents[1]
SEED = 1


def affine(image: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Transform an image about its centre by the inverse of `matrix` (2, 2), after a shift by `shift` pixels (x, y)."""
    size = np.array(image.shape[::-1])
    offset = size / 2 - matrix @ (size / 2 + shift)
    own = np.column_stack([matrix, offset]).ravel().tolist()
    film = Image.fromarray(image)
    return np.asarray(film.transform(film.size, Image.Transform.AFFINE, own, Image.Resampling.BILINEAR))


def crop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep 80% of the area at a random place, in the film's aspect ratio."""
    width, height = np.round(np.array(image.shape[::-1]) * np.sqrt(0.8)).astype(int)
    left, top = (int(rng.integers(0, room + 1)) for room in np.array(image.shape[::-1]) - (width, height))
    return image[top : top + height, left : left + width]


def shift(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift by 10% of each side, in one of the four diagonal directions; black comes in."""
    return affine(image, np.eye(2), 0.1 * np.array(image.shape[::-1]) * rng.choice([-1, 1], 2))


def shear(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shear rows by 5 degrees to either side."""
    return affine(image, np.array([[1, rng.choice([-1, 1]) * np.tan(np.radians(5))], [0, 1]]), np.zeros(2))


def half(image: np.ndarray) -> np.ndarray:
    """Return the image at half of its sides."""
    size = [side // 2 for side in image.shape[::-1]]
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


CHANGES: dict[str, Change] = {
    "identical": lambda image, rng: image,
    "rotated by 90 degrees": lambda image, rng: np.rot90(image),
    "rotated by any angle": turn,
    "mirrored": lambda image, rng: image[:, ::-1],
    "CLAHE": lambda image, rng: clahe(image),
    "JPEG 60": lambda image, rng: jpeg(image, 60),
    "halved": lambda image, rng: half(image),
    "cropped to 80% of the area": crop,
    "zoomed by 1.2": lambda image, rng: affine(image, np.eye(2) / 1.2, np.zeros(2)),
    "shifted by 10%": shift,
    "sheared by 5 degrees": shear,
}


def write_films(films: list[np.ndarray], folder: Path) -> pd.DataFrame:
    """Write `films` to train/ and each after each change to test/; return file, kind and original of the latter."""
    for part in ("train", "test"):
        (folder / part).mkdir()
    asked = []
    for number, film in enumerate(films):
        Image.fromarray(film).save(folder / "train" / f"{number:04d}.png")
        for place, (kind, change) in enumerate(CHANGES.items()):
            name = f"{number:04d}_{place:02d}.png"
            changed = change(film, np.random.default_rng([SEED, number, place]))
            Image.fromarray(changed).save(folder / "test" / name)
            asked.append((name, kind, f"{number:04d}.png"))
    return pd.DataFrame(asked, columns=["file", "kind", "original"])


def judged(pairs: list[tuple[str, str]], asked: pd.DataFrame) -> pd.DataFrame:
    """Return asked, found and false_pairs of each kind, and of all; `pairs` are (file in train, file in test)."""
    found = pd.DataFrame(pairs, columns=["known", "file"]).drop_duplicates()
    own = asked.merge(found, "left", "file")
    right = own[own["known"] == own["original"]].drop_duplicates("file")
    wrong = own[own["known"].notna() & (own["known"] != own["original"])]
    counts = {"asked": asked, "found": right, "false_pairs": wrong}
    table = pd.DataFrame({name: rows["kind"].value_counts() for name, rows in counts.items()})
    table = table.reindex(CHANGES).fillna(0).astype(int)
    table.loc["all"] = table.sum()
    return table.rename_axis("kind").reset_index()


def answer(tool: str, folder: Path, others: Path) -> dict[str, Any]:
    """Return the answer of `tool` by copy_tools.py, in its own process. Raises BadInput with the tool's last error."""
    own = TOOLS[tool][0] is None
    command = [sys.executable, "-m", "analysis.copy_tools"] if own else [others, ROOT / "analysis" / "copy_tools.py"]
    # Without the script's folder on the path, whose modules may have the names of a tool's.
    environment = os.environ | ({} if own else {"PYTHONSAFEPATH": "1"})
    done = subprocess.run([*command, tool, folder], cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise BadInput(f"{tool}: {last}; install it for {others}: pip install {TOOLS[tool][0]}")
    return json.loads(done.stdout)


def measure(data: Path, others: Path, tools: list[str]) -> pd.DataFrame:
    """Return the table without the columns of benchmarks/reference."""
    dataset = mendeley_inbreast.load(mendeley_inbreast.OPTIONS, data, SEED)
    rows = dataset.samples.index[dataset.samples["upright"]]
    tables = []
    with tempfile.TemporaryDirectory() as place:
        asked = write_films([dataset.native(row) for row in rows], Path(place))
        for tool in tools:
            found = answer(tool, Path(place), others)
            table = judged(found.pop("pairs"), asked)
            table.insert(0, "tool", tool)
            table.insert(1, "version", found.pop("version"))
            tables.append(table.assign(**{name: None for name in found}))
            for name, value in found.items():
                tables[-1].loc[table["kind"] == "all", name] = value
    return pd.concat(tables, ignore_index=True)


main = measurement(
    "analysis.copies_compared",
    "Compare our search for copies with those of other tools on the same changed films.",
    measure,
    {
        "--data": {"required": True, "type": Path, "help": "the published folders, or their zip"},
        "--others": {"required": True, "type": Path, "help": "Python of an environment with the other tools"},
        "--tools": {"nargs": "+", "choices": TOOLS, "default": list(TOOLS), "help": "searches to run (default: all)"},
    },
)

if __name__ == "__main__":
    run_cli(main)
