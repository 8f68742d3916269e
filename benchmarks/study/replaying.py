"""Which studies replay a publication."""

from benchmarks.publications import views
from benchmarks.publications.publication import ALIASES
from benchmarks.study.study_file import known, read_study


def command(name: str, content: dict) -> str:
    """Return the command that replays a publication, or that checks its figures if no study replays it."""
    study = replaying(name, content)
    return f"snakemake --cores 2 --config study={study} data=PATH" if study else f"make check PUBLICATION={name}"


def replaying(name: str, content: dict) -> str | None:
    """Return the study under benchmarks/studies that replays a publication, one of the survey first; None without."""
    candidates = [study for study in known() if content["split"] and _names(read_study(study).content, name, content)]
    return min(candidates, key=lambda study: (not study.startswith("survey"), study), default=None)


def _names(study: dict, name: str, content: dict) -> bool:
    """Return whether a study's file replays a publication on its data."""
    if name in ALIASES.values():
        on = study.get("dataset", {}).get("name") in views.datasets(content)
        return on and any(ALIASES.get(protocol) == name for protocol in study.get("protocols", ()))
    return name in (study.get("publications") or {})
