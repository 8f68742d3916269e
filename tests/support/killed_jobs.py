"""Run jobs and kill them by SIGKILL at random moments: python killed_jobs.py '[{"argv": ..., "kills": ...}, ...]'

Each job is a process forked from this one, which has loaded Keras, and writes a checkpoint after each epoch. A job is
started once for each kill, and then to its end. Prints, for each job, how many kills hit a running process.
"""

import importlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from benchmarks import backend

DELAY = 0.3  # seconds, at most, from a new checkpoint to the kill


def started(argv: list[str]) -> int:
    """Fork a process that runs `argv`, a module and its arguments; return its number."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        from benchmarks.checkpoints import callback

        callback.EVERY = callback.SHARE = 0
        module, *sys.argv[1:] = argv
        importlib.import_module(module).main()
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def newest() -> dict[str, int]:
    """Return the time stamp of each checkpoint."""
    return {str(path): path.stat().st_mtime_ns for path in Path("results").rglob("*.checkpoint")}


def kill(argv: list[str], rng: random.Random) -> bool:
    """Start `argv` and kill it soon after it has written a checkpoint; return whether it was still running."""
    known, pid = newest(), started(argv)
    while newest().items() <= known.items():
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    time.sleep(rng.uniform(0, DELAY))
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    backend.load()
    rng = random.Random(4)
    for job in json.loads(sys.argv[1]):
        hits = sum(kill(job["argv"], rng) for _ in range(job["kills"]))
        status = os.waitpid(started(job["argv"]), 0)[1]
        print(json.dumps({"hits": hits, "status": status}), flush=True)
