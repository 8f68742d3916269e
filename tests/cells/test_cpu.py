"""Max pooling by slices on JAX gives what Keras' own gives; no stage imports a backend before it runs."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

# Compares values and gradients of Keras' max pooling with those by slices.
COMPARE = """
import os
os.environ["KERAS_BACKEND"] = "jax"
import jax, keras, numpy as np
from benchmarks import cpu

x = np.random.default_rng(0).normal(size=(2, 11, 9, 3)).astype("float32")
ways = [dict(pool_size=2, strides=2), dict(pool_size=3, strides=2), dict(pool_size=(2, 3), strides=(1, 2))]
ways += [dict(pool_size=2, strides=2, padding="same")]

def results():
    return [jax.value_and_grad(lambda one: (keras.ops.max_pool(one, **way) ** 2).sum())(x) for way in ways]

before = results()
cpu.pool_by_slices()
after = results()
for (value, gradient), (other, found) in zip(before, after):
    np.testing.assert_allclose(value, other, rtol=1e-6)
    np.testing.assert_allclose(gradient, found, rtol=1e-6)
"""
# Imports the modules of every stage, and reads a study, where no backend can be imported.
WITHOUT = """
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Blocked())
for name in sys.argv[2].split(","):
    importlib.import_module(name)
"""
FREE = ("benchmarks.samples.__main__", "benchmarks.samples.folds", "benchmarks.study.study", "benchmarks.run.hooks")
FREE += ("analysis.explanations.explain", "analysis.explanations.heatmaps", "analysis.scores", "reports.provenance")
FREE += (
    "benchmarks.training",
    "benchmarks.check.contract",
    "benchmarks.baselines.baselines",
    "benchmarks.replays.replay",
)


def run(code: str, *arguments: str) -> None:
    """Run `code` in a process of its own, in the project's folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment, check=True)


@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="jax is not installed: make environment BACKEND=jax")
def test_pooling_by_slices_is_keras_own():
    run(COMPARE)


def test_no_stage_asks_for_a_backend_before_it_runs():
    run(WITHOUT, "tensorflow,jax,torch,tf_keras_vis", ",".join(FREE))
