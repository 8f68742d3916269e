"""The process around Keras: threads and quiet logs before it starts, and what it ran on."""

import contextlib
import importlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

TENSORFLOW = "tensorflow"
BACKENDS = (TENSORFLOW, "jax", "torch")  # of Keras
PACKAGES = ("tensorflow", "keras", "keras-tuner", "numpy", "scikit-learn", "tf-keras-vis", "pandas", "snakemake")


# What TensorFlow says at every start, at any TF_CPP_MIN_LOG_LEVEL, where nothing is wrong. 303: there is no driver.
START_UP = (
    "All log messages before absl::InitializeLog()",
    "oneDNN custom operations are on",
    "Could not find cuda drivers on your machine",
    "failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)",
)


def prepare(threads: int, keras: bool = True, backend: str = TENSORFLOW) -> None:
    """Pin the numeric libraries to `threads` threads and start Keras on `backend`, if wanted, without its chatter.

    Call it before anything imports Keras. The number of threads changes the last bits of results, so each stage takes
    it from Snakemake and records it.
    """
    import threadpoolctl

    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ["KERAS_BACKEND"] = backend
    if backend == "jax":
        # JAX takes its threads from nowhere else: one, or all.
        os.environ["XLA_FLAGS"] = (
            f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen={threads > 1}".lower()
        )
    # A library that is loaded already has read the variables.
    threadpoolctl.threadpool_limits(threads)
    if keras:
        with _quiet():
            _start_keras()


def load() -> None:
    """Import Keras and KerasTuner without their chatter; what they run on does not start."""
    with _quiet():
        importlib.import_module("keras_tuner")


def _start_keras() -> None:
    import keras

    if keras.backend.backend() == TENSORFLOW:
        import tensorflow

        # Looks for the driver now, not at the first tensor.
        tensorflow.config.list_physical_devices()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # Warnings and information of TensorFlow's own; errors stay.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _without(START_UP):
        yield


@contextlib.contextmanager
def _without(lines: tuple[str, ...]) -> Iterator[None]:
    """Leave out lines of standard error that contain one of `lines`.

    By a process of its own, so that the last words of a start that aborts come through.
    """
    kept = os.dup(2)
    command = ["grep", "--fixed-strings", "--invert-match", "\n".join(lines)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=kept) as grep:
        os.dup2(grep.stdin.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}


def hardware() -> dict:
    """What this machine is: cpu (model name), cores (usable by this process), memory_gb (GiB), system."""
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
