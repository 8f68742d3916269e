"""Places on this machine's GPUs: the card that a process uses, and its share of the card's memory.

A run with `--resources gpu=N` (profiles/gpu) divides N places among the cards: the first place is on the first card,
the second on the second. A process of a job that asks for a GPU takes a free place when it starts Keras, sees only the
card of this place, and may use an equal share of the card's memory. It keeps the place until it ends. A place is a file
that the process locks with flock: the kernel unlocks it when the process ends, by SIGKILL, too. If no place is free,
the job waits and says so. A job of such a run that asks for no GPU sees none.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import BadInput

PLACES = "MAMMOBENCH_GPU_PLACES"  # environment variable of a run: the card of each place, separated by commas
ASKED = "MAMMOBENCH_GPU"  # environment variable of a job that asks for a GPU
VISIBLE = "CUDA_VISIBLE_DEVICES"
COMPILED = Path(".snakemake/mammobench/jax")  # networks that JAX has compiled, for all jobs
SHARE = 0.9  # of a card's memory, for all processes together
WAIT = 0.2  # seconds between two looks for a free place

_held: list[str] = []  # the card of this process's place, once it has one


def cards() -> list[str]:
    """Return the cards in CUDA_VISIBLE_DEVICES; if that is not set, the UUIDs that nvidia-smi lists."""
    if VISIBLE in os.environ:
        return [card for card in os.environ[VISIBLE].split(",") if card not in ("", "-1")]
    return asked("uuid")


def asked(property_: str, card: str = "") -> list[str]:
    """Return a property of each card, or of `card`, as nvidia-smi names it; none without NVIDIA's driver."""
    if shutil.which("nvidia-smi") is None:
        return []
    command = [
        "nvidia-smi",
        f"--query-gpu={property_}",
        "--format=csv,noheader,nounits",
        *(["--id", card] * bool(card)),
    ]
    answer = subprocess.run(command, capture_output=True, text=True)
    return answer.stdout.splitlines() if answer.returncode == 0 else []


def divided(number: int, among: Sequence[str]) -> list[str]:
    """Return the card of each of `number` places. Raises BadInput if there is no card."""
    if not among:
        raise BadInput(f"gpu={number}, but nvidia-smi lists no GPU; install its driver, or run without profiles/gpu")
    return [among[place % len(among)] for place in range(number)]


def share_of(places: Sequence[str]) -> float:
    """Return the share of a card's memory that a process may use, if the card with most places has all in use."""
    return SHARE / max(places.count(card) for card in places)


def take() -> float | None:
    """Return this process's share of a card's memory; None if the run doesn't divide cards, or the job asks for none.

    Takes a place first if the process has none, and shows it no other card. Waits while no place is free.
    """
    if PLACES not in os.environ:
        return None
    if ASKED not in os.environ:
        os.environ[VISIBLE], os.environ["JAX_PLATFORMS"] = "", "cpu"
        return None
    places = os.environ[PLACES].split(",")
    if not _held:
        _held.append(_wait(places))
    os.environ[VISIBLE] = _held[0]
    return share_of(places)


def _wait(places: Sequence[str]) -> str:
    told = False
    while (card := _free(places)) is None:
        if not told:
            print(f"waits for a free place on a GPU ({len(places)} in all)", file=sys.stderr, flush=True)
            told = True
        time.sleep(WAIT)
    return card


def _free(places: Sequence[str]) -> str | None:
    """Lock the first free place, and return its card; None if none is free."""
    folder = Path(tempfile.gettempdir()) / f"mammobench-gpu-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for place, card in enumerate(places):
        name = f"{re.sub(r'[^A-Za-z0-9-]', '_', card)}_{places[:place].count(card)}"
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        # The descriptor stays open: its end is the end of the process.
        return card
    return None


def reserve(backend: str, share: float) -> None:
    """Limit JAX to `share` of a card's memory, and let its processes share what they compile; before any import."""
    if backend == "jax":
        # JAX reserves its share at once.
        os.environ["XLA_CLIENT_MEM_FRACTION"] = f"{share:.3f}"
        os.environ.pop("XLA_PYTHON_CLIENT_MEM_FRACTION", None)  # its old name, which JAX refuses beside the new one
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(COMPILED.absolute()))


def limit(backend: str, share: float) -> None:
    """Limit PyTorch or TensorFlow, which is imported but uses no card yet, to `share` of a card's memory."""
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.set_per_process_memory_fraction(share)
    elif backend == "tensorflow":
        import tensorflow

        for card in tensorflow.config.list_physical_devices("GPU"):
            if tensorflow.config.get_logical_device_configuration(card):
                continue  # by an earlier job of this process
            own = tensorflow.config.LogicalDeviceConfiguration(memory_limit=int(share * memory_mb()))
            tensorflow.config.set_logical_device_configuration(card, [own])


def memory_mb() -> int:
    """Return the memory in MiB of the first card that this process sees."""
    return int(asked("memory.total", (cards() or ["0"])[0])[0])
