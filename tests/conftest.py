"""Fixtures that several test files share."""

import fcntl
import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import architectures
from benchmarks import backend

pytest_plugins = ["quick"]

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"

# Timings differ between machines, and a slow example is not a wrong one.
settings.register_profile("mammobench", deadline=None)
settings.load_profile("mammobench")
# As in runs, and plain_iterators below; tests that train do not call backend.prepare.
os.environ.setdefault(backend.KEEP_MEMORY, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that no process is left alone with it at the end."""
    slow = {item.fspath for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.fspath not in slow)


@pytest.fixture(scope="module", autouse=True)
def _forget_models() -> Iterator[None]:
    """What TensorFlow and Keras have built for a file's models takes gigabytes in the end."""
    if "tensorflow" in sys.modules:
        backend.plain_iterators()
    # The collection below need not go through what was there before.
    gc.freeze()
    yield
    if "keras" in sys.modules:
        from benchmarks.cells import reuse

        reuse.forget()
        sys.modules["keras"].backend.clear_session()
        gc.collect()


@pytest.fixture(scope="session", autouse=True)
def _empty_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test finds what `make data` downloaded on this machine."""
    os.environ["MAMMOBENCH_DATA"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real images' zip and their manifests."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data are not at {REAL_DATA}")
    return REAL_DATA


@pytest.fixture(scope="session")
def real_zip(real_data: Path) -> Path:
    """The zip of the real 224 px images, as published."""
    return real_data / "mendeley_x7bvzv6cvr_inbreast_224.zip"


def shared(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name`, filled by `make` once for all processes of pytest-xdist; tests only read it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    place, complete = base / name, base / f"{name}.complete"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            # What another process failed to fill.
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            complete.touch()
    return place


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with a finished run of the study TINY; `run.log` beside its Snakefile is what the run printed."""
    from test_contributing import copied
    from test_workflow import TINY, snakemake, write_study

    def make(place: Path) -> None:
        run = snakemake(copied(place), "--config", write_study(place, **TINY), code=place)
        assert run.returncode == 0, run.stdout
        (place / "run.log").write_text(run.stdout)

    return shared(tmp_path_factory, "finished", make)


@pytest.fixture(scope="session")
def trained_cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small cell of phantoms, trained by the harness; its study's tables lie where they belong."""
    from app_cell import train

    (model,) = shared(tmp_path_factory, "served", train).rglob("model.keras")
    return model.parent.resolve()


@pytest.fixture
def contribute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Path]]:
    """Write an architecture file of the given name and text, found beside the shipped ones; return its path."""
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    written = []

    def write(name: str, text: str) -> Path:
        written.append(name)
        path = tmp_path / f"{name}.py"
        path.write_text("from keras import layers\nimport keras\nfrom architectures import architecture\n\n" + text)
        return path

    yield write
    for name in written:
        if sys.modules.pop(f"architectures.{name}", None):
            delattr(architectures, name)
