"""Functions of a publication's variants.py: read without running the file, and loaded from its folder."""

import ast
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import architectures
from benchmarks.errors import BadInput

FILE = "variants.py"
WEIGHTS = "weights"  # keyword of a network that can start from a file; a study names the file, it is no option


def function(folder: Path, name: str) -> Callable[..., Any]:
    """Return function `name` of `folder`/variants.py. Raises BadInput if the file or the function can't be loaded."""
    path = folder / FILE
    spec = importlib.util.spec_from_file_location(f"variants_of_{folder.name}", path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{path} is not a Python file; write it, with the function {name}")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return getattr(module, name)
    except Exception as error:
        told = architectures.blame(path, error, f"{name} can't be loaded")
        raise BadInput(f"{told}; correct the file") from error


def defined(folder: Path) -> dict[str, ast.FunctionDef]:
    """Return the functions of `folder`/variants.py by name, without running it. Raises BadInput if it isn't Python."""
    path = folder / FILE
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not readable as Python: {error}; correct it") from None
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def options(folder: Path, name: str) -> dict[str, Any]:
    """Return the keyword-only arguments of function `name` of `folder`/variants.py with their literal defaults.

    Raises BadInput with the line of an argument that has no literal as default.
    """
    arguments, found = defined(folder)[name].args, {}
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        try:
            found[argument.arg] = ast.literal_eval(default or argument)
        except ValueError:
            raise BadInput(
                f"{folder / FILE}:{argument.lineno}: {name}: {argument.arg} has no literal as default; write the "
                "number, text or tuple itself (it is read without running the file)"
            ) from None
    return found
