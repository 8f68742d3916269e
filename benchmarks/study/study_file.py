"""A study as it is written: its YAML file, the one that this extends, and what the command line changes of it."""

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
    """What a study's files say together.

    `files` are its own and those that it extends, nearest first; `content` is all of them merged, null where a key of
    `architectures` is taken out; `named` is how the study was asked for, `overrides` what was changed without a file.
    """

    files: list[Path]
    content: dict
    named: str
    overrides: dict

    @property
    def argument(self) -> str:
        """What `read_study` reads the same from."""
        return json.dumps({EXTENDS: self.named} | self.overrides) if self.overrides else self.named

    @property
    def text(self) -> str:
        """All files, one after the other."""
        more = [f"\n# {path.name}, which it extends:\n\n{path.read_text()}" for path in self.files[1:]]
        return "".join([self.files[0].read_text(), *more])


def read_study(argument: str) -> StudyFile:
    """Read the study that `argument` names: one under benchmarks/studies, the path of a YAML file, or a mapping such as

        {"extends": "laptop", "folds": 3}

    which is the study `laptop`, run with other folds. Raises BadInput if there is no such study, or it can't be read.
    """
    if not argument.lstrip().startswith("{"):
        files, content = _read(_find(argument, Path()), ())
        return StudyFile(files, content, argument, {})
    overrides = parse_yaml(argument, f"study={argument}: not a mapping that can be read")
    if not isinstance(overrides.get(EXTENDS), str):
        raise BadInput(f"study={argument}: it must say which study it changes: {{extends: laptop, ...}}")
    named = overrides.pop(EXTENDS)
    files, content = _read(_find(named, Path()), ())
    return StudyFile(files, _cleared(_merged(content, overrides)), named, overrides)


def configured(config: dict) -> tuple[str, str | None]:
    """The study and the data that Snakemake's `config` asks for: keys study, data, and any key of a study to change.

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
    """`value` with numbers where Snakemake's --config leaves texts, inside lists and mappings."""
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return parse_yaml(value, f"--config {value}") if isinstance(value, str) else value


def known() -> list[str]:
    """The studies under benchmarks/studies."""
    return sorted(path.stem for path in STUDIES.glob("*.yaml") if path.stem != "schema")


def _find(name_or_path: str, folder: Path) -> Path:
    """The file of a study; paths are relative to `folder`."""
    if name_or_path in known():
        return STUDIES / f"{name_or_path}.yaml"
    path = folder / name_or_path
    if path.suffix in (".yaml", ".yml") and os.path.isfile(path):
        return path
    raise BadInput(f"study={name_or_path}: neither a study ({', '.join(known())}) nor the path of a YAML file")


def _read(path: Path, extending: tuple[Path, ...]) -> tuple[list[Path], dict]:
    """A file and those it extends, nearest first, and what they say together; `extending` are the files before it."""
    if path.resolve() in extending:
        raise BadInput(
            f"{path}: it extends itself, by way of {', '.join(one.name for one in extending)}; break the circle"
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
        raise BadInput(f"{path}: description is missing; say what this study asks that {content[EXTENDS]} doesn't")
    try:
        base = _find(content[EXTENDS], path.parent)
    except BadInput as error:
        raise BadInput(f"{path}: extends: {str(error).removeprefix('study=')}") from None
    files, inherited = _read(base, (*extending, path.resolve()))
    own = {key: value for key, value in content.items() if key != EXTENDS}
    return [path, *files], _cleared(_merged(inherited, own))


def _relative_to(folder: Path, content: dict) -> None:
    """Make paths that are relative to a study's `folder` findable from the working directory."""
    entries = content.get("architectures")
    own = [entry for entry in entries.values() if isinstance(entry, dict)] if isinstance(entries, dict) else []
    for mapping, key in [(content, "claims"), *((entry, "weights") for entry in own)]:
        if isinstance(mapping.get(key), str) and os.path.isfile(folder / mapping[key]):
            mapping[key] = str(folder / mapping[key])


def _merged(base: dict, own: dict) -> dict:
    """`own` over `base`: mappings key by key, all else replaced; the options of another data set are not kept.

    Of architectures, `all: null` leaves those that `own` names.
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
    """Without the keys that are null, which takes an inherited one out, but for architectures: there `all` stays."""
    kept = {key: value for key, value in content.items() if value is not None}
    return {k: _cleared(v) if isinstance(v, dict) and k != "architectures" else v for k, v in kept.items()}
