"""YAML files that a person writes: read without losing a key, and what is wrong with them in words."""

from pathlib import Path

import yaml
from jsonschema import ValidationError

from benchmarks.errors import BadInput


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> object:
    """Read a YAML file. Raises BadInput if it can't be read, or a key stands twice."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a readable YAML file: {error}") from None


def listing(path: Path | str, problems: list[str]) -> str:
    """A message of the file's name and its problems below, each once."""
    return "\n".join([f"{path}:", *(f"  - {problem}" for problem in dict.fromkeys(problems))])


def explain(error: ValidationError) -> str:
    """What a schema's violation is, with its key and what is allowed."""
    key = ".".join(str(part) for part in error.absolute_path) or "(top level)"
    if error.validator == "additionalProperties":
        allowed = error.schema["properties"]
        unknown = sorted(str(name) for name in set(error.instance) - set(allowed))
        return f"{key}: unknown key {', '.join(unknown)}; allowed: {', '.join(allowed)}"
    if error.validator == "enum":
        return f"{key}: {error.instance!r} is not allowed; allowed: {', '.join(map(str, error.validator_value))}"
    return f"{key}: {error.message}"
