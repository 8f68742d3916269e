"""Where `make plan` leaves what it foretells of a study, for the progress line and for the jobs' requests.

.snakemake/mammobench/plans/<study>.json: memory and time of each kind of job (benchmarks/plan/resources.py);
<study>.cells.json: seconds of each cell by `architecture/protocol/fold`.
"""

from pathlib import Path

from benchmarks import stored
from benchmarks.study.study import Study

PLANS = Path(".snakemake/mammobench/plans")


def plan_file(study: Study) -> Path:
    """Return the file with the memory and time of each kind of job."""
    return PLANS / f"{study.name}.json"


def cells_file(study: Study) -> Path:
    """Return the file with the seconds of each cell."""
    return PLANS / f"{study.name}.cells.json"


def foretold_cells(study: Study) -> dict[str, float]:
    """Return the seconds of each cell of the study's last plan; empty without one."""
    return stored.record(cells_file(study)) if cells_file(study).is_file() else {}
