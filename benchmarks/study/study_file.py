"""A study as written: its YAML file, the files that it extends, and changes from the command line."""

import dataclasses
import json
import os
from pathlib import Path

import yaml

from benchmarks.errors import BadInput
from benchmarks.yaml_file import parse_yaml, read_yaml

STUDIES = Path(__file__).parents[1] / "studies"
SCHEMA = yaml.safe_load((STUDIES / "schema.yaml").read_text())
EXTENDS = "extends"


@dataclasses.dataclass(frozen=True)
class StudyFile:
    """The merged content of a study's files.

    `files` are the study's own file and those that it extends, nearest first. `content` is all of them merged; a
    removed key of `architectures` is null. `named` is the requested name or path; `overrides` are changes to the files.
    """

    files: list[Path]
    content: dict
    named: str
    overrides: dict

    @property
    def argument(self) -> str:
        """Return the argument from which `read_study` reads this study again."""
        return json.dumps({EXTENDS: self.named} | self.overrides) if self.overrides else self.named

    @property
    def text(self) -> str:
        """Return the text of all files, one after the other."""
        more = [f"\n# {path.name}, which it extends:\n\n{path.read_text()}" for path in self.files[1:]]
        return "".join([self.files[0].read_text(), *more])


def read_study(argument: str) -> StudyFile:
    """Read the study that `argument` names: a name under benchmarks/studies, a path, or a mapping such as

        {"extends": "laptop", "folds": 3}

    which is the study `laptop` with another number of folds. Raises BadInput if the study is missing or unreadable.
    """
    if not argument.lstrip().startswith("{"):
        files, content = _read(_find(argument, Path()), ())
        return StudyFile(files, content, argument, {})
    overrides = parse_yaml(argument, f"study={argument}: not a mapping that can be read")
    if not isinstance(overrides.get(EXTENDS), str):
        raise BadInput(f"study={argument}: name the study to change: {{extends: laptop, ...}}")
    named = overrides.pop(EXTENDS)
    files, content = _read(_find(named, Path()), ())
    return StudyFile(files, _cleared(_merged(content, overrides)), named, overrides)


def configured(config: dict) -> tuple[str, str | None]:
    """Return study and data from Snakemake's `config`, whose keys are study, data, and keys of a study to change.

    Raises BadInput for any other key.
    """
    changed = {key: _typed(value) for key, value in config.items() if key not in ("study", "data")}
    allowed = [key for key in SCHEMA["properties"] if key not in (EXTENDS, "description")]
    if unknown := sorted(set(changed) - set(allowed)):
        raise BadInput(
            f"--config {', '.join(unknown)}: unknown; allowed: study, data, and of a study {', '.join(allowed)}"
        )
    study = str(config.get("study", "demo"))
    return json.dumps({EXTENDS: study} | changed) if changed else study, config.get("data")


def _typed(value: object) -> object:
    """Return `value` with numbers where Snakemake's --config leaves text inside lists and mappings."""
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return parse_yaml(value, f"--config {value}") if isinstance(value, str) else value


def known() -> list[str]:
    """Return the names of the studies under benchmarks/studies."""
    return sorted(path.stem for path in STUDIES.glob("*.yaml") if path.stem != "schema")


def _find(name_or_path: str, folder: Path) -> Path:
    """Return the file of a study; paths are relative to `folder`."""
    if name_or_path in known():
        return STUDIES / f"{name_or_path}.yaml"
    path = folder / name_or_path
    if path.suffix in (".yaml", ".yml") and os.path.isfile(path):
        return path
    raise BadInput(f"study={name_or_path}: neither a study ({', '.join(known())}) nor the path of a YAML file")


def _read(path: Path, extending: tuple[Path, ...]) -> tuple[list[Path], dict]:
    """Return a file and those it extends, nearest first, with their merged content; `extending` came before."""
    if path.resolve() in extending:
        raise BadInput(
            f"{path}: it extends itself, through {', '.join(one.name for one in extending)}; remove one `extends`"
        )
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise BadInput(f"{path}: a study is a mapping of keys ({', '.join(SCHEMA['properties'])})")
    _relative_to(path.parent, content)
    if EXTENDS not in content:
        return [path], content
    if not isinstance(content[EXTENDS], str):
        raise BadInput(
            f"{path}: extends: {content[EXTENDS]!r} is neither the name of a study nor the path of a YAML file"
        )
    if "description" not in content:
        raise BadInput(f"{path}: description is missing; say how this study differs from {content[EXTENDS]}")
    try:
        base = _find(content[EXTENDS], path.parent)
    except BadInput as error:
        raise BadInput(f"{path}: extends: {str(error).removeprefix('study=')}") from None
    files, inherited = _read(base, (*extending, path.resolve()))
    own = {key: value for key, value in content.items() if key != EXTENDS}
    return [path, *files], _cleared(_merged(inherited, own))


def _relative_to(folder: Path, content: dict) -> None:
    """Replace paths relative to a study's `folder` by paths from the working directory."""
    entries = content.get("architectures")
    own = [entry for entry in entries.values() if isinstance(entry, dict)] if isinstance(entries, dict) else []
    replayed = content.get("publications")
    named = replayed.values() if isinstance(replayed, dict) else ()
    files = [entry["weights"] for entry in named if isinstance(entry, dict) and isinstance(entry.get("weights"), dict)]
    places = [
        (content, "claims"),
        *((entry, "weights") for entry in own),
        *((one, key) for one in files for key in one),
    ]
    for mapping, key in places:
        if isinstance(mapping.get(key), str) and os.path.isfile(folder / mapping[key]):
            mapping[key] = str(folder / mapping[key])


def _merged(base: dict, own: dict) -> dict:
    """Return `base` updated by `own`: mappings key by key, other values replaced; options of another data set dropped.

    With `all: null` in architectures, only those that `own` names remain.
    """
    merged = dict(base)
    for key, value in own.items():
        inherited = base.get(key)
        if not isinstance(value, dict) or not isinstance(inherited, dict) or _another_data_set(key, inherited, value):
            merged[key] = value
        else:
            merged[key] = _merged(inherited, value)
            if key == "architectures" and value.get("all", value) is None:
                merged[key] = {name: merged[key][name] for name in value}
    return merged


def _another_data_set(key: str, inherited: dict, own: dict) -> bool:
    return key == "dataset" and own.get("name", inherited.get("name")) != inherited.get("name")


def _cleared(content: dict) -> dict:
    """Return `content` without keys that are null, except in architectures, where null removes an inherited key."""
    kept = {key: value for key, value in content.items() if value is not None}
    return {k: _cleared(v) if isinstance(v, dict) and k != "architectures" else v for k, v in kept.items()}
