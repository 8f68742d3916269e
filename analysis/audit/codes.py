"""Codes of findings: what each means, how serious the finding is, and what to do. Kept in codes.yaml."""

import dataclasses
from pathlib import Path

from benchmarks.yaml_file import read_yaml

COUNTED = ("error", "warning")  # levels that count for the exit status
PAGES = "docs/findings"  # of the repository: one page a code
OF_KIND = {  # kinds of partners in another part
    "pixel_identical": "LEAK001",
    "near_duplicate": "LEAK002",
    "shared_patient": "LEAK003",
    "shared_source": "LEAK004",
    "same_scan": "LEAK005",
}
OF_COLUMN = {"label": "LABEL001", "patient": "LABEL002", "source": "LABEL003"}  # columns in which copies differ


@dataclasses.dataclass(frozen=True)
class Code:
    """One code: `level` is error, warning or note; `remedy` is one sentence."""

    code: str
    level: str
    title: str
    remedy: str

    @property
    def page(self) -> str:
        """Path of the page about the code in the repository."""
        return f"{PAGES}/{self.code}.md"


CODES = {code: Code(code, **facts) for code, facts in read_yaml(Path(__file__).with_name("codes.yaml")).items()}
