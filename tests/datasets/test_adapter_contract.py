"""A contributed adapter: found by its file name; violations of the contract are reported before decoding."""

import sys

import pytest

from benchmarks import datasets
from benchmarks.errors import BadInput

ADAPTER = """
import numpy as np
import pandas as pd
from benchmarks.datasets import Dataset

OPTIONS = {"n": 6}


def check(options, data):
    pass


def load(options, data, seed):
    n = options["n"]
    samples = pd.DataFrame({"sample": [f"s{i}" for i in range(n)], "label": ["a", "b"] * (n // 2)})
    samples = samples.assign(source=samples["sample"], patient=[f"p{i // 2}" for i in range(n)], folder="before")
    samples = samples.assign(copy=1, variant="original", reflected=False, rotation=0, upright=True)
    samples = samples.assign(laterality=None, view=None)
    samples = samples.assign(density=pd.NA, severity=None, boxes=[[]] * n, file=samples["sample"])
    image = np.full((48, 40), seed, np.uint8)
    # planted
    return Dataset("Mine", ["a", "b"], "", "", None, samples, lambda row, size: image[:size, :size], lambda row: image)
"""


@pytest.fixture
def contribute(tmp_path, monkeypatch):
    """Write an adapter mine.py with `planted` in its load, in a folder that is searched for adapters."""
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])

    def write(planted: str = "pass") -> None:
        (tmp_path / "mine.py").write_text(ADAPTER.replace("# planted", planted))

    yield write
    sys.modules.pop("benchmarks.datasets.mine", None)


def test_one_file_is_a_data_set(contribute):
    contribute()
    assert "mine" in datasets.names()
    found = datasets.load({"name": "mine", "n": 8, "labels": {"a": "A"}}, None, 7)
    assert found.classes == ["A", "b"] and len(found.samples) == 8 and found.native(3)[0, 0] == 7


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        (
            "samples = samples.drop(columns=['boxes', 'view'])",
            "samples lacks the columns view, boxes; add them, None where",
        ),
        ("samples = samples.iloc[1:]", "the index of samples is not 0..N-1; end with reset_index(drop=True)"),
        ("samples['sample'] = 's'", "sample is empty or not unique (s, s, s); give each image an id of its own"),
        (
            "samples['label'] = 'b'",
            "classes is ['a', 'b'], but the labels are ['b']; label all samples and sort classes",
        ),
        ("samples['folder'] = 'train'", "folder holds train; allowed: after, before"),
        ("samples['severity'] = 'Benign'", "severity holds Benign; allowed: benign, malignant"),
        ("samples['density'] = 7", "density holds 7; allowed: 1, 2, 3, 4"),
        ("samples['source'] = 's'", "source s has 6 upright originals; mark the one un-augmented file of each source"),
        (
            "samples['source'] = 's'; samples['upright'] = samples.index == 0",
            "source s has 3 patients; assign each source to",
        ),
        ("image = np.zeros((9, 9, 3))", "native(0) returns float64 (9, 9, 3); return uint8 (H, W)"),
        ("image = np.zeros((20, 20), np.uint8)", "read(0, 32) returns uint8 (20, 20); return uint8 (32, 32)"),
    ],
)
def test_the_message_for_a_broken_adapter_names_the_correction(contribute, planted, message):
    contribute(planted)
    with pytest.raises(BadInput) as told:
        datasets.load({"name": "mine"}, None, 0)
    assert "mine.py: load() breaks the contract of an adapter:" in str(told.value) and message in str(told.value)
