"""The code that a stage is made of, found by its imports, and whether that code has changed.

A digest leaves out comments, docstrings and layout: a change of these is no reason to run anything again.
"""

import ast
import functools
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.errors import BadInput

CODE = Path(__file__).resolve().parents[2]
PACKAGES = ("analysis", "app", "architectures", "benchmarks", "reports")
RECORD = "MAMMOBENCH_CODE"  # environment variable: the file with the code that the current run started with


class Code:
    """The project's modules and what they import."""

    def __init__(self) -> None:
        import grimp
        from grimp.exceptions import SourceSyntaxError

        try:
            self.graph = grimp.build_graph(*PACKAGES, cache_dir=None)
        except SourceSyntaxError as error:
            raise BadInput(f"{error.filename}:{error.lineno}: not readable as Python; correct this line") from None
        self.stages: dict[str, list[str]] = {}

    def files(self, module: str) -> list[str]:
        """Return the files of `module` and of every module that it imports, directly or not, relative to the clone.

        An import runs the `__init__.py` of each package above the module, too. Raises BadInput for an unknown module.
        """
        if module not in self.graph.modules:
            raise BadInput(f"{module} is no module of {', '.join(PACKAGES)}; correct the rule that names it")
        reached, waiting = set(), [module]
        while waiting:
            one = waiting.pop()
            if one in reached:
                continue
            reached.add(one)
            waiting += self.graph.find_modules_directly_imported_by(one)
            waiting += [one.rpartition(".")[0]] if "." in one else []
        return sorted(str(_file(one)) for one in reached)

    def digest(self, modules: Iterable[str], data: Iterable[Path] = ()) -> str:
        """Return a hash of all code that `modules` reach, and of the content of the files `data`."""
        for module in modules:
            self.stages.setdefault(module, self.files(module))
        files = sorted({file for module in modules for file in self.stages[module]})
        parts = [f"{file} {meaning(CODE / file)}" for file in files]
        parts += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(data)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def write(self, path: Path) -> None:
        """Write down the code of all stages asked for so far, for `check`."""
        files = sorted({file for own in self.stages.values() for file in own})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"stages": self.stages, "files": {file: meaning(CODE / file) for file in files}}))


def check(record: Path, modules: Iterable[str] | None = None) -> None:
    """Raise BadInput if code of `modules` is no longer as in `record`; without `modules`, any code imported so far."""
    known = json.loads(record.read_text())
    if modules is None:
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        files = {str(Path(file).relative_to(CODE)) for file in loaded if file and Path(file).is_relative_to(CODE)}
    else:
        files = {file for module in modules for file in known["stages"].get(module, [])}
    for file in sorted(files & known["files"].keys()):
        if not (CODE / file).is_file() or meaning(CODE / file) != known["files"][file]:
            raise BadInput(f"{file} has changed since this run started; start the run again")


def meaning(path: Path) -> str:
    """Return a hash of what the module at `path` does: of its syntax tree without docstrings.

    A file that is not valid Python has a hash of its own.
    """
    return _meaning(path.read_bytes())


@functools.cache
def _meaning(content: bytes) -> str:
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return hashlib.sha256(content).hexdigest()[:16]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _file(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if (CODE / path).is_dir() else path.with_suffix(".py")
