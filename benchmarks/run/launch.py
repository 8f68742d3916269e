"""Run a module of the workflow, in a process that has already loaded the libraries if there is one, else in this one.

    python benchmarks/run/launch.py benchmarks.training+architectures.simple --study demo --architecture simple ...

is `python -m benchmarks.training --study demo --architecture simple ...`. After "+" stand modules that the job imports
by name (an architecture, a protocol, a data set). While Snakemake runs on this machine, the environment variable
MAMMOBENCH_WARM names the socket of warm.py, which gets the job. If this process is killed, nothing of the job is left.

MAMMOBENCH_CODE names the record of the code that the run started with (code.py). A job whose code has changed since
then fails, whether the change came before the job or during it. Every job starts with this file: standard library only.
"""

import importlib
import json
import os
import site
import socket
import sys
from pathlib import Path

CODE = Path(__file__).resolve().parents[2]
SOCKET = "MAMMOBENCH_WARM"
LAUNCH = (sys.executable, str(CODE / "benchmarks/run/launch.py"))  # a module's name and arguments come after it
LIBRARIES = os.path.realpath(site.getsitepackages()[0])  # of this environment
INTERRUPT, REFUSED = b"interrupt", b"refused"
PATIENCE = 10  # seconds that an interrupted job has to tidy up


def main() -> None:
    """Run the module that the command line names, with the arguments after it."""
    # Without this file's own folder, whose modules would hide others of the same name.
    sys.path[0] = str(CODE)
    address = os.environ.get(SOCKET)
    status = _elsewhere(address) if address else None
    if status is not None:
        sys.exit(status)
    job = sys.argv.pop(1)
    from benchmarks.errors import run_cli

    run_cli(lambda: run(job))


def run(job: str) -> None:
    """Run `main` of the first of the modules that `job` joins by "+".

    Raises BadInput if their code, or any that the job has imported, is not what the run started with.
    """
    from benchmarks.run.code import RECORD, check

    module, *_ = modules = job.split("+")
    record = os.environ.get(RECORD)
    if record:
        check(Path(record), modules)
    importlib.import_module(module).main()
    if record:
        check(Path(record))


def _elsewhere(address: str) -> int | None:
    """Return the exit status of the job in a warm process; None if there is none, or it has another environment."""
    job = {
        "libraries": LIBRARIES,
        "code": str(CODE),
        "argv": sys.argv[1:],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [json.dumps(job).encode()], [1, 2])
        except OSError:
            return None
        try:
            answer = connection.recv(64)
        except KeyboardInterrupt:
            connection.send(INTERRUPT)
            connection.settimeout(PATIENCE)
            answer = connection.recv(64)
    if not answer:
        print(
            f"error: the process of {sys.argv[1].partition('+')[0]} was killed; it may have run out of memory",
            file=sys.stderr,
        )
        return 137
    return None if answer == REFUSED else int(answer)


if __name__ == "__main__":
    main()
