"""Batches: their order, and the iterators that TensorFlow makes of them."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import backend
from benchmarks.cells import batches
from benchmarks.stored import Rows

THREADS = Path("/proc/self/task")


@pytest.mark.parametrize("few", [0, 100])
def test_a_validation_part_comes_in_its_own_order_again_and_again(monkeypatch, few):
    monkeypatch.setattr(batches, "FEW", few)
    x, y = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1), np.arange(5) + 10
    epochs = batches.Epochs(Rows(x[::-1], np.arange(4, -1, -1)), y, 2, None)
    feed = batches.in_order(epochs)
    assert (feed is epochs) == (few == 0)
    taken = map(feed.__getitem__, range(4)) if few == 0 else feed.take(4)
    found = [[np.asarray(array).ravel().tolist() for array in batch] for batch in taken]
    assert found == [[[0, 1], [10, 11]], [[2, 3], [12, 13]], [[4], [14]], [[0, 1], [10, 11]]]


@pytest.mark.skipif(not THREADS.is_dir(), reason="counts threads in /proc")
def test_an_iterator_has_no_thread_that_tunes_it():
    def iterated(make) -> tuple[list[int], int]:
        before = len(os.listdir(THREADS))
        iterator = make(tf.data.Dataset.range(3).prefetch(tf.data.AUTOTUNE))
        first = int(next(iterator))
        return [first, *(int(number) for number in iterator)], len(os.listdir(THREADS)) - before

    backend.plain_iterators()
    wrapped = tf.data.Dataset.__iter__
    backend.plain_iterators()
    assert tf.data.Dataset.__iter__ is wrapped  # only once
    numbers, threads = iterated(iter)
    tuned_numbers, tuned_threads = iterated(wrapped.__wrapped__)
    assert numbers == tuned_numbers == [0, 1, 2]
    assert threads < tuned_threads


def test_a_validation_by_slices_scores_as_one_by_batches():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (7, 4, 4, 1), dtype=np.uint8), rng.integers(0, 2, 7)
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    epochs = batches.Epochs(x, y, 3, None)
    expected, found = (model.evaluate(feed, steps=3, verbose=0) for feed in (epochs, batches.in_order(epochs)))
    assert found == expected
