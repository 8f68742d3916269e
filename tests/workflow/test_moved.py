"""A clone with results that is copied, moved or handed over as an archive: nothing is run again but what changed."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from test_contributing import copied
from test_workflow import TINY, snakemake, write_study

NOTHING = "Nothing to be done"

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(finished, tmp_path) -> Path:
    """A copy of the finished clone, with the time stamps of the copying."""
    subprocess.run(["cp", "-r", str(finished), str(tmp_path / "copy")], check=True)
    return tmp_path / "copy"


def due(place: Path, *arguments: str, code: Path | None = None) -> str:
    """What a dry run says."""
    run = snakemake(
        place, "--dry-run", "--quiet", "rules", "--config", "study=small.yaml", *arguments, code=code or place
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


def rules_due(output: str) -> set[str]:
    """The rules in the job statistics of a dry run, without the total."""
    words = [line.split() for line in output.splitlines()]
    return {line[0] for line in words if len(line) == 2 and line[1].isdigit()} - {"total", "all"}


def test_nothing_is_due_in_a_copied_clone(clone):
    assert NOTHING in due(clone)


def test_nothing_is_due_in_a_moved_clone(clone, tmp_path):
    clone.rename(tmp_path / "moved")
    assert NOTHING in due(tmp_path / "moved")


def test_nothing_is_due_in_another_clone_that_gets_the_results_folder_alone(clone, tmp_path):
    for name in sorted(clone.glob("results/**/*")):
        moment = random.Random(str(name.relative_to(clone))).uniform(1.6e9, 1.7e9)
        os.utime(name, (moment, moment))
    archive = tmp_path / "results.tar"
    subprocess.run(["tar", "--create", "--file", str(archive), "results/small"], cwd=clone, check=True)
    other = copied(tmp_path / "other")
    shutil.copy2(clone / "small.yaml", other)
    subprocess.run(["tar", "--extract", "--touch", "--no-same-owner", "--file", str(archive)], cwd=other, check=True)
    assert NOTHING in due(other)
    (other / "analysis/bias/thresholds.py").write_text(
        (other / "analysis/bias/thresholds.py").read_text() + "\nX = 1\n"
    )
    assert "bias" in rules_due(due(other))


def test_nothing_is_due_in_a_copied_directory_with_another_clones_code(clone, tmp_path):
    place = tmp_path / "elsewhere"
    place.mkdir()
    shutil.copytree(clone / "results", place / "results")
    shutil.copytree(clone / ".snakemake", place / ".snakemake")
    shutil.copy2(clone / "small.yaml", place)
    assert NOTHING in due(place, code=clone)
    clone.rename(tmp_path / "moved")
    assert NOTHING in due(place, code=tmp_path / "moved")


@pytest.mark.parametrize(
    ("file", "old", "new", "some", "others"),
    [
        # Reached by the report alone, by way of other modules.
        ("reports/escaping.py", "import", "import string\nimport", {"report"}, {"cell", "scores", "figures"}),
        # Reached by scores and what follows, not by training.
        (
            "analysis/bootstrap.py",
            "import",
            "import string\nimport",
            {"scores", "bias"},
            {"cell", "samples", "explain"},
        ),
        # Reached by cells, by way of training.
        ("benchmarks/cells/batches.py", "import", "import string\nimport", {"cell"}, {"samples", "folds", "leakage"}),
        ("architectures/simple.py", "from", "import string\nfrom", {"architecture", "cell"}, {"samples", "baselines"}),
        ("benchmarks/protocols/by_patient.py", "import", "import string\nimport", {"folds"}, {"samples"}),
        ("benchmarks/protocols/by_source.py", "import", "import string\nimport", set(), {"folds", "cell"}),
        # A comment, a docstring
        ("benchmarks/cells/batches.py", "import", "# why\nimport", set(), {"cell", "folds"}),
        ("benchmarks/cells/batches.py", '"""', '"""More. ', set(), {"cell", "folds"}),
    ],
)
def test_a_change_makes_due_what_imports_it_and_nothing_else(clone, file, old, new, some, others):
    path = clone / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    output = due(clone)
    assert some <= rules_due(output) and not others & rules_due(output)
    assert some or NOTHING in output


def test_data_elsewhere_or_copied_anew_make_nothing_due_and_changed_data_do(finished, tmp_path):
    place = tmp_path / "run"
    place.mkdir()
    images = tmp_path / "images"
    _draw(images)
    changes = TINY | {"dataset": {"name": "image_folder"}, "protocols": ["by_source"]}
    study = write_study(place, **changes)
    wanted = ("--config", study, f"data={images}", "--", "results/small/samples.parquet")
    run = snakemake(place, *wanted, code=finished)
    assert run.returncode == 0, run.stdout
    shutil.copytree(images, tmp_path / "copied", copy_function=shutil.copy)
    again = ("--dry-run", "--config", study, f"data={tmp_path / 'copied'}", "--", "results/small/samples.parquet")
    assert NOTHING in snakemake(place, *again, code=finished).stdout
    next((tmp_path / "copied").rglob("*.png")).unlink()
    assert "samples" in rules_due(snakemake(place, *again, code=finished).stdout)


def _draw(folder: Path) -> None:
    """Eight small images in two class folders."""
    for number in range(8):
        path = folder / ("benign" if number % 2 else "malignant") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 40), 10 * number + 20).save(path)
