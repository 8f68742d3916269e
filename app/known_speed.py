"""Time to search the known films for an upload, at a number of known films.

    python -m app.known_speed > benchmarks/speed/known_films.csv

Half of the uploads are copies of known phantoms, mirrored and rotated, and half are other phantoms. Each is searched
once; decoding and prediction are not measured. Columns: known_films, upload_px (side), copies (whether the uploads are
copies), searches, recognised, median_ms, p99_ms, cpu_ms (median), descriptions_mb, and the columns of
benchmarks/reference.
"""

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from PIL import Image

from app.model.known import KnownFilms
from benchmarks import datasets
from benchmarks.copies import rigid
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

SIDES = (224, 2048)  # pixels of the uploads
SEED = 1


def phantoms(number: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the upright originals of phantoms, uint8 (96, 96), all of different breasts."""
    phantom = datasets.adapter("phantom")
    # Every patient has a film or more.
    dataset = phantom.load(phantom.OPTIONS | {"patients": number, "side": rigid.SIDE}, None, seed)
    rows = dataset.samples.index[dataset.samples["upright"]][:number]
    yield from map(dataset.native, rows)


def measure(films: int, searches: int) -> pd.DataFrame:
    """Return a row for each side of the uploads, and for copies and others."""
    own, others = list(phantoms(films, SEED)), list(phantoms(searches, SEED + 1))
    samples = pd.DataFrame({"part": "train", "md5": [""] * len(own)})
    known = KnownFilms(samples, rigid.describe(own), rigid.SIDE)
    rng = np.random.default_rng(SEED)
    copies = [own[place][:, ::-1] for place in rng.choice(len(own), searches)]
    rows = []
    for side in SIDES:
        for are_copies, uploads in ((True, copies), (False, others)):
            times, busy, recognised = [], [], 0
            for film in uploads:
                turned = Image.fromarray(film).rotate(rng.uniform(0, 360), Image.Resampling.BILINEAR)
                upload = np.asarray(turned.resize((side, side), Image.Resampling.BICUBIC))
                started, before = time.perf_counter(), time.process_time()
                recognised += known.find(upload) is not None
                times.append(1000 * (time.perf_counter() - started))
                busy.append(1000 * (time.process_time() - before))
            rows.append(
                {
                    **{"known_films": len(own), "upload_px": side, "copies": are_copies, "searches": len(uploads)},
                    **{"recognised": recognised, "median_ms": round(float(np.median(times)), 1)},
                    **{"p99_ms": round(float(np.quantile(times, 0.99)), 1)},
                    "cpu_ms": round(float(np.median(busy)), 1),
                    "descriptions_mb": round(known.spectra.nbytes / 2**20, 1),
                }
            )
    return pd.DataFrame(rows)


main = measurement(
    "app.known_speed",
    "Time the search for an upload among the known films.",
    measure,
    {"--films": 1000, "--searches": 100},
)

if __name__ == "__main__":
    run_cli(main)
