"""JAX and PyTorch on CPUs: memory that stays with the process, and max pooling with a fast gradient."""

import ctypes
import functools
import itertools
import sys
from typing import Any

# glibc's mallopt(3): large blocks come from the heap, which is never returned; one heap for all threads.
MMAP_MAX, TRIM_THRESHOLD, ARENA_MAX = -4, -1, -8
KEEP = {MMAP_MAX: 0, TRIM_THRESHOLD: -1, ARENA_MAX: 1}


def keep_memory() -> None:
    """Keep freed memory for this process; does nothing without glibc.

    XLA and PyTorch allocate their buffers anew at each step. By default the kernel takes them back and clears them page
    by page: more than half of the time of a training step at 224 px.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        for option, value in KEEP.items():
            mallopt(option, value)


def pool_by_slices() -> None:
    """Let Keras on JAX compute unpadded max pooling as the maximum of strided slices, if JAX runs on a CPU.

    XLA's own gradient of max pooling takes four times as long there. The two gradients differ only where the largest
    values of a window are equal: slices share the gradient among them. Where Keras has changed, pooling is slower.
    """
    import jax

    if jax.default_backend() != "cpu":
        return
    try:
        from keras.src.backend.jax import nn

        if not hasattr(nn.max_pool, "__wrapped__"):
            nn.max_pool = _by_slices(nn.max_pool)
    except (ImportError, AttributeError):
        return


def _by_slices(plain: Any) -> Any:
    """Return Keras' function max_pool with slices for images (N, H, W, C) without padding."""
    import jax.numpy as jnp

    @functools.wraps(plain)
    def max_pool(
        inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
    ) -> Any:
        if inputs.ndim != 4 or padding.lower() != "valid" or data_format == "channels_first":
            return plain(inputs, pool_size, strides, padding, data_format)
        strides = pool_size if strides is None else strides
        size, step = ((one, one) if isinstance(one, int) else tuple(one) for one in (pool_size, strides))
        places = [(side - own) // by + 1 for side, own, by in zip(inputs.shape[1:3], size, step, strict=True)]
        rows, columns = (
            [slice(at, at + (n - 1) * by + 1, by) for at in range(own)]
            for n, own, by in zip(places, size, step, strict=True)
        )
        parts = [inputs[:, row, column] for row, column in itertools.product(rows, columns)]
        return functools.reduce(jnp.maximum, parts)

    return max_pool
