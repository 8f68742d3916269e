"""Start of Keras: number of threads, backend, logs; versions and hardware for the records."""

import contextlib
import functools
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import cpu, gpu
from benchmarks.errors import BadInput

TENSORFLOW = "tensorflow"
BACKENDS = (TENSORFLOW, "jax", "torch")  # of Keras
PACKAGES = ("keras", "keras-tuner", "numpy", "scikit-learn", "pandas", "snakemake")
OPTIONAL = (*BACKENDS, "tf-keras-vis")  # an environment has those of its backend
# With "1", TensorFlow keeps freed memory for its next step. With "0", the plain way, the kernel takes it back and
# clears it page by page: on a virtual machine up to half of a step's time at 64 px, a third at 224 px, where this takes
# 17 % less memory.
KEEP_MEMORY = "TF_CPU_ALLOCATOR_USE_BFC"

# Lines that TensorFlow prints at every start, at any TF_CPP_MIN_LOG_LEVEL, without a fault. 303: there is no driver.
START_UP = (
    "All log messages before absl::InitializeLog()",
    "oneDNN custom operations are on",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)",
)


def prepare(threads: int, keras: bool = True, backend: str = TENSORFLOW, share: float | None = None) -> None:
    """Limit the numeric libraries to `threads` threads; with `keras`, start Keras on `backend` without its log lines.

    Call this before any import of Keras. The number of threads changes the last bits of results: each stage gets the
    number from Snakemake and records it. With `keras`, raises BadInput if `backend` is not installed. The process may
    use `share` of a GPU's memory; None is the share of its place (gpu.py), or all without one.
    """
    import threadpoolctl

    if keras:
        require(backend)
        os.environ.setdefault(KEEP_MEMORY, "1")
        share = gpu.take() if share is None else share
        if share is not None:
            gpu.reserve(backend, share)

    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ["KERAS_BACKEND"] = backend
    if backend == "jax":
        # The only way to limit JAX: one thread, or all.
        os.environ["XLA_FLAGS"] = (
            f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen={threads > 1}".lower()
        )
    # Libraries that are already loaded ignore the variables.
    threadpoolctl.threadpool_limits(threads)
    if keras:
        with _quiet():
            _start_keras()
            if share is not None:
                gpu.limit(backend, share)


def require(backend: str) -> None:
    """Raise BadInput if Keras' backend `backend` is not installed."""
    if importlib.util.find_spec(backend):
        return
    others = [name for name in BACKENDS if importlib.util.find_spec(name)]
    instead = f", or run with backend={others[0]}, which is installed" if others else ""
    raise BadInput(f"backend: {backend} is not installed; install it by make environment BACKEND={backend}{instead}")


def load() -> None:
    """Import Keras and KerasTuner without their log lines; the backend itself does not start."""
    with _quiet():
        importlib.import_module("keras_tuner")


def _start_keras() -> None:
    import keras

    if keras.backend.backend() == TENSORFLOW:
        import tensorflow

        # Look for the driver now, not at the first tensor.
        tensorflow.config.list_physical_devices()
        plain_iterators()
    else:
        cpu.keep_memory()
    if keras.backend.backend() == "jax":
        cpu.pool_by_slices()


def plain_iterators() -> None:
    """Let tf.data iterate, from now on, over datasets as they are: without autotuning or rewriting of their graph.

    Keras makes at least one iterator an epoch. One with autotuning ends only when a thread of it wakes, which sleeps
    for twice as long each time: on busy cores, the wait can be as long as the iterator has lived. Without it, two cells
    side by side on two cores take 24 % less time. The elements are the same.
    """
    import tensorflow

    made = tensorflow.data.Dataset.__iter__
    if hasattr(made, "__wrapped__"):
        return
    options = tensorflow.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False

    @functools.wraps(made)
    def plain(dataset: Any) -> Any:
        return made(dataset.with_options(options))

    tensorflow.data.Dataset.__iter__ = plain


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # Hide TensorFlow's warnings and information; errors stay.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _without(START_UP):
        yield


@contextlib.contextmanager
def _without(lines: tuple[str, ...]) -> Iterator[None]:
    """Drop the lines of standard error that contain one of `lines`.

    A process of its own filters them, so that messages of an aborted start still appear.
    """
    kept = os.dup(2)
    command = ["grep", "--fixed-strings", "--invert-match", "\n".join(lines)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=kept) as grep:
        assert grep.stdin
        os.dup2(grep.stdin.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on, of OPTIONAL those installed."""
    found = {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}
    for name in OPTIONAL:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def hardware() -> dict:
    """Return cpu (model name), cores (usable by this process), memory_gb (GiB) and system of this machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "system": platform.platform(),
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
