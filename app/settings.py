"""Settings of the service from environment variables; docs/app.md has the table."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import BadInput

PREFIX = "MAMMOBENCH_"


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings; each field is set by the environment variable MAMMOBENCH_ and its name in capitals."""

    model: Path | None = None  # folder of the cell to serve; None: the best honest cell of the last study
    results: Path = Path("results")
    max_bytes: int = 32 * 2**20  # of a request
    max_pixels: int = 30_000_000  # of an image: the largest mammograms have 28 million
    timeout: int = 30  # seconds for a request
    concurrency: int = 32  # requests at the same time
    threads: int = os.cpu_count() or 1  # images processed at the same time
    host: str = "127.0.0.1"  # of `make serve`
    port: int = 8000
    page_port: int = 8501

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings in `environment`, else the defaults. Raises BadInput that lists wrong values."""
        found: dict[str, Any] = {}
        wrong = []
        for field in dataclasses.fields(cls):
            variable = PREFIX + field.name.upper()
            value = environment.get(variable)
            if value and field.type is int and not (value.isdecimal() and int(value) > 0):
                wrong.append(f"{variable}={value}: give a whole number above 0")
            elif value:
                found[field.name] = field.type(value) if isinstance(field.type, type) else Path(value)
        if wrong:
            raise BadInput("\n".join(wrong))
        return cls(**found)
