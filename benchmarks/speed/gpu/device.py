"""The device that Keras' backend uses: its name, a limit of its memory, its peak memory and peak arithmetic."""

import time
from typing import Any

from benchmarks import backend, gpu

MB = 2**20
PRECISIONS = ("float32", "float16")


def start(name: str, share: float) -> None:
    """Start Keras on backend `name`; this process may use at most `share` of the GPU's memory.

    Call this before any import of Keras.
    """
    backend.prepare(1, backend=name, share=share)
    if name == "torch":
        import torch

        if torch.cuda.is_available():
            # Convolutions use TF32 by default; the measured peak must allow it too.
            torch.set_float32_matmul_precision("high")


def describe(name: str) -> dict[str, Any]:
    """Return platform (gpu or cpu), name and memory_mb (that this process may use; None if unknown) of the device."""
    if name == "jax":
        import jax

        device = jax.devices()[0]
        limit = (device.memory_stats() or {}).get("bytes_limit")
        return _described(jax.default_backend() == "gpu", device.device_kind, limit)
    if name == "torch":
        import torch

        if not torch.cuda.is_available():
            return _described(False, "cpu", None)
        about = torch.cuda.get_device_properties(0)
        return _described(True, about.name, about.total_memory)
    import tensorflow

    gpus = tensorflow.config.list_physical_devices("GPU")
    named = tensorflow.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "cpu"
    return _described(bool(gpus), named, gpu.memory_mb() * MB if gpus else None)


def _described(on_gpu: bool, name: str, limit: int | None) -> dict[str, Any]:
    memory = round(limit / MB) if limit and on_gpu else None
    return {"platform": "gpu" if on_gpu else "cpu", "name": name, "memory_mb": memory}


def peak_mb(name: str) -> int | None:
    """Return the peak memory in MiB that this process has used on the GPU; None on a CPU."""
    if describe(name)["platform"] == "cpu":
        return None
    if name == "jax":
        import jax

        used = jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    elif name == "torch":
        import torch

        used = torch.cuda.max_memory_allocated()
    else:
        import tensorflow

        used = tensorflow.config.experimental.get_memory_info("GPU:0")["peak"]
    return round(used / MB)


def peak_operations(precision: str, sizes: list[int], seconds: float) -> float:
    """Return the most operations a second in products of two square matrices of one of `sizes`.

    Products of one size are repeated for about `seconds`. float32 products may use TF32 where the card has it.
    """
    return max(_product_rate(precision, size, seconds) for size in sizes)


def _product_rate(precision: str, size: int, seconds: float) -> float:
    import numpy as np
    from keras import ops

    rng = np.random.default_rng(0)
    drawn = (rng.standard_normal((size, size), dtype="float32") / size**0.5 for _ in range(2))
    left, right = (ops.cast(ops.convert_to_tensor(matrix), precision) for matrix in drawn)

    def timed(times: int) -> float:
        began = time.perf_counter()
        for _ in range(times):
            product = ops.matmul(left, right)
        # Waits for the device.
        float(ops.convert_to_numpy(product[0, 0]))
        return time.perf_counter() - began

    timed(2)
    times = max(2, min(int(seconds / (timed(4) / 4)), 2000))
    return 2 * size**3 * times / timed(times)
