"""The audit of a data set larger than the memory that it takes."""

import cv2
import numpy as np
import pytest
from anonymous_memory import Anonymous
from PIL import Image
from textures import texture

from analysis.audit.collection import collect
from analysis.audit.findings import examine

SIDE = 1536  # pixels: 2.4 MB an image
PIXELS = 300  # MB
MOST = 100  # MB of memory


@pytest.mark.slow
def test_films_larger_than_memory_are_audited(tmp_path):
    numbers = range(-(-PIXELS * 10**6 // SIDE**2))
    for number in numbers:
        folder = tmp_path / "data" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        film = cv2.resize(texture(number), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        Image.fromarray(film).save(folder / f"{number}.pgm")
    Image.fromarray(np.ascontiguousarray(film[:, ::-1])).save(folder / "mirrored.pgm")
    with Anonymous() as memory:
        audit = examine(collect([tmp_path / "data"]))
    assert memory.grown < MOST, memory.grown
    (copies,) = [set(finding.files) for finding in audit.findings if finding.code == "COPY001"]
    assert copies == {f"{folder.name}/mirrored.pgm", f"{folder.name}/{numbers[-1]}.pgm"}
