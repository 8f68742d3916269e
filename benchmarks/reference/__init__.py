"""Measurements kept with the code, each row with the command, machine and versions that made it.

- copies.csv: analysis/copies_quality.py
- warped_copies.csv: analysis/warped_quality.py
- replay.csv, replay_patients.csv: benchmarks/validation/replay.py
- planted_bias.csv: benchmarks/validation/planted_bias.py
- ablation.csv: benchmarks/validation/ablation.py
- explanation_speed.csv: analysis/explanation_speed.py
- gpu_<card>.json: benchmarks/speed/gpu
- out_of_distribution.csv: app/ood_quality.py
"""

import datetime
from pathlib import Path

import pandas as pd

from benchmarks import backend

FOLDER = Path(__file__).parent
# Of replay.csv: the columns that tell runs apart, and the change of a run that follows its study
RUN, NONE = ["architecture", "change", "seed", "image_size", "epochs"], "none"
# Of planted_bias.csv: all shortcuts together, any of the checks that change the film
ALL, ANY = "all", "any"


def about(command: str) -> dict[str, str]:
    """Return the last columns of every reference row: command, hardware, versions, finished."""
    machine = backend.hardware()
    versions = backend.versions()
    return {
        "command": command,
        "hardware": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GiB, {machine['system']}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def read(name: str) -> pd.DataFrame:
    """Return the reference table <name>.csv; only empty cells count as missing."""
    return pd.read_csv(FOLDER / f"{name}.csv", keep_default_na=False, na_values=[""])
