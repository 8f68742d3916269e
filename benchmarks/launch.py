"""Run a module of the workflow, in a process that has loaded the libraries already, if one is at hand, else in this.

    python benchmarks/launch.py benchmarks.training --study demo --architecture simple ...

is `python -m benchmarks.training --study demo --architecture simple ...`. While Snakemake runs on this machine, the
environment variable MAMMOBENCH_WARM names the socket of benchmarks/warm.py, to whose process the job goes. Nothing of
it is left when this process is killed. Standard library alone, as each job starts with this file.
"""

import importlib
import json
import os
import site
import socket
import sys
from pathlib import Path

CODE = Path(__file__).resolve().parents[1]
SOCKET = "MAMMOBENCH_WARM"
LAUNCH = (sys.executable, str(CODE / "benchmarks/launch.py"))  # a module's name and arguments come after it
LIBRARIES = os.path.realpath(site.getsitepackages()[0])  # of this environment
INTERRUPT, REFUSED = b"interrupt", b"refused"
PATIENCE = 10  # seconds that an interrupted job has to tidy up


def main() -> None:
    """Run the module that the command line names, with the arguments after it."""
    # Not this file's own folder, whose modules would hide others of their name.
    sys.path[0] = str(CODE)
    address = os.environ.get(SOCKET)
    status = _elsewhere(address) if address else None
    if status is not None:
        sys.exit(status)
    module = sys.argv.pop(1)
    from benchmarks.errors import run_cli

    run_cli(importlib.import_module(module).main)


def _elsewhere(address: str) -> int | None:
    """The exit status of the job in a warm process; None if there is none, or it has another environment."""
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
        print(f"error: the process of {sys.argv[1]} was killed; it may have run out of memory", file=sys.stderr)
        return 137
    return None if answer == REFUSED else int(answer)


if __name__ == "__main__":
    main()
