"""Requests with a thousand broken films to a service: status of the answers, memory of the server.

    MAMMOBENCH_MODEL=... python -m app.endurance > benchmarks/speed/memory.csv

Each film of the study is sent whole or with bytes changed, deleted, inserted or cut off, as PNG, JPEG, TIFF or DICOM,
alternately to /predict and /generate_heatmap. Columns: requests (so far), memory_mb (resident memory of the server),
ok, refused (4xx), failed (5xx, or no answer), and the columns of benchmarks/reference.
"""

import io

import httpx
import numpy as np
import pandas as pd
import psutil
import pydicom
from PIL import Image
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian

from app.model.choose import ServedCell, choose
from app.settings import Settings
from app.speed import OURS, served_by
from benchmarks.errors import run_cli
from benchmarks.reference.command import measurement

KINDS = ("PNG", "JPEG", "TIFF", "DICOM")
PATHS = ("/predict", "/generate_heatmap")
WHOLE = 0.1  # share of films without a change
STEP = 50  # requests between two measurements of the memory


def written(film: np.ndarray, kind: str) -> bytes:
    """Return a film uint8 (H, W) as a file of one of KINDS."""
    stream = io.BytesIO()
    if kind != "DICOM":
        Image.fromarray(film).save(stream, kind)
        return stream.getvalue()
    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    header.set_pixel_data(film, "MONOCHROME2", bits_stored=8)
    header.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return `content` with one to eight changes, half of them in the first 200 bytes (the header)."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 9)):
        place = int(rng.integers(0, min(len(changed), 200) if rng.random() < 0.5 else len(changed)) if changed else 0)
        some = rng.bytes(int(rng.integers(1, 9)))
        match rng.integers(0, 4):
            case 0:
                changed[place : place + len(some)] = some
            case 1:
                changed[place:place] = some
            case 2:
                del changed[place : place + len(some)]
            case 3 if rng.random() < 0.2:
                del changed[place:]
    return bytes(changed)


def films(cell: ServedCell, number: int, seed: int) -> list[bytes]:
    """Return `number` films of the cell's study, most of them mutated."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(number):
        content = written(np.array(cell.images[rng.integers(len(cell.images))]), KINDS[place % len(KINDS)])
        made.append(content if rng.random() < WHOLE else mutated(content, rng))
    return made


def curve(client: httpx.Client, sent: list[bytes], process: psutil.Process) -> pd.DataFrame:
    """Send all films; return a row before the first request and one every STEP requests."""
    counts = {"ok": 0, "refused": 0, "failed": 0}
    rows = []
    for number in range(len(sent) + 1):
        if number:
            try:
                status = client.post(PATHS[number % len(PATHS)], files={"image_": sent[number - 1]}).status_code
            except httpx.HTTPError:
                status = 599
            counts["ok" if status == 200 else "refused" if 400 <= status < 500 else "failed"] += 1
        if number % STEP == 0:
            rows.append({"requests": number, "memory_mb": round(process.memory_info().rss / 2**20, 1), **counts})
    return pd.DataFrame(rows)


def measure(requests: int, seed: int) -> pd.DataFrame:
    """Start a service, send broken films, and return the table."""
    cell = choose(Settings.of())
    with served_by(OURS, cell) as (address, process), httpx.Client(base_url=address, timeout=60) as client:
        return curve(client, films(cell, requests, seed), process)


main = measurement(
    "app.endurance",
    "Send broken films to the service and record its memory.",
    measure,
    {"--requests": 1000, "--seed": 1},
)

if __name__ == "__main__":
    run_cli(main)
