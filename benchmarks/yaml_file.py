"""Reader for YAML files written by people, and messages about violations of a schema.

Values are text, finite numbers, true, false, null, lists and mappings. Dates and `<<` are read as text. Tags, duplicate
keys, aliases that refer to themselves and aliases that expand a short file to a huge one are refused.
"""

import math
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from benchmarks.errors import BadInput

KINDS = ("null", "bool", "int", "float")  # of values without quotes, besides text
MOST_CHARACTERS = 1_000_000  # of a file with its aliases expanded
LARGEST = 2**63
# JSON Schema accepts 3.0 as an integer; range() does not.
WHOLE = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
VALIDATOR = validators.extend(Draft202012Validator, type_checker=WHOLE)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012
        start: [(tag, pattern) for tag, pattern in rules if tag.rpartition(":")[2] in KINDS]
        for start, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str):
        super().__init__(text)
        self.characters = 0
        self.own: dict[Any, int] = {}  # node -> its characters, once all of it is read

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        before = self.characters
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            if node not in self.own:
                raise _refusal(f"alias *{event.anchor} refers to itself", event)
            self.characters += self.own[node]
        elif event.tag:
            raise _refusal(f"the tag {event.tag}; remove it", event)
        else:
            self.characters += 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
            self.own[node] = self.characters - before
        if self.characters > MOST_CHARACTERS:
            raise _refusal(f"more than {MOST_CHARACTERS:,} characters with aliases expanded", event)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Refuse a duplicate key, of which YAML would silently keep the last."""
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):  # super() refuses the others
                if key in seen:
                    raise _refusal(f"key {key!r} is used twice", key_node)
                seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """Refuse numbers that Python can't read or print, and NaN, which passes every minimum and maximum."""
        kind = node.tag.rpartition(":")[2]
        try:
            number = getattr(super(), f"construct_yaml_{kind}")(node)
        except ValueError:
            number = math.nan
        if not -LARGEST < number < LARGEST:
            raise _refusal(f"{node.value[:20]} is not a finite number, or too large", node)
        return number


for kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{kind}", _Loader.construct_number)


def _refusal(problem: str, place: Any) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, place.start_mark)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file. Raises BadInput if the file can't be read or has a duplicate key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a readable YAML file: {error}") from None
    return parse_yaml(text, f"{path}: not a readable YAML file")


def parse_yaml(text: str, head: str) -> Any:
    """Return the content of a YAML text. Raises BadInput, `head` and the reason, if the text can't be read."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise BadInput(f"{head}: {error}") from None
    except RecursionError:
        raise BadInput(f"{head}: brackets or indents are nested too deeply") from None


def violations(content: object, schema: dict) -> Iterator[str]:
    """Yield a message for each violation of a JSON Schema by `content`."""
    return map(explain, VALIDATOR(schema).iter_errors(content))


def explain(error: ValidationError) -> str:
    """Return the message for one violation: its key, the problem, what is allowed."""
    key = ".".join(str(part) for part in error.absolute_path) or "(top level)"
    schema: Any = error.schema
    given: Any = error.instance
    limit: Any = error.validator_value
    if error.validator == "additionalProperties":
        unknown = sorted(str(name) for name in set(given) - set(schema["properties"]))
        return f"{key}: unknown key {', '.join(unknown)}; allowed: {', '.join(schema['properties'])}"
    if error.validator == "enum":
        return f"{key}: {given!r} is not allowed; allowed: {', '.join(map(str, limit))}"
    return f"{key}: {error.message}"
