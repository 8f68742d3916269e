"""The archives that can be downloaded, and the check of their pixels."""

import dataclasses
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import requests
from tqdm import tqdm

from benchmarks import datasets
from benchmarks.datasets import mendeley_inbreast
from benchmarks.errors import BadInput, refuse, told
from benchmarks.fetch.cache import VARIABLE, cached
from benchmarks.fetch.download import RETRIES, download


@dataclasses.dataclass(frozen=True)
class Archive:
    """An archive that can be downloaded.

    `name` is the adapter that reads it, `url` its address, `page` where a person finds it. `pixels` is a CSV file with
    the columns sample (as the adapter names it) and md5 (of the decoded native pixels), a row for each published image.
    """

    name: str
    url: str
    page: str
    pixels: Path


ARCHIVES = {
    archive.name: archive
    for archive in [
        # Mendeley packs all files into one zip, which may differ in its bytes each time: so no digest of the zip, but
        # one of each image's pixels. The zip has folders of 224 px and of 227 px; the digests are of the 224 px ones,
        # which all studies read but for AlexNet's 227 px.
        Archive(
            "mendeley_inbreast",
            "https://data.mendeley.com/public-api/zip/x7bvzv6cvr/download/1",
            f"https://doi.org/{mendeley_inbreast.DOI}",
            Path(__file__).with_name("mendeley_inbreast.csv.gz"),
        ),
    ]
}


def fetch(archive: Archive, file: Path | None = None, retries: int = RETRIES) -> Path:
    """Return the archive in the cache with its pixels verified; download it, or copy `file`, if it is not there.

    Raises BadInput with the way by hand if the download fails, if there is no room, or if the images are not those
    published: then the file is deleted.
    """
    if file and not file.is_file():
        raise BadInput(f"{file}: no such file; give the downloaded zip")
    path = cached(archive.name)
    fresh = path if path.is_file() else path.with_name("unverified.zip")
    by_hand = f"Or download it from {archive.page} with a browser, then: make data DATA=PATH"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh != path and file:
            shutil.copyfile(file, fresh)
        elif fresh != path:
            download(archive.url, fresh, retries)
    except requests.RequestException as error:
        raise BadInput(
            f"{archive.url}: not downloaded; {_reason(error)}.\nRun `make data` again: it continues.\n{by_hand}"
        ) from None
    except OSError as error:
        raise BadInput(
            f"{path.parent}: can't be written: {error.strerror or error}. Make room, or set {VARIABLE} to another "
            "folder. Run `make data` again: it continues"
        ) from None
    try:
        verify(archive, fresh)
    except BadInput as error:
        fresh.unlink()
        raise BadInput(f"{error}\n{fresh} was deleted. Run `make data` again.\n{by_hand}") from None
    os.replace(fresh, path)
    return path


def verify(archive: Archive, path: Path) -> None:
    """Raise BadInput unless the zip at `path` is whole and has exactly the published images, by their pixels."""
    with told(f"{path}: not a whole zip"), zipfile.ZipFile(path) as packed:
        damaged = packed.testzip()
    refuse(f"{path}: damaged:", [damaged] if damaged else [])
    dataset = datasets.load({"name": archive.name}, path, seed=0)
    published = pd.read_csv(archive.pixels).set_index("sample")["md5"].to_dict()
    found = {}
    for row, sample in enumerate(tqdm(dataset.samples["sample"], desc="verify", unit="image", disable=None)):
        found[sample] = hashlib.md5(dataset.native(row).tobytes(), usedforsecurity=False).hexdigest()
    refuse(f"{path}: not the published images:", _differences(found, published))


def _differences(found: dict[str, str], published: dict[str, str]) -> Iterator[str]:
    for sample in sorted(found.keys() | published.keys()):
        if sample not in found:
            yield f"{sample}: missing"
        elif sample not in published:
            yield f"{sample}: not published"
        elif found[sample] != published[sample]:
            yield f"{sample}: other pixels than published"


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    return f"no connection to the server, or it broke ({type(error).__name__})"
