"""Where every number comes from: code, versions, hardware, seeds, data, times and commands, in provenance.json.

Holds no time of its own making: written twice from the same results and the same checkout, it is the same file.
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import json
import platform
import re
import shlex
import subprocess
from pathlib import Path

from analysis.bootstrap import LEVEL
from analysis.predictions import read_samples
from benchmarks import backend, stored
from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study

CODE = Path(__file__).resolve().parents[1]
REQUIREMENTS, LOCK = "requirements.in", "requirements.txt"
SCORED = (
    *("scores", "collapse", "comparison", "tuning_gain", "learning_curve", "control", "external"),
    *("groups", "probes", "tables"),
)
CELL_KEYS = (
    *("architecture", "protocol", "fold", "repeat", "variant", "seed", "threads", "backend", "precision"),
    *("seconds", "peak_memory_mb", "finished", "command"),
)


def collect(study: Study) -> dict:
    """Gather all that provenance.json holds. Raises BadInput if a cell or the data stage has not run."""
    results = study.results()
    runtimes = [
        _json(study.cell_folder(architecture, protocol, fold) / "runtime.json")
        for architecture, protocol in study.pairs()
        for fold in study.cells(protocol)
    ]
    source = study.source
    return {
        "study": {"name": study.name, "file": study.path.name, "text": source.text, "overrides": source.overrides},
        "code": git_state(CODE),
        "python": platform.python_version(),
        "packages": packages(CODE / REQUIREMENTS),
        "lock": {"file": LOCK, "sha256": hashlib.sha256((CODE / LOCK).read_bytes()).hexdigest()},
        "hardware": {"report": backend.hardware(), "cells": _distinct([r["hardware"] for r in runtimes])},
        "cell_versions": _distinct([r["versions"] for r in runtimes]),
        "intervals": {
            "method": f"{LEVEL:.0%} percentile bootstrap over {read_samples(study).attrs['unit']}s",
            "resamples": study.bootstrap,
        },
        "seeds": {"study": study.seed, "cells": sorted({r["seed"] for r in runtimes})},
        "data": _json(results / "dataset.json"),
        "started": min(map(_start, runtimes)).isoformat(timespec="seconds"),
        "finished": max(r["finished"] for r in runtimes),
        "commands": commands(study, _json(results / "dataset.json")["data"]),
        "cells": [{key: r[key] for key in CELL_KEYS} for r in runtimes],
    }


def git_state(folder: Path) -> dict:
    """Commit of the checkout at `folder`, and whether any file is new or changed; null where there is no git."""
    unknown = {"commit": None, "dirty": None}
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
        # A copy without .git inside somebody else's checkout must not take over that one's commit.
        if Path(top).resolve() != folder.resolve():
            return unknown
        return {
            "commit": _git(folder, "rev-parse", "HEAD"),
            "dirty": bool(_git(folder, "status", "--porcelain")),
        }
    except (OSError, subprocess.CalledProcessError):
        return unknown


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def packages(requirements: Path) -> dict[str, str | None]:
    """Installed version of each package that `requirements` asks for directly; null if it is not installed."""
    names = []
    for line in requirements.read_text().splitlines():
        if match := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line.strip()):
            names.append(match.group())
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def commands(study: Study, data: str | None) -> list[str]:
    """The commands that repeat the study: the whole of it by Snakemake, then stage by stage by hand."""
    chosen = ["--study", study.source.argument]
    config = [f"study={study.source.named}", *([f"data={data}"] if data else [])]
    config += [f"{key}={json.dumps(value)}" for key, value in study.source.overrides.items()]
    given = ["--data", data] if data else []
    published = study.published_architectures()
    explained = {
        "analysis.explanations.explain": [*study.architectures],
        **({"analysis.explanations.heatmaps": published} if published else {}),
    }
    stages = [
        ["snakemake", "--cores", "all", "--config", *config],
        ["python", "-m", "benchmarks.samples", *chosen, *given],
        *(["python", "-m", "benchmarks.protocols", *chosen, "--protocol", p] for p in study.all_protocols()),
        *(["python", "-m", module, *chosen, *given] for module in ("analysis.leakage", "analysis.audit.shortcuts")),
        ["python", "-m", "benchmarks.cells.model", *chosen],
        *(["python", "-m", f"analysis.{name}", *chosen] for name in SCORED),
        *(["python", "-m", module, *chosen, "--architecture", a] for module, names in explained.items() for a in names),
        *(["python", "-m", module, *chosen, "--collect"] for module in explained),
        *(["python", "-m", f"analysis.{name}", *chosen] for name in ("changes", "bias", "claims")),
        ["python", "-m", "analysis.figures.figures", *chosen],
        ["python", "-m", "reports.provenance", *chosen],
        ["python", "-m", "reports.render", *chosen],
    ]
    return [shlex.join(stage) for stage in stages]


def _start(runtime: dict) -> datetime.datetime:
    seconds = runtime["seconds"]
    finished = datetime.datetime.fromisoformat(runtime["finished"])
    return finished - datetime.timedelta(seconds=seconds["training"] + seconds["prediction"])


def _distinct(items: list[dict]) -> list[dict]:
    return [json.loads(text) for text in sorted({json.dumps(item, sort_keys=True) for item in items})]


def _json(path: Path) -> dict:
    return stored.record(path)


def main() -> None:
    """Write the provenance of one study."""
    parser = argparse.ArgumentParser(description="Write down where a study's numbers come from.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    target = study.results() / "provenance.json"
    target.write_text(json.dumps(collect(study), indent=2) + "\n")


if __name__ == "__main__":
    run_cli(main)
