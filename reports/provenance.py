"""Write results/<study>/provenance.json: code, versions, hardware, seeds, data, times and commands of a study.

The file holds no time stamp of its own: the same results and the same checkout give the same file.
"""

import datetime
import hashlib
import importlib.metadata
import json
import platform
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

from analysis.bootstrap import LEVEL
from analysis.predictions import read_samples
from benchmarks import backend, stored
from benchmarks.errors import run_cli
from benchmarks.study.command import stage
from benchmarks.study.study import Study

CODE = Path(__file__).resolve().parents[1]
REQUIREMENTS, LOCK = "requirements.in", "requirements.txt"
CELL_KEYS = (
    *("architecture", "protocol", "fold", "repeat", "variant", "seed", "threads", "backend", "precision"),
    *("seconds", "peak_memory_mb", "finished", "command"),
)
COMPARISONS = ("comparison", "control", "positive_control", "learning_curve", "tuning_gain")  # stages


def collect(study: Study) -> dict:
    """Return the content of provenance.json. Raises BadInput if a cell or the data stage has not run."""
    dataset: dict = stored.record(study.results() / "dataset.json")
    runtimes: list[dict] = [
        stored.record(study.cell_folder(architecture, protocol, fold) / "runtime.json")
        for architecture, protocol in study.pairs()
        for fold in study.cells(protocol)
    ]
    source = study.source
    return {
        "study": {"name": study.name, "file": study.path.name, "text": source.text, "overrides": source.overrides},
        "version": version(CODE),
        "code": git_state(CODE),
        "python": platform.python_version(),
        "packages": packages(CODE / REQUIREMENTS),
        "lock": {"file": LOCK, "sha256": hashlib.sha256((CODE / LOCK).read_bytes()).hexdigest()},
        "hardware": {"report": backend.hardware(), "cells": _distinct([r["hardware"] for r in runtimes])},
        "cell_versions": _distinct([r["versions"] for r in runtimes]),
        "intervals": {
            "method": f"{LEVEL:.0%} CI by percentile bootstrap over {read_samples(study).attrs['unit']}s",
            "resamples": study.bootstrap,
        },
        "seeds": {"study": study.seed, "cells": sorted({r["seed"] for r in runtimes})},
        "data": dataset,
        "started": min(map(_start, runtimes)).isoformat(timespec="seconds"),
        "finished": max(r["finished"] for r in runtimes),
        "commands": commands(study, dataset["data"]),
        "cells": [{key: r[key] for key in CELL_KEYS} for r in runtimes],
    }


def version(folder: Path) -> str:
    """Return the version of mammobench in `folder`/pyproject.toml: a clone runs without being installed."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def git_state(folder: Path) -> dict:
    """Return the commit of the checkout at `folder`, and whether files are new or changed; None without git."""
    unknown = {"commit": None, "dirty": None}
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
        # A copy without .git inside another checkout must not report that checkout's commit.
        if Path(top).resolve() != folder.resolve():
            return unknown
        return {"commit": _git(folder, "rev-parse", "HEAD"), "dirty": bool(_git(folder, "status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return unknown


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def packages(requirements: Path) -> dict[str, str | None]:
    """Return the installed version of each package named in `requirements`; None if a package is not installed."""
    names = re.findall(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirements.read_text(), re.MULTILINE)
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def commands(study: Study, data: str | None) -> list[str]:
    """Return the commands that repeat `study`: one of Snakemake, then those of the stages, in the order of rules."""
    given = ["--data", data] if data else []
    config = [f"study={study.source.named}", *([f"data={data}"] if data else [])]
    config += [f"{key}={json.dumps(value)}" for key, value in study.source.overrides.items()]
    stages = [
        ["benchmarks.samples", *given],
        *(["benchmarks.samples.folds", "--protocol", protocol] for protocol in study.all_protocols()),
        *(["benchmarks.replays.folds", "--protocol", split] for split in study.splits()),
        ["benchmarks.check.contract"],
        *(["benchmarks.baselines.embedding", "--view", view.name] for view in study.embedding_views()),
        *(
            ["benchmarks.recipe.maps", "--architecture", name]
            for name in study.architectures
            if study.cached_views(name)
        ),
        *([module, *given] for module in ("analysis.leakage", "analysis.audit.shortcuts")),
        ["analysis.explanations.probes"],
        *([f"analysis.scores.{name}"] for name in ("tables", "scores", "collapse", "external")),
        *([f"analysis.comparison.{name}"] for name in COMPARISONS),
        ["analysis.bias.groups"],
        *(["analysis.explanations.explain", "--architecture", name] for name in study.architectures),
        *(["analysis.explanations.heatmaps", "--architecture", name] for name in study.published_architectures()),
        *([f"analysis.explanations.{name}", "--collect"] for name in ("explain", "heatmaps")),
        *([module] for module in ("analysis.explanations.changes", "analysis.bias.bias", "analysis.claims.claims")),
        *([["analysis.survey.replays"]] if study.publications else []),
        ["analysis.dictionary.interchange"],
        *([module] for module in ("analysis.figures.figures", "reports.provenance", "reports.render")),
    ]
    by_hand = [["python", "-m", module, "--study", study.source.argument, *options] for module, *options in stages]
    return [shlex.join(command) for command in (["snakemake", "--cores", "all", "--config", *config], *by_hand)]


def _start(runtime: dict) -> datetime.datetime:
    seconds = runtime["seconds"]
    finished = datetime.datetime.fromisoformat(runtime["finished"])
    return finished - datetime.timedelta(seconds=seconds["training"] + seconds["prediction"])


def _distinct(items: list[dict]) -> list[dict]:
    return [json.loads(text) for text in sorted({json.dumps(item, sort_keys=True) for item in items})]


def write(study: Study) -> None:
    """Write provenance.json of `study`."""
    (study.results() / "provenance.json").write_text(json.dumps(collect(study), indent=2) + "\n")


main = stage("Write the provenance of a study's numbers.", write)

if __name__ == "__main__":
    run_cli(main)
