"""What a schema can't see in a publication.yaml: names that lead nowhere, counts that differ, unexplained nulls."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from benchmarks.errors import BadInput
from benchmarks.publications.code import FILE, defined, options
from benchmarks.publications.views import classes_of, printed, texts, value_of

# Arguments of the functions of variants.py.
NETWORK, STEP, SPLIT = "(inputs, classes, *, option=1.0)", "(image)", "(names, labels)"
TWO_PARTS = ("keras_validation_split", "train_test_split", "k_fold")  # rules that divide files into two


def problems(content: dict, folder: Path) -> list[str]:
    """Return a message for each problem of a content that fits the schema; `folder` holds its publication.yaml."""
    found = [*_unexplained(content), *_data(content), *_figures(content), *_steps(content)]
    return [*found, *_claims(content), *_files(content, folder)]


def nulls(content: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the key of each null below `content`, its parts separated by dots."""
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in parts:
        yield from nulls(value, (*path, str(key)))
    if content is None:
        yield ".".join(path)


def _unexplained(content: dict) -> Iterator[str]:
    for key in nulls(content):
        parts = key.split(".")
        above = [".".join(parts[: n + 1]) for n in range(len(parts))]
        if not any(fnmatchcase(one, pattern) for pattern in content["unknown"] for one in above):
            yield f"{key}: null without a reason; add `{key}: why it is not known` to unknown, or the value here"


def _data(content: dict) -> Iterator[str]:
    for name, own in content["data"].items():
        n_counts, n_classes = len(own.get("counts") or ()), len(own["classes"] or ())
        if n_counts and n_counts != n_classes:
            yield f"data.{name}.counts: {n_counts} counts for {n_classes} classes; give one for each class"


def _figures(content: dict) -> Iterator[str]:
    for number, entry in enumerate(content["figures"]):
        key = f"figures.{number}"
        if entry["variant"] not in content["variants"]:
            yield _no(f"{key}.variant", entry["variant"], "variants", content["variants"])
        if (data := entry.get("data")) and data not in content["data"]:
            yield _no(f"{key}.data", data, "data", content["data"])
            continue
        classes = classes_of(content, entry)
        for metric, values in entry["values"].items():
            for text in texts(values):
                if value_of(text) > 1:
                    yield f"{key}.values.{metric}: {text} is above 1; write it with its sign ({text} %)"
            for name in values if isinstance(values, dict) else ():
                if name not in (classes or (name,)):
                    yield _no(f"{key}.values.{metric}", name, "its classes", classes)
        yield from _counts(key, entry, classes)


def _counts(key: str, entry: dict, classes: list[str] | None) -> Iterator[str]:
    """Yield a message for supports and confusion matrix that fit neither the classes nor n."""
    support, matrix, n = entry.get("support"), entry.get("matrix"), entry["n"]
    if not support and not matrix:
        return
    if classes is None:
        yield f"{key}: support or matrix without classes; add classes to the entry or to its data"
        return
    if support and len(support) != len(classes):
        yield f"{key}.support: {len(support)} counts for {len(classes)} classes; give one for each class"
    elif support and n and sum(support) != n:
        yield f"{key}.support: the counts sum to {sum(support)}, n is {n}; correct one of them"
    if matrix and {len(matrix), *map(len, matrix)} != {len(classes)}:
        yield f"{key}.matrix: not {len(classes)} rows of {len(classes)} counts; give a row for each class"
    elif matrix and n and (total := sum(map(sum, matrix))) != n:
        yield f"{key}.matrix: the counts sum to {total}, n is {n}; correct one of them"


def _steps(content: dict) -> Iterator[str]:
    if content["split"] is None:
        return
    made: set[str] = set()
    for number, step in enumerate(content["split"]["steps"]):
        key = f"split.steps.{number}"
        if step["rule"] in TWO_PARTS and len(step["into"]) != 2:
            yield f"{key}.into: names {len(step['into'])}; {step['rule']} makes two parts, name both or one `unused`"
        if step["files"] in ("train", "validation", "test") and step["files"] not in made:
            yield f"{key}.files: no earlier step makes the part {step['files']}; name all, before, after or such a part"
        if twice := (made - {step["files"]}) & set(step["into"]):
            yield f"{key}.into: an earlier step makes {', '.join(sorted(twice))}; name another part or `unused`"
        made |= set(step["into"]) - {"unused"}
    if missing := sorted(set(content["split"]["sizes"]) - made):
        yield f"split.sizes: no step makes {', '.join(missing)}; name the part in `into` of a step, or remove the size"


def _claims(content: dict) -> Iterator[str]:
    ids = [claim["id"] for claim in content["claims"]]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"claims: id {one} is used twice; rename one"
    for claim in content["claims"]:
        key, variants = f"claims.{claim['id']}", content["variants"]
        named = [claim["variant"]] if claim["rule"] == "figure" else claim.get("variants", ())
        unknown = [name for name in named if name not in variants]
        for name in unknown:
            yield _no(f"{key}.variant{'s' * (claim['rule'] != 'figure')}", name, "variants", variants)
        if claim["rule"] == "figure" and not unknown and claim["metric"] not in printed(content, claim["variant"]):
            known = printed(content, claim["variant"])
            yield _no(f"{key}.metric", claim["metric"], f"figures of {claim['variant']}", known)
        if claim["rule"] == "better_than_others" and not unknown:
            for name in named:
                if "test_accuracy" not in printed(content, name):
                    yield f"{key}.variants: {name} has no accuracy of part test in figures; add it, or leave {name} out"
        if claim["rule"] == "code" and claim["fact"] not in content["code"]:
            yield _no(f"{key}.fact", claim["fact"], "code", content["code"])


def _files(content: dict, folder: Path) -> Iterator[str]:
    """Yield a message for each function and file beside publication.yaml that is named and not there."""
    asked = [*_functions(content)]
    path = folder / FILE
    if asked and not path.is_file():
        keys, names = ", ".join(key for key, _, _ in asked), ", ".join(name for _, name, _ in asked)
        yield f"{keys}: {path} is missing; write it, with the functions {names}"
    elif asked:
        try:
            yield from _code(asked, folder)
        except BadInput as error:
            yield str(error)
    for number, step in enumerate(content["split"]["steps"] if content["split"] else ()):
        for part, name in step.get("lists", {}).items():
            if not (folder / name).is_file():
                yield f"split.steps.{number}.lists.{part}: {folder / name} is missing; write one file name a line"


def _code(asked: list[tuple[str, str, str]], folder: Path) -> Iterator[str]:
    """Yield a message for each function of `asked` (_functions) that variants.py lacks or that can't be called."""
    written, path = defined(folder), folder / FILE
    for key, name, wanted in asked:
        if name not in written:
            yield f"{key}: no function {name} in {path}; add it, or name one of: {', '.join(written) or 'none yet'}"
            continue
        own = written[name].args
        if len(own.args) - len(own.defaults) != len(wanted.split(", *")[0].split(",")):
            yield f"{key}: {path}:{written[name].lineno}: {name}({ast.unparse(own)}) can't be called; write {wanted}"
        options(folder, name)


def _functions(content: dict) -> Iterator[tuple[str, str, str]]:
    """Yield key, name and arguments of each function of variants.py that the content names."""
    for number, step in enumerate(content["split"]["steps"] if content["split"] else ()):
        if "function" in step:
            yield f"split.steps.{number}.function", step["function"], SPLIT
    for variant, own in content["variants"].items():
        if "function" in own:
            yield f"variants.{variant}.function", own["function"], NETWORK
    recipes = {"recipe": content["recipe"] or {}}
    recipes |= {f"variants.{variant}.recipe": own.get("recipe", {}) for variant, own in content["variants"].items()}
    for key, recipe in recipes.items():
        for number, step in enumerate(recipe.get("preprocessing") or ()):
            if "function" in step:
                yield f"{key}.preprocessing.{number}.function", step["function"], STEP


def _no(key: str, name: str, where: str, known: Any) -> str:
    return f"{key}: {name!r} is not in {where}; name one of: {', '.join(known) or 'none yet'}"
