"""Reference pages made from the code: python -m docs.reference.

Writes docs/study_keys.md from benchmarks/studies/schema.yaml, docs/codes.md from analysis/audit/codes.yaml, and
docs/commands.md from Makefile and the modules that are commands. Its modules are parsed, not imported.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.study import command

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# Commands for people; the workflow's rules call the other modules.
COMMANDS = (
    *(
        "benchmarks.archive",
        "benchmarks.fetch",
        "benchmarks.samples",
        "benchmarks.check",
        "benchmarks.plan",
        "benchmarks.plan.compare",
        "benchmarks.run.status",
        "benchmarks.speed.gpu",
        "benchmarks.validation.same",
    ),
    *("analysis.audit", "analysis.leakage", "analysis.dictionary"),
    *("benchmarks.publications.figures", "benchmarks.publications.skeleton", "benchmarks.check.publication"),
    *("reports.render", "reports.article.length", "reports.survey", "app", "app.export"),
)
MADE = "This page is made by `python -m docs.reference` from"
SIDES = (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"), ("exclusiveMaximum", "below"))


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text)


def pages() -> dict[str, str]:
    """Return the Markdown of each page, by its file's name."""
    return {"study_keys.md": study_keys(), "codes.md": codes(), "commands.md": commands()}


def study_keys() -> str:
    """Return the page on the keys of a study."""
    schema = yaml.safe_load((ROOT / "benchmarks/studies/schema.yaml").read_text())
    required = ", ".join(f"`{key}`" for key in schema["required"])
    sections = {"Keys of the study": _keys(schema, ""), "Keys of a recipe": _keys(schema["$defs"]["recipe"], "")}
    tables = [
        f"## {title}\n\n{_table(['key', 'values', 'default', 'meaning'], rows)}" for title, rows in sections.items()
    ]
    intro = f"{MADE} [schema.yaml](../benchmarks/studies/schema.yaml), which every study is checked against."
    return (
        "\n\n".join(["# Keys of a study", intro, f"A study, with what it extends, needs {required}.", *tables]) + "\n"
    )


def codes() -> str:
    """Return the page on the finding codes of the audit, each with a link to its own page."""
    known = yaml.safe_load((ROOT / "analysis/audit/codes.yaml").read_text())
    rows = [
        [f"[{code}](findings/{code}.md)", about["level"], about["title"], about["remedy"]]
        for code, about in known.items()
    ]
    intro = f"{MADE} [codes.yaml](../analysis/audit/codes.yaml). A code never changes its meaning."
    counted = "Errors and warnings count for the exit status of [the audit](audit.md), notes do not."
    listed = "\n".join(["```{toctree}", ":hidden:", "", *(f"findings/{code}" for code in known), "```"])
    table = _table(["code", "level", "finding", "what to do"], rows)
    return "\n\n".join(["# Finding codes", f"{intro} {counted}", table, listed]) + "\n"


def commands() -> str:
    """Return the page on command lines: targets of make, and modules that are commands."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    explained = [part.strip() for line in lines if line.startswith("# make ") for part in line[1:].split("   ")]
    make = [[f"`{target}`", text] for target, text in (part.split(": ", 1) for part in explained)]
    modules = [_module(name) for name in COMMANDS]
    return (
        "\n\n".join(
            [
                "# Command lines",
                f"{MADE} the Makefile and the modules' own words.",
                f"## make\n\n{_table(['command', 'what it does'], make)}",
                "`CORES=2` limits the cores, `STUDY=laptop` names a study, `PYTHON=python3.12` names the Python.",
                "## snakemake\n\n`snakemake --cores 2 --config study=NAME data=PATH TARGET` runs a study. [Run a study]"
                "(running.md) and [Configuration](configuration.md) explain the options.",
                *modules,
            ]
        )
        + "\n"
    )


def _module(name: str) -> str:
    """Return the section on a module: its docstring, and its options with their help where they are written out."""
    path = ROOT / name.replace(".", "/")
    tree = ast.parse((path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    rows = [_option(call) for call in calls if getattr(call.func, "attr", "") == "add_argument"]
    parts = [f"## python -m {name}", f"```text\n{ast.get_docstring(tree)}\n```"]
    return "\n\n".join([*parts, _table(["option", "meaning"], rows)] if rows else parts)


def _option(call: ast.Call) -> list[str]:
    """Return name and help of a call of add_argument."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    text = given.get("help", ast.Constant(""))
    pieces = text.values if isinstance(text, ast.JoinedStr) else [text]
    name = "" if not call.args else ast.literal_eval(call.args[0])
    return [f"`{name}`", "".join(map(_words, pieces))]


def _words(piece: ast.expr) -> str:
    """Return a piece of a help text; texts that commands share are in benchmarks/study/command.py."""
    if isinstance(piece, ast.FormattedValue):
        return _words(piece.value)
    return getattr(command, piece.id, piece.id) if isinstance(piece, ast.Name) else ast.literal_eval(piece)


def _keys(schema: dict, above: str) -> Iterator[list[str]]:
    """Yield a row of the table for each key of an object's schema, and for the keys below it."""
    for key, about in schema.get("properties", {}).items():
        if key == "recipe" and above:
            about = {"description": "As `recipe` of the study."}
        name = f"{above}{key}"
        default = f"`{_shown(about['default'])}`" if "default" in about else ""
        yield [f"`{name}`", _values(about), default, about.get("description", "").strip()]
        yield from _keys(about, f"{name}.")
        for inner, sign in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(about.get(inner), dict):
                yield from _keys(about[inner], f"{name}{sign}.")


def _values(about: dict) -> str:
    """Return in words which values a schema allows."""
    if about.get("$ref") == "#/$defs/searched":
        return "number from 0, or a list of numbers to search"
    if "enum" in about:
        return ", ".join(f"`{_shown(value)}`" for value in about["enum"])
    kinds = about.get("type", "")
    words = (
        " or ".join([kinds] if isinstance(kinds, str) else kinds).replace("object", "mapping").replace("array", "list")
    )
    if isinstance(about.get("items"), dict) and "type" in about["items"]:
        words += f" of {about['items']['type'].replace('object', 'mapping')}s"
        return words + _limits(about["items"])
    return words + _limits(about)


def _limits(about: dict) -> str:
    return "".join(f" {word} {about[side]}" for side, word in SIDES if side in about)


def _shown(value: object) -> str:
    """Return a value as YAML writes it."""
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()


def _table(head: list[str], rows: Iterator[list[str]] | list[list[str]]) -> str:
    """Return a table in Markdown; `<` outside code is no HTML."""

    def cell(text: str) -> str:
        pieces = text.replace("|", "\\|").split("`")
        pieces[::2] = [piece.replace("<", "&lt;") for piece in pieces[::2]]
        return "`".join(pieces)

    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


if __name__ == "__main__":
    main()
