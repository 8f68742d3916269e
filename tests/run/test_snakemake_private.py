"""What we change in Snakemake while a run goes on."""

import asyncio
import hashlib
import os
from types import SimpleNamespace

from snakemake.io import IOFile, _IOFile

from benchmarks.run.snakemake_private import hash_inputs_once


def test_an_input_is_hashed_once_while_it_does_not_change(tmp_path, monkeypatch):
    monkeypatch.setattr(_IOFile, "checksum", _IOFile.checksum)  # as before, after the test
    plain, hashed = hashlib.file_digest, []
    monkeypatch.setattr(hashlib, "file_digest", lambda file, kind: hashed.append(file.name) or plain(file, kind))
    hash_inputs_once()
    path = tmp_path / "images.npy"
    own = {"iocache": SimpleNamespace(active=False)}
    rule = SimpleNamespace(workflow=SimpleNamespace(**own), pathvars=SimpleNamespace(apply=str))

    def checksum(limit=100):
        return asyncio.run(IOFile(str(path), rule=rule).checksum(limit))

    def sha256():
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

    path.write_bytes(b"one")
    assert checksum() == checksum() == sha256()
    assert hashed == [str(path)]
    # Of the same size
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert checksum() == sha256()
    assert len(hashed) == 2
    # Snakemake hashes no file above its limit.
    assert checksum(limit=2) is None
    path.unlink()
    assert checksum() is None
