"""Speed of this machine beside the one for which the numbers of stages.py stand."""

import functools
import time
import zlib

import numpy as np

FITTED = 0.068  # CPU seconds of the piece of work on that machine


@functools.cache
def pace() -> float:
    """Return how much longer a stage takes on this machine: CPU seconds of a piece of work here over those there."""
    return min(_piece() for _ in range(5)) / FITTED


def _piece() -> float:
    began = time.process_time()
    zlib.compress(np.random.default_rng(0).bytes(10**6))
    sum(number * number for number in range(10**6))
    return time.process_time() - began
