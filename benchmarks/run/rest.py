"""A study without the architectures whose cells failed, and the list of failures that its report shows.

results/<study>/failures.json holds one mapping a cell, or an architecture that doesn't keep its contract:

    architecture protocol fold    protocol and fold are null for an architecture
    reason log                    why it failed, and the log file
"""

import json
from pathlib import Path

from benchmarks.run.status import DONE, FAILED, cell_states
from benchmarks.study.study import Study, load_study
from benchmarks.study.study_file import EXTENDS

_LISTS = {"control": "protocols", "positive_control": "protocols", "learning_curve": "patients"}  # empty: not run
WITHOUT = "MAMMOBENCH_WITHOUT"  # environment variable: architectures that failed, which the run leaves out
BROKEN = "it does not keep the contract of an architecture file"


def note_failures(study: Study) -> list[str]:
    """Write the list of failures; return the architectures that the report must leave out.

    The list is empty if a baseline failed, if no architecture would be left, or if a cell of another architecture is
    not done: the run was then stopped before its end.
    """
    folder = study.results()
    broken = [name for name in study.architectures if not (folder / "architectures" / f"{name}.json").is_file()]
    states = [cell for cell in cell_states(study) if cell.architecture not in broken]
    failed = [cell for cell in states if cell.state == FAILED]
    names = [name for name in study.architectures if name in {*broken, *(cell.architecture for cell in failed)}]
    undone = [cell for cell in states if cell.architecture not in names and cell.state != DONE]
    if undone or not 0 < len(names) < len(study.architectures):
        return []
    rows = [_row(name, None, None, BROKEN, folder / "logs" / "architectures" / f"{name}.log") for name in broken]
    rows += [_row(*cell.key, cell.reason, cell.log) for cell in failed]
    study.failures_file().write_text(json.dumps(rows, indent=2) + "\n")
    return names


def _row(architecture: str, protocol: str | None, fold: int | None, reason: str, log: Path | None) -> dict:
    return {"architecture": architecture, "protocol": protocol, "fold": fold, "reason": reason, "log": str(log)}


def rest(study: Study, names: list[str]) -> Study:
    """Return `study` without the architectures `names`, in the same results folder."""
    changed: dict[str, dict] = {"architectures": dict.fromkeys(names)}
    for key, emptied in _LISTS.items():
        chosen = getattr(study, key)["architectures"]
        left = [name for name in chosen if name not in names]
        # An empty list of architectures would stand for all of them.
        changed[key] = {"architectures": left} | ({emptied: []} if chosen and not left else {})
    overrides = study.source.overrides
    merged = overrides | {key: overrides.get(key, {}) | value for key, value in changed.items()}
    return load_study(json.dumps({EXTENDS: study.source.named} | merged), str(study.data) if study.data else None)
