"""A study with its samples and folds, in a folder of its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from benchmarks.samples.folds import write_folds
from benchmarks.samples.samples import write_samples
from benchmarks.study.study import Study, load_study


@contextlib.contextmanager
def prepared_study(place: Path, content: dict) -> Iterator[Study]:
    """Write `content` to small.yaml in `place`, which is the working directory in the block; draw samples and folds."""
    (place / "small.yaml").write_text(yaml.safe_dump(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        study = load_study("small.yaml")
        write_samples(study)
        for protocol in study.all_protocols():
            write_folds(study, protocol)
        yield study
