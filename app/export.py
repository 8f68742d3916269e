"""Copy the results that the service needs into a folder, for deployment.

    MAMMOBENCH_MODEL=results/demo/cells/simple/by_patient/0 python -m app.export served

The folder has the structure of results/; MAMMOBENCH_RESULTS=served serves it. Beside the model are descriptions of the
training and validation films (known_films.npz, familiar.npz) and the held-out images that the service shows
(probes.npy). No other image is in the export.
"""

import argparse
import shutil
from pathlib import Path

from app.model import known, ood
from app.model.card import TABLES, store_probes
from app.model.choose import ServedCell, choose
from app.settings import Settings
from benchmarks.errors import run_cli


def export(cell: ServedCell, out: Path) -> ServedCell:
    """Write the files that the service reads for `cell` below `out`; return the copy of the cell."""
    study = cell.results
    wanted = [cell.folder / name for name in ("model.keras", "runtime.json", "trials.csv")]
    wanted += [study / name for name in ("dataset.json", "provenance.json", "samples.parquet")]
    wanted += [study / f"folds/{cell.runtime['protocol']}.parquet"]
    wanted += [study / f"tables/{name}.csv" for name in TABLES]
    for path in filter(Path.is_file, wanted):
        target = out / path.relative_to(study.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    copy = ServedCell(out / cell.folder.relative_to(study.parent))
    for store in (known.store, ood.store, store_probes):
        store(cell, copy.folder)
    return copy


def main() -> None:
    """Copy the chosen cell."""
    parser = argparse.ArgumentParser(description="Copy the files that the service needs for its cell.")
    parser.add_argument("out", type=Path, help="folder to copy to")
    print(export(choose(Settings.of()), parser.parse_args().out).folder)


if __name__ == "__main__":
    run_cli(main)
