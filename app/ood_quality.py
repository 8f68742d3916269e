"""Films of new patients that the out-of-distribution check passes, and other pictures that it flags.

    python -m app.ood_quality CELL --inbreast ZIP > benchmarks/reference/out_of_distribution.csv

The films are phantoms of new patients, for a cell of the study `demo`, and INbreast's sources, held out by patient in
folds. The pictures are photographs and pages of text that scikit-image ships, blank images and noise. Columns: films,
folds, n_films, passed, n_pictures, flagged (least of the folds), nearest (the picture with the smallest distance),
nearest_ratio and cat_ratio (distance of this picture and of the photograph of a cat, in thresholds, least of the
folds), and the columns of benchmarks/reference.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import skimage
from PIL import Image

from app.model.choose import ServedCell
from app.model.ood import SIDE, Familiar, familiar
from benchmarks import datasets
from benchmarks.datasets._contract import Dataset
from benchmarks.datasets._files import resize
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement
from benchmarks.study.study import load_study

PICTURES = Path(skimage.__file__).parent / "data"
CAT = "chelsea.png"
SHIPPED = (
    *(CAT, "astronaut.png", "coins.png", "text.png", "page.png", "camera.png", "coffee.png", "moon.png"),
    *("retina.jpg", "rocket.jpg", "brick.png", "clock_motion.png", "horse.png", "hubble_deep_field.jpg"),
)
STUDY = "demo"  # of the phantoms
NEW_PATIENTS, SEED = 100, 77
FOLDS = 5


def pictures(side: int) -> dict[str, np.ndarray]:
    """Return photographs, pages of text, blank images and noise, uint8 (side, side), by name."""
    found = {name: np.asarray(Image.open(PICTURES / name).convert("L")) for name in SHIPPED}
    found |= {f"blank {level}": np.full((side, side), level, np.uint8) for level in (0, 20, 128, 255)}
    rng = np.random.default_rng(0)
    found |= {f"noise to {top}": rng.integers(0, top, (side, side), np.uint8) for top in (40, 255)}
    return {name: resize(image, side) for name, image in found.items()}


def measure(cell: Path, inbreast: Path) -> pd.DataFrame:
    """Return a row for the phantoms and the cell, and one for INbreast."""
    phantom = datasets.adapter("phantom")
    options = datasets.options(load_study(STUDY).dataset) | {"patients": NEW_PATIENTS}
    new = phantom.load(options, None, SEED)
    of_cell = [(familiar(ServedCell(cell)), _upright(new)[1])]
    sources = datasets.adapter("mendeley_inbreast").load({}, inbreast, SEED)
    return pd.DataFrame([_row("phantoms", of_cell), _row("INbreast", list(held_out(*_upright(sources))))])


def held_out(samples: pd.DataFrame, films: np.ndarray) -> Iterator[tuple[Familiar, np.ndarray]]:
    """Yield for each fold the check of the training films, and the films of the patients held out.

    `samples` has the columns sample, source and patient; `films` are uint8 (N, S, S) in the same order.
    """
    patients = samples["patient"].fillna(samples["source"])
    known = sorted(patients.unique())
    samples = samples.assign(patient=patients, row=range(len(samples)))
    for fold in range(FOLDS):
        tested = patients.isin(known[fold::FOLDS]).to_numpy()
        yield Familiar.of(samples.assign(part=np.where(tested, "test", "train")), films), films[tested]


def _upright(dataset: Dataset) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the upright originals of a data set: their samples, and the films."""
    samples = dataset.samples
    rows = samples.index[samples["upright"] & (samples["variant"] == "original")]
    return samples.loc[rows], np.stack([dataset.read(row, SIDE) for row in rows])


def _row(name: str, checked: list[tuple[Familiar, np.ndarray]]) -> dict:
    passed = [check.distance(film) <= check.threshold for check, films in checked for film in films]
    others = pictures(SIDE)
    ratios = pd.DataFrame(
        [{key: check.distance(image) / check.threshold for key, image in others.items()} for check, _ in checked]
    )
    least = ratios.min()
    return {
        **{"films": name, "folds": len(checked), "n_films": len(passed), "passed": sum(passed)},
        **{"n_pictures": len(others), "flagged": int((ratios > 1).sum(axis=1).min())},
        **{"nearest": least.idxmin(), "nearest_ratio": round(least.min(), 2), "cat_ratio": round(least[CAT], 2)},
    }


main = measurement(
    "app.ood_quality",
    "Measure which films the out-of-distribution check passes, and which other pictures it flags.",
    measure,
    {
        "cell": {"type": Path, "help": "folder of a cell of the study demo"},
        "--inbreast": {"required": True, "type": Path, "help": "the zip of Mendeley Data x7bvzv6cvr"},
    },
)

if __name__ == "__main__":
    run_cli(main)
