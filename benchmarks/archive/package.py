"""The zip of an archive: the metadata first, then all files with their time stamps."""

import dataclasses
import hashlib
import json
import struct
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks import stored
from benchmarks.archive.files import Packed

METADATA = "ro-crate-metadata.json"
EXTENDED_TIME = 0x5455  # extra field of a zip: UTC in seconds, where the zip's own time stamps are local and even


def digested(files: Iterable[Packed]) -> list[Packed]:
    """Return `files` with their sizes in bytes and their sha256."""
    known = []
    for file in files:
        content = file.content()
        known.append(dataclasses.replace(file, size=len(content), sha256=hashlib.sha256(content).hexdigest()))
    return known


def write(path: Path, metadata: dict, files: list[Packed]) -> None:
    """Write the zip to `path`, whole or not at all."""
    text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
    latest = max(file.changed for file in files)
    path.parent.mkdir(parents=True, exist_ok=True)
    with stored.replacing(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (Packed(METADATA, text.encode(), latest), *files):
            archive.writestr(_entry(file), file.content())


def _entry(file: Packed) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(file.name, time.gmtime(file.changed)[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    entry.extra = struct.pack("<HHBl", EXTENDED_TIME, 5, 1, int(file.changed))
    return entry
