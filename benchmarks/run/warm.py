"""Processes that have loaded the libraries already, for the jobs of one Snakemake run (benchmarks/run/launch.py).

To start Python and TensorFlow takes longer than most jobs of a small study. This process loads the libraries once and
forks one for each job: what a job does, it does in a process of its own. Only cells share one, those of an architecture
that come one after the other, so that a model traced for one serves the next (cells/reuse.py). TensorFlow itself
starts in the fork alone, as its threads would not survive one.

It ends with the process that started it, as its standard input then does. Linux alone has what this takes.
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

from benchmarks import backend
from benchmarks.errors import run_cli
from benchmarks.run.launch import CODE, INTERRUPT, LAUNCH, LIBRARIES, REFUSED, SOCKET, run

TRAINING = "benchmarks.training"  # whose jobs follow each other in one process if they are of the same architecture
PRELOADED = ("numpy", "pandas", "pyarrow.parquet", "scipy.stats", "sklearn.linear_model", "PIL.Image", "jsonschema")
# Modules that need Keras
KERAS = ("benchmarks.check.contract", TRAINING, "analysis.explanations.explain", "analysis.explanations.heatmaps")
LARGEST = 1 << 18  # bytes of a request: no socket takes more at once
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
READY = b"ready\n"


@contextlib.contextmanager
def serving(idle: int) -> Iterator[None]:
    """Have the jobs that this process starts run in warm processes, of which at most `idle` wait for another cell.

    In those that the environment names, if it does.
    """
    if SOCKET in os.environ:
        yield
        return
    address = Path(tempfile.mkdtemp(prefix="mammobench-")) / "socket"
    command = [*LAUNCH, "benchmarks.run.warm", str(address), str(idle)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    # More threads than one would not survive a fork. In its own session, as Ctrl-C is for the jobs, which pass it on.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": backend.TENSORFLOW}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as server:
        if server.stdout.readline() == READY:
            os.environ[SOCKET] = str(address)
        try:
            yield
        finally:
            os.environ.pop(SOCKET, None)
            server.stdin.close()


@dataclasses.dataclass(frozen=True)
class Worker:
    """A forked process and the connection to it."""

    pid: int
    socket: socket.socket

    def end(self) -> None:
        """Let an idle process end."""
        self.socket.close()
        os.waitpid(self.pid, 0)


class Server:
    """The process that forks: listens at `address`, keeps at most `idle_limit` processes that have nothing to do."""

    def __init__(self, address: Path, idle_limit: int):
        self.address, self.idle_limit = address, idle_limit
        self.idle: dict[tuple, Worker] = {}
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
        """Take one job, and give it to a process."""
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
        worker = self.idle.pop(key, None) or self._fork(_module(job), descriptors)
        self.busy[worker.socket] = worker, key
        self.selector.register(worker.socket, selectors.EVENT_READ, self.hear)
        # One that is gone is heard of; its job is told by its connection's end.
        with contextlib.suppress(OSError):
            socket.send_fds(worker.socket, [request], descriptors)

    def _fork(self, module: str, descriptors: list[int]) -> Worker:
        if module in KERAS:
            # Late, as a run that trains nothing has no use for it.
            backend.load()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            self.selector.close()
            for other in (ours, self.listening, *(worker.socket for worker in self.idle.values()), *self.busy):
                other.close()
            # Sent, too, and then its own to close.
            for descriptor in descriptors:
                os.close(descriptor)
            try:
                _work(its)
            finally:
                # Never back into the server's own code.
                os._exit(1)
        its.close()
        return Worker(pid, ours)

    def hear(self, connection: socket.socket) -> None:
        """A process has done its job, or is gone."""
        worker, key = self.busy.pop(connection)
        self.selector.unregister(connection)
        if connection.recv(1) and key is not None and key not in self.idle:
            self.idle[key] = worker
            if len(self.idle) > self.idle_limit:
                self.idle.pop(next(iter(self.idle))).end()
        else:
            worker.end()

    def close(self) -> None:
        """End what is idle. What still works ends with this process."""
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
    """Be a forked process: run jobs that `server` sends until it closes the connection."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    # Every full collection of garbage would go through the libraries' million objects.
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
        # Whoever reads what the job wrote waits until nobody can write any more.
        for ours in (1, 2):
            os.dup2(nowhere, ours)
        connection.send(str(status).encode())
        server.send(b"1")


def _heed(connection: socket.socket, done: threading.Event) -> None:
    """End this process, or interrupt its job, as the process that asked for it ends or is interrupted."""
    while said := connection.recv(64):
        if said == INTERRUPT and not done.is_set():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    if not done.is_set():
        os.kill(os.getpid(), signal.SIGKILL)
    connection.close()


def _run(job: dict) -> int:
    """The exit status of a job."""
    with contextlib.suppress(OSError):
        # So that the peak of this process' memory is the job's.
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
    """Serve at the socket and with the number of idle processes that the command line names."""
    server = Server(Path(sys.argv[1]), int(sys.argv[2]))
    os.write(1, READY)
    server.serve()
    server.close()
    # Without the libraries' own farewells: nothing is left to tidy.
    os._exit(0)


if __name__ == "__main__":
    main()
