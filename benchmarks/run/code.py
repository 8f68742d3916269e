"""The code that a stage is made of, found by its imports, and whether that code has changed.

A digest leaves out comments, docstrings and layout: a change of these is no reason to run anything again.
"""

import ast
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
    """The project's modules and what they import; each file counts as it was when a digest first needed it."""

    def __init__(self) -> None:
        import grimp
        from grimp.exceptions import SourceSyntaxError

        try:
            self.graph = grimp.build_graph(*PACKAGES, cache_dir=None)
        except SourceSyntaxError as error:
            raise BadInput(f"{error.filename}:{error.lineno}: not readable as Python; correct this line") from None
        self.stages: dict[str, list[str]] = {}
        self.read: dict[str, dict[str, str]] = {}
        self.digests: dict[tuple, str] = {}

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
        key = (*modules,), (*sorted(data),)
        # Thousands of cells share a digest.
        if key not in self.digests:
            self.digests[key] = self._digest(*key)
        return self.digests[key]

    def _digest(self, modules: tuple[str, ...], data: tuple[Path, ...]) -> str:
        for module in modules:
            if module not in self.stages:
                self.stages[module] = self.files(module)
        files = sorted({file for module in modules for file in self.stages[module]})
        for file in files:
            if file not in self.read:
                content = (CODE / file).read_bytes()
                self.read[file] = {"bytes": hashlib.sha256(content).hexdigest(), "meaning": meaning(content)}
        return _combined({file: self.read[file]["meaning"] for file in files}, data)

    def write(self, path: Path) -> None:
        """Write down the code of all stages asked for so far, for `check`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"stages": self.stages, "files": self.read}))


def check(record: Path, modules: Iterable[str] | None = None) -> None:
    """Raise BadInput if code of `modules` is no longer as in `record`; without `modules`, any code imported so far."""
    known = json.loads(record.read_text())
    if modules is None:
        files = {str(_file(name)) for name in sys.modules if name.partition(".")[0] in PACKAGES}
    else:
        files = {file for module in modules for file in known["stages"].get(module, [])}
    for file in sorted(files & known["files"].keys()):
        content = (CODE / file).read_bytes() if (CODE / file).is_file() else b""
        was = known["files"][file]
        # Parsing all files would take longer than many jobs.
        if hashlib.sha256(content).hexdigest() != was["bytes"] and meaning(content) != was["meaning"]:
            raise BadInput(f"{file} has changed since this run started; start the run again")


def recorded_digest(record: Path, modules: Iterable[str], data: Iterable[Path] = ()) -> str:
    """Return the digest that `Code.digest` gave for the code in `record`. Raises KeyError for an unknown module."""
    known = json.loads(record.read_text())
    files = sorted({file for module in modules for file in known["stages"][module]})
    return _combined({file: known["files"][file]["meaning"] for file in files}, sorted(data))


def _combined(meanings: dict[str, str], data: Iterable[Path]) -> str:
    parts = [f"{file} {meaning}" for file, meaning in meanings.items()]
    parts += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in data]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def meaning(content: bytes) -> str:
    """Return a hash of what a module of that content does: of its syntax tree without docstrings.

    Content that is not valid Python has a hash of its own.
    """
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
