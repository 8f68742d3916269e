"""Functions of a publication's variants.py, loaded from its folder."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.errors import BadInput

FILE = "variants.py"


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
        raise BadInput(f"{path}: {name} can't be loaded: {type(error).__name__}: {error}; correct the file") from error
