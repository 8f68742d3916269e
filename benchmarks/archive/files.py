"""Which files an archive holds, and which of them would show images of patients."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks import stored
from benchmarks.archive.finished import configuration
from benchmarks.archive.pictures import has_pictures, without_pictures
from benchmarks.errors import BadInput
from benchmarks.run.archived import NOTE
from benchmarks.run.code import CODE, PACKAGES
from benchmarks.run.snakemake_private import KEPT
from benchmarks.study.study import Study

# The project's files. By name, so that nothing else that lies in a clone is packed, such as images.
PROJECT = (
    *("Snakefile", "Makefile", "Dockerfile", "pyproject.toml", "environment.yml", "*.in", "requirements*.txt"),
    *("LICENSE", "CITATION.cff", "README.md", "docs/archive.md"),
    *(f"{folder}/**/*" for folder in (*PACKAGES, "envs", "profiles")),
)
# Files of the packages: code, templates, reference tables.
KINDS = (
    ".py",
    ".smk",
    ".yaml",
    ".csv",
    ".gz",
    ".json",
    ".j2",
    ".rst",
    ".bib",
    ".sty",
    ".css",
    ".js",
    ".html",
    ".md",
    ".sh",
)
# Of the results folder. Arrays of images, masks, features and maps are left out: `samples` and what follows make them.
RESULTS = (
    *("dataset.json", "provenance.json", "results.json", "samples.parquet", "sources.csv"),
    *("folds/*", "architectures/*"),
    *("cells/**/*", "replays/**/*", "cams/*.csv", "tables/*", "figures/*", "report/*"),
)
GENERATED = ("cams/*.npz",)  # saliency maps; beside them, changed films
MODELS = (".keras", ".h5", ".weights")


@dataclasses.dataclass(frozen=True)
class Packed:
    """A file of an archive: its `name` there, its content or the file that holds it, its time stamp in seconds."""

    name: str
    source: Path | bytes
    changed: float
    size: int = 0
    sha256: str = ""

    def content(self) -> bytes:
        """Return the content."""
        return self.source.read_bytes() if isinstance(self.source, Path) else self.source


def collect(study: Study, models: bool) -> list[Packed]:
    """Return the files of the archive of `study`; with `models`, the trained models, too.

    The results stand in the order in which they were made, so that any unpacking keeps this order in its time stamps.
    Raises BadInput if a file of the study is outside the working directory.
    """
    generated = stored.record(study.results() / "dataset.json")["generated"]
    project = {name: Packed(name, path, path.stat().st_mtime) for name, path in _project()}
    own = {name: Packed(name, path, path.stat().st_mtime) for name, path in _study_files(study)}
    results = [_result(path, generated) for path in _results(study, generated, models)]
    earliest = min(one.changed for one in results)
    config = yaml.safe_dump(configuration(study), sort_keys=False).encode()
    made = [
        Packed("config/config.yaml", config, earliest),
        Packed(str(study.results() / NOTE), json.dumps({"data": study.data_digest()}).encode(), earliest),
    ]
    return [*(project | own).values(), *made, *sorted(results, key=lambda one: one.changed)]


def _project() -> Iterator[tuple[str, Path]]:
    for pattern in PROJECT:
        for path in sorted(CODE.glob(pattern)):
            if path.is_file() and (path.parent == CODE or path.suffix in KINDS):
                yield str(path.relative_to(CODE)), path


def _study_files(study: Study) -> Iterator[tuple[str, Path]]:
    """Yield the study's own files and those that it names, which the project does not have."""
    weights = [study.weights_of(name) for name in study.architectures]
    weights += [one for entry in study.publications.values() for one in (entry.get("weights") or {}).values()]
    named = [Path(one) for one in weights if isinstance(one, str) and Path(one).is_file()]
    for path in [*study.source.files, *([study.claims] if study.claims else []), *named]:
        if path.resolve().is_relative_to(CODE):
            yield str(path.resolve().relative_to(CODE)), path
        elif path.resolve().is_relative_to(Path.cwd()):
            yield str(path.resolve().relative_to(Path.cwd())), path
        else:
            raise BadInput(
                f"{path} is outside the working directory; move it here, and name it in the study by its new path"
            )


def _results(study: Study, generated: bool, models: bool) -> Iterator[Path]:
    results = study.results()
    for pattern in (KEPT, *RESULTS, *(GENERATED if generated else ())):
        for path in sorted(results.glob(pattern)):
            shown = path.suffix == ".pdf" and (path.parent.name == "report" or has_pictures(path.with_suffix(".svg")))
            if path.is_file() and (models or path.suffix not in MODELS) and (generated or not shown):
                yield path


def _result(path: Path, generated: bool) -> Packed:
    """Return a file of the results; pictures of patients in it are replaced."""
    shows = path.suffix in (".svg", ".html") and not generated and has_pictures(path)
    return Packed(str(path), without_pictures(path) if shows else path, path.stat().st_mtime)
