"""Download of one file over HTTP, which continues where an earlier download was cut off."""

import os
from collections.abc import Mapping
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

RETRIES = 3  # after a broken connection; each continues the one before
TIMEOUT = 60  # seconds without an answer; a server may pack the archive first
CHUNK = 2**16  # bytes; the last incomplete chunk is lost when the connection breaks
PARTIAL, OUT_OF_RANGE = 206, 416  # HTTP status: the rest of the file follows; no rest


def download(url: str, path: Path, retries: int = RETRIES) -> None:
    """Download `url` to `path`, unless `path` exists. The file gets its name only when complete.

    Raises requests.RequestException, or OSError if the file can't be written. The received part then stays beside
    `path`, for the next call.
    """
    store = pooch.create(
        path.parent, base_url="", registry={path.name: None}, urls={path.name: url}, retry_if_failed=retries
    )
    store.fetch(path.name, downloader=_Continuing(path))


class _Continuing:
    """A downloader for pooch, which has none that continues: it appends to a part by an HTTP Range request.

    Beside the part lies the server's mark of the file's version; the server sends the whole file if this has changed.
    """

    def __init__(self, path: Path):
        self.part, self.mark = (path.with_name(f"{path.name}.{end}") for end in ("part", "version"))

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Download `url` to `output_file`."""
        done = self.part.stat().st_size if self.part.is_file() else 0
        with requests.get(url, headers=self._headers(done), stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == OUT_OF_RANGE:
                # The part is not shorter than the file: another version, or complete but not renamed. Start again.
                self.part.unlink()
                raise requests.ConnectionError("the file on the server is not the one that was begun")
            answer.raise_for_status()
            if answer.status_code != PARTIAL:
                done = 0
            self.mark.write_text(_version(answer.headers))
            self._receive(answer, done)
        os.replace(self.part, output_file)
        self.mark.unlink()

    def _headers(self, done: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
        if done and self.mark.is_file() and (mark := self.mark.read_text()):
            headers["If-Range"] = mark
        return headers

    def _receive(self, answer: requests.Response, done: int) -> None:
        """Write the body of `answer` to the part, after its first `done` bytes; show a progress bar at a terminal."""
        size = answer.headers.get("Content-Length")
        bar = tqdm(initial=done, total=done + int(size) if size else None, unit="B", unit_scale=True, disable=None)
        with bar, self.part.open("ab" if done else "wb") as stream:
            for chunk in answer.iter_content(CHUNK):
                stream.write(chunk)
                bar.update(len(chunk))


def _version(headers: Mapping[str, str]) -> str:
    """Return what If-Range may compare: a strong ETag, else the date of the last change, else nothing."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")
