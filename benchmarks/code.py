"""What code is made of: so that a change beside it, or of its comments, is no change to it."""

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(path: Path, *names: str) -> str:
    """Hash of the functions and constants `names` of the module at `path`, and of all there that they use.

    Comments, docstrings and layout don't count. Names that the module doesn't define are ignored.
    """
    defined = {name: node for node in ast.parse(path.read_text()).body for name in _names(node)}
    needed, waiting = set(), [name for name in names if name in defined]
    while waiting:
        name = waiting.pop()
        needed.add(name)
        used = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        waiting += sorted(used & defined.keys() - needed)
    return _hash(defined[name] for name in sorted(needed))


def modules_digest(paths: Iterable[Path]) -> str:
    """Hash of all that the modules at `paths` hold but comments, layout and the docstrings of what they define."""
    trees = [ast.parse(path.read_text()) for path in paths]
    return _hash(node for tree in trees for node in _bare(tree).body)


def _hash(nodes: Iterable[ast.stmt]) -> str:
    text = "\n".join(ast.dump(_bare(node)) for node in nodes)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _names(node: ast.stmt) -> list[str]:
    """What a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]


def _bare(node: ast.AST) -> ast.AST:
    """A module, function or class without its docstring."""
    if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    return node
