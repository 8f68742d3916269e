"""Processes that have already loaded the libraries, for the jobs of one Snakemake run (launch.py).

Starting Python and TensorFlow takes longer than most jobs of a small study. The server process loads the libraries once
and forks one worker for each job. Only successive cells of one architecture share a worker, so that a model traced for
one cell serves the next (cells/reuse.py). TensorFlow itself starts in the worker, as its threads do not survive a fork.

The server ends when its standard input is closed, and so with the process that started it. It needs Linux.
"""

import contextlib
import ctypes
import dataclasses
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from benchmarks import backend, gpu
from benchmarks.errors import run_cli
from benchmarks.run.launch import CODE, INTERRUPT, LAUNCH, LIBRARIES, REFUSED, SOCKET, run

TRAINING = "benchmarks.training"  # its jobs share a worker if they are of the same architecture
PRELOADED = ("numpy", "pandas", "pyarrow.parquet", "scipy.stats", "sklearn.linear_model", "PIL.Image", "jsonschema")
# Modules that need Keras
KERAS = (
    *("benchmarks.check.contract", TRAINING, "benchmarks.replays.replay"),
    *("analysis.explanations.explain", "analysis.explanations.heatmaps"),
)
LARGEST = 1 << 18  # bytes of a request: no socket takes more at once
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
READY = b"ready\n"


@contextlib.contextmanager
def serving(idle: int) -> Iterator[None]:
    """Run the jobs that this process starts in warm workers, of which at most `idle` wait for another cell.

    A server that the environment names is used as it is.
    """
    if SOCKET in os.environ:
        yield
        return
    address = Path(tempfile.mkdtemp(prefix="mammobench-")) / "socket"
    command = [*LAUNCH, "benchmarks.run.warm", str(address), str(idle)]
    # A second thread would not survive a fork. A session of its own keeps Ctrl-C away: the jobs pass it on.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": backend.TENSORFLOW}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, start_new_session=True, stdin=pipe, stdout=pipe) as server:
        assert server.stdin and server.stdout
        if server.stdout.readline() == READY:
            os.environ[SOCKET] = str(address)
        try:
            yield
        finally:
            os.environ.pop(SOCKET, None)
            server.stdin.close()


@dataclasses.dataclass(frozen=True)
class Worker:
    """A worker process and the connection to it."""

    pid: int
    socket: socket.socket

    def end(self) -> None:
        """End the idle worker."""
        self.socket.close()
        os.waitpid(self.pid, 0)


class Server:
    """The process that forks workers: listens at `address`, keeps at most `idle_limit` idle workers."""

    def __init__(self, address: Path, idle_limit: int):
        self.address, self.idle_limit = address, idle_limit
        self.idle: dict[tuple | None, Worker] = {}
        self.busy: dict[socket.socket, tuple[Worker, tuple | None]] = {}
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(str(address))
        self.listening.listen(64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listening, selectors.EVENT_READ, self.accept)
        self.selector.register(sys.stdin, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer requests until standard input ends."""
        for name in PRELOADED:
            importlib.import_module(name)
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def accept(self, listening: socket.socket) -> None:
        """Accept one job and give it to a worker."""
        connection, _ = listening.accept()
        request, descriptors, *_ = socket.recv_fds(connection, LARGEST, 2)
        if request:
            job = json.loads(request)
            if (job["libraries"], job["code"]) == (LIBRARIES, str(CODE)):
                self._give(job, request, [connection.fileno(), *descriptors])
            else:
                connection.send(REFUSED)
        for descriptor in (*descriptors, connection.detach()):
            os.close(descriptor)

    def _give(self, job: dict, request: bytes, descriptors: list[int]) -> None:
        key = _shared_by(job)
        worker = self.idle.pop(key, None)
        if worker is None:
            if gpu.ASKED in job["environment"]:
                self._free_place(job["environment"].get(gpu.PLACES, ""))
            worker = self._fork(_module(job), descriptors)
        self.busy[worker.socket] = worker, key
        self.selector.register(worker.socket, selectors.EVENT_READ, self.hear)
        # If the worker is dead, `hear` notices, and the job's own connection ends.
        with contextlib.suppress(OSError):
            socket.send_fds(worker.socket, [request], descriptors)

    def _free_place(self, places: str) -> None:
        """End the idle worker that has waited longest, if all `places` on GPUs may be taken: it keeps its place."""
        if self.idle and len(self.idle) + len(self.busy) >= len(places.split(",")):
            self.idle.pop(next(iter(self.idle))).end()

    def _fork(self, module: str, descriptors: list[int]) -> Worker:
        if module in KERAS:
            # Only now, as a run that trains nothing does not need Keras.
            backend.load()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            self.selector.close()
            for other in (ours, self.listening, *(worker.socket for worker in self.idle.values()), *self.busy):
                other.close()
            # The worker gets its own copies of these with the job.
            for descriptor in descriptors:
                os.close(descriptor)
            try:
                _work(its)
            finally:
                # The worker must not return into the server's code.
                os._exit(1)
        its.close()
        return Worker(pid, ours)

    def hear(self, connection: socket.socket) -> None:
        """Handle a worker that has finished its job or died."""
        worker, key = self.busy.pop(connection)
        self.selector.unregister(connection)
        if connection.recv(1) and key is not None and key not in self.idle:
            self.idle[key] = worker
            if len(self.idle) > self.idle_limit:
                self.idle.pop(next(iter(self.idle))).end()
        else:
            worker.end()

    def close(self) -> None:
        """End the idle workers. Busy workers end with this process."""
        for worker in self.idle.values():
            worker.end()
        shutil.rmtree(self.address.parent)


def _module(job: dict) -> str:
    return job["argv"][0].split("+")[0]


def _shared_by(job: dict) -> tuple | None:
    if _module(job) != TRAINING:
        return None
    arguments = job["argv"][1:]
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    return job["folder"], options["--architecture"], options["--threads"]


def _work(server: socket.socket) -> None:
    """Run the jobs that `server` sends, in a worker, until the connection is closed."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    # Else every full garbage collection would visit the libraries' million objects.
    gc.freeze()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    while True:
        request, descriptors, *_ = socket.recv_fds(server, LARGEST, 3)
        if not request:
            os._exit(0)
        connection = socket.socket(fileno=descriptors[0])
        for ours, its in zip((1, 2), descriptors[1:], strict=True):
            os.dup2(its, ours)
            os.close(its)
        done = threading.Event()
        threading.Thread(target=_heed, args=(connection, done), daemon=True).start()
        status = _run(json.loads(request))
        done.set()
        # Close our copies of stdout and stderr: the reader of the pipe waits for end of file.
        for ours in (1, 2):
            os.dup2(nowhere, ours)
        connection.send(str(status).encode())
        server.send(b"1")


def _heed(connection: socket.socket, done: threading.Event) -> None:
    """End this worker, or interrupt its job, when the process that sent the job ends or is interrupted."""
    while said := connection.recv(64):
        if said == INTERRUPT and not done.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    if not done.is_set():
        os.kill(os.getpid(), signal.SIGKILL)
    connection.close()


def _run(job: dict) -> int:
    """Run a job; return its exit status."""
    with contextlib.suppress(OSError):
        # Reset the peak memory of this process, so that the peak is the job's.
        Path("/proc/self/clear_refs").write_text("5")
    sys.argv = job["argv"]
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    try:
        run_cli(lambda: run(job["argv"][0]))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    else:
        status = 0
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def main() -> None:
    """Serve at the socket that the command line names, with its number of idle workers."""
    server = Server(Path(sys.argv[1]), int(sys.argv[2]))
    os.write(1, READY)
    server.serve()
    server.close()
    # Skip the libraries' exit handlers: nothing is left to clean up.
    os._exit(0)


if __name__ == "__main__":
    main()
