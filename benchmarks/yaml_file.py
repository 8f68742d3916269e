"""YAML that a person writes: read without losing a key, and what is wrong with it in words.

It is read as what it plainly says: text, whole and finite numbers, true and false, null, lists and mappings. Dates and
`<<` are text; tags are refused, and so are aliases that blow a short file up, or refer to what they are in.
"""

import math
from collections.abc import Hashable, Iterator
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from benchmarks.errors import BadInput

KINDS = ("null", "bool", "int", "float")  # of what is not in quotes, beside text
MOST_CHARACTERS = 1_000_000  # of a file with its aliases written out
LARGEST = 2**63
# To JSON Schema 3.0 is a whole number; to range() it isn't.
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
        self.own: dict[yaml.Node, int] = {}  # node -> its characters, once all of it is read

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        event = self.peek_event()
        before = self.characters
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            if node not in self.own:
                raise _refusal(f"alias *{event.anchor} stands in what it refers to", event)
            self.characters += self.own[node]
        elif event.tag:
            raise _refusal(f"the tag {event.tag}; take it out", event)
        else:
            self.characters += 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
            self.own[node] = self.characters - before
        if self.characters > MOST_CHARACTERS:
            raise _refusal(f"more than {MOST_CHARACTERS:,} characters, aliases written out", event)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Refuse a key that stands twice, of which YAML would silently keep the last."""
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):  # super() refuses the others
                if key in seen:
                    raise _refusal(f"key {key!r} stands twice", key_node)
                seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """Refuse what Python can't read or print, and what passes every minimum and maximum."""
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


def _refusal(problem: str, place: yaml.Node | yaml.Event) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, place.start_mark)


def read_yaml(path: Path) -> object:
    """Read a YAML file. Raises BadInput if it can't be read, or a key stands twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a readable YAML file: {error}") from None
    return parse_yaml(text, f"{path}: not a readable YAML file")


def parse_yaml(text: str, head: str) -> object:
    """What a YAML text says. Raises BadInput, `head` and why, if it can't be read, or a key stands twice."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise BadInput(f"{head}: {error}") from None
    except RecursionError:
        raise BadInput(f"{head}: brackets or indents too deep inside one another") from None


def violations(content: object, schema: dict) -> Iterator[str]:
    """Yield what in `content` is against a JSON Schema."""
    return map(explain, VALIDATOR(schema).iter_errors(content))


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
