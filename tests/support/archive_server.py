"""A server on this machine that gives out one file: with or without ranges, and cut off where a test wants it."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ArchiveServer(ThreadingHTTPServer):
    """Serves `content`; `starts` lists the first byte of each answer, `cuts` the lengths of the next broken ones."""

    def __init__(self, content: bytes):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content, self.ranges, self.tag = content, True, '"first"'
        self.status: int | None = None  # of every answer, without content
        self.starts: list[int] = []
        self.cuts: list[int] = []

    @property
    def url(self) -> str:
        """The address of the file."""
        return f"http://127.0.0.1:{self.server_port}/archive"


class _Answer(BaseHTTPRequestHandler):
    server: ArchiveServer

    def do_GET(self) -> None:
        served = self.server
        if served.status:
            self.send_error(served.status)
            return
        wanted = self.headers.get("Range") if served.ranges else None
        if self.headers.get("If-Range", served.tag) != served.tag:
            wanted = None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        served.starts.append(start)
        if wanted and start >= len(served.content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(served.content) - start))
        self.send_header("ETag", served.tag)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a client whose disk is full
            self.wfile.write(served.content[start:][: served.cuts.pop(0) if served.cuts else None])

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextlib.contextmanager
def serving(content: bytes) -> Iterator[ArchiveServer]:
    """Serve `content` inside the block."""
    with ArchiveServer(content) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
