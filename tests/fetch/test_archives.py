"""Fetched archives: pixels verified, nothing wrong kept, clear words without network, room or rights."""

import dataclasses
import hashlib
import io
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archive_server import serving
from conftest import ROOT
from datasets_input import refusal, saved
from PIL import Image

from benchmarks.datasets import mendeley_inbreast
from benchmarks.fetch.archives import ARCHIVES, Archive, fetch
from benchmarks.fetch.cache import cached

PIXELS = {
    f"{label}/{number}.png": np.random.default_rng(number).integers(0, 256, (40, 30), dtype=np.uint8)
    for label in ("benign", "malignant")
    for number in range(6)
}
REAL = ARCHIVES["mendeley_inbreast"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The folder of the fetched archive."""
    monkeypatch.setenv("MAMMOBENCH_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache/image_folder"


@pytest.fixture
def server():
    with serving(packed(PIXELS)) as one:
        yield one


def packed(pixels: dict[str, np.ndarray]) -> bytes:
    """A zip of images in class folders."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, image in pixels.items():
            archive.writestr(name, saved(Image.fromarray(image)))
    return stream.getvalue()


@pytest.fixture
def archive(server, tmp_path) -> Archive:
    rows = [(sample, hashlib.md5(image.tobytes()).hexdigest()) for sample, image in PIXELS.items()]
    pd.DataFrame(rows, columns=["sample", "md5"]).to_csv(tmp_path / "pixels.csv", index=False)
    return Archive("image_folder", server.url, "https://example.org/page", tmp_path / "pixels.csv")


def test_a_verified_archive_lies_in_the_folder_of_its_data_set(server, archive, folder):
    assert fetch(archive) == folder / "archive.zip" == cached("image_folder")
    assert cached("image_folder").read_bytes() == server.content and [*folder.iterdir()] == [folder / "archive.zip"]
    fetch(archive)
    assert server.starts == [0], "the second call downloaded it again"


def test_the_way_the_zip_is_packed_does_not_matter(server, archive):
    server.content = packed(dict(reversed(PIXELS.items())))
    fetch(archive)


FIRST = "benign/0.png"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed(PIXELS | {FIRST: PIXELS[FIRST] ^ 1}), f"{FIRST}: other pixels than published"),
        (packed({name: image for name, image in PIXELS.items() if name != FIRST}), f"{FIRST}: missing"),
        (packed(PIXELS | {"benign/x.png": PIXELS[FIRST]}), "benign/x.png: not published"),
        (packed(PIXELS)[:-300], "not a whole zip"),
        (packed(PIXELS).replace(b"IDAT", b"IDAX", 1), "benign/0.png"),
        (b"<html>Sign in</html>", "not a whole zip"),
    ],
    ids=["changed", "missing", "more", "short", "damaged", "page"],
)
def test_wrong_content_is_named_and_not_kept(server, archive, folder, content, words):
    server.content = content
    message = refusal(fetch, archive)
    assert words in message and "was deleted" in message and not [*folder.iterdir()]
    server.content = packed(PIXELS)
    fetch(archive)


def test_a_kept_archive_that_was_damaged_is_found_and_deleted(archive, folder):
    fetch(archive)
    (folder / "archive.zip").write_bytes(packed(PIXELS)[:-300])
    assert "not a whole zip" in refusal(fetch, archive) and not [*folder.iterdir()]


def test_without_network_the_message_names_the_way_by_hand(archive, folder):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    message = refusal(fetch, dataclasses.replace(archive, url=f"http://127.0.0.1:{port}/x"), None, 0)
    for words in ("no connection to the server", "https://example.org/page", "make data DATA=PATH"):
        assert words in message
    assert not [*folder.iterdir()]


def test_a_refusal_of_the_server_is_told_with_its_status(server, archive):
    server.status = 403
    assert "the server answered 403 Forbidden" in refusal(fetch, archive, None, 0)


def test_a_zip_from_a_browser_is_verified_too(server, archive, tmp_path, folder):
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(packed(PIXELS))
    bad.write_bytes(packed(PIXELS | {FIRST: PIXELS[FIRST] ^ 1}))
    assert "other pixels" in refusal(fetch, archive, bad) and bad.exists() and not [*folder.iterdir()]
    assert "no such file" in refusal(fetch, archive, tmp_path / "gone.zip")
    assert fetch(archive, good).read_bytes() == good.read_bytes() and not server.starts


def test_a_folder_that_cannot_be_written_is_told(archive, folder):
    folder.parent.write_text("a file where the cache should be")
    message = refusal(fetch, archive)
    assert str(folder) in message and "can't be written" in message and "set MAMMOBENCH_DATA" in message


def test_the_command_on_a_disk_without_room_says_so_and_continues(server, tmp_path, folder):
    server.content = os.urandom(300_000)
    command = [sys.executable, "-m", "benchmarks.fetch", "--url", server.url]
    limited = ["bash", "-c", 'ulimit -f 130; exec "$@"', "bash", *command]  # KiB of any file, as a quota
    run = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2 and "Traceback" not in run.stderr
    assert "can't be written: File too large. Make room" in run.stderr
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2 and "not a whole zip" in run.stderr and server.starts[0] == 0 < server.starts[1]


def test_the_reference_names_every_published_file():
    published = pd.read_csv(REAL.pixels)
    files = published["sample"].str.extract(r"^(?P<folder>\w+)/(?P<label>\w+)/(?P<source>\d+)")
    assert files["folder"].value_counts().to_dict() == {"after": 7632, "before": 212}
    assert files["label"].nunique() == 8 and set(files["source"]) == set(mendeley_inbreast.facts()["source"])
    assert published["md5"].nunique() == 5088, "of 7,632 augmented images, 5,088 differ; those before are among them"


@pytest.mark.slow
def test_the_real_archive_with_both_sizes_is_fetched_and_read(real_zip, tmp_path):
    """As the public archive is packed; its 227 px folders are stood in for by the 224 px images, which count alike."""
    both = tmp_path / "both.zip"
    with zipfile.ZipFile(real_zip) as real, zipfile.ZipFile(both, "w") as new:
        for name in real.namelist():
            for size in ("224x224", "227x227"):
                new.writestr(name.replace("224x224", size), real.read(name))
    with serving(both.read_bytes()) as server:
        server.cuts = [100_000_000]
        path = fetch(dataclasses.replace(REAL, url=server.url))
        assert len(server.starts) == 2 and server.starts[1] > 99_000_000
    assert len(mendeley_inbreast.load({}, path, 0).samples) == 7844
