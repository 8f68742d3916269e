"""A download over HTTP from a server on this machine: whole, cut off and continued, without ranges, changed."""

import random
import resource
from pathlib import Path

import pytest
import requests
from archive_server import serving

from benchmarks.fetch.download import CHUNK, download

CONTENT = random.Random(1).randbytes(5 * CHUNK + 7)
CUT = 3 * CHUNK + 11  # bytes that a broken answer brings; the chunks before it are kept


@pytest.fixture
def server():
    with serving(CONTENT) as one:
        yield one


def cut_off(server, path: Path) -> None:
    server.cuts = [CUT]
    with pytest.raises(requests.RequestException):
        download(server.url, path, retries=0)
    assert not path.exists() and path.with_name("zip.part").read_bytes() == CONTENT[: 3 * CHUNK]


def test_a_whole_file_is_there_alone(server, tmp_path):
    download(server.url, tmp_path / "zip")
    assert (tmp_path / "zip").read_bytes() == CONTENT and [*tmp_path.iterdir()] == [tmp_path / "zip"]


def test_a_second_call_continues_where_the_first_was_cut_off(server, tmp_path):
    cut_off(server, tmp_path / "zip")
    download(server.url, tmp_path / "zip")
    assert (tmp_path / "zip").read_bytes() == CONTENT and server.starts == [0, 3 * CHUNK]
    assert [*tmp_path.iterdir()] == [tmp_path / "zip"]


def test_a_broken_connection_is_continued_within_one_call(server, tmp_path):
    server.cuts = [CUT]
    download(server.url, tmp_path / "zip", retries=1)
    assert (tmp_path / "zip").read_bytes() == CONTENT and server.starts == [0, 3 * CHUNK]


def test_a_server_without_ranges_sends_the_file_anew(server, tmp_path):
    server.ranges = False
    cut_off(server, tmp_path / "zip")
    download(server.url, tmp_path / "zip")
    assert (tmp_path / "zip").read_bytes() == CONTENT and server.starts == [0, 0]


def test_a_file_that_changed_on_the_server_is_not_joined_to_the_old_part(server, tmp_path):
    cut_off(server, tmp_path / "zip")
    server.content, server.tag = CONTENT[::-1], '"second"'
    download(server.url, tmp_path / "zip")
    assert (tmp_path / "zip").read_bytes() == CONTENT[::-1] and server.starts == [0, 0]


def test_a_part_longer_than_the_file_is_dropped(server, tmp_path):
    (tmp_path / "zip.part").write_bytes(CONTENT + b"more")
    download(server.url, tmp_path / "zip", retries=1)
    assert (tmp_path / "zip").read_bytes() == CONTENT and server.starts == [len(CONTENT) + 4, 0]


def test_a_file_that_is_there_is_not_asked_for(server, tmp_path):
    (tmp_path / "zip").write_bytes(b"there")
    download(server.url, tmp_path / "zip")
    assert not server.starts


def test_a_disk_without_room_keeps_what_was_written(server, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * CHUNK, hard))  # bytes of any file, as a quota
    try:
        with pytest.raises(OSError, match="File too large"):
            download(server.url, tmp_path / "zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "zip").exists()
    download(server.url, tmp_path / "zip")
    assert (tmp_path / "zip").read_bytes() == CONTENT and server.starts == [0, 2 * CHUNK]
