"""Each code has a page with a picture, each page a code; the picture's data set triggers its code."""

import re

import pytest
import yaml
from conftest import ROOT

from analysis.audit.codes import CODES, OF_COLUMN, OF_KIND
from analysis.audit.partners import KINDS
from docs.finding_pictures import PLANTS, planted

PAGES = ROOT / "docs/findings"


def test_each_code_has_its_page_and_each_page_its_code():
    assert {path.stem for path in PAGES.glob("*.md")} == set(CODES)
    assert {*OF_KIND.values(), *OF_COLUMN.values()} <= set(CODES) and set(KINDS) <= set(OF_KIND)
    listed = re.findall(
        r"^\| \[(\w+)\]\(findings/(\w+)\.md\) \| (\w+) \| (.+) \| .+ \|$", (ROOT / "docs/codes.md").read_text(), re.M
    )
    assert listed == [(code.code, code.code, code.level, code.title) for code in CODES.values()]


@pytest.mark.parametrize("code", CODES)
def test_a_page_tells_meaning_mending_and_accepting(code):
    text = (PAGES / f"{code}.md").read_text()
    assert text.startswith(f"# {code}: {CODES[code].title}\n\nLevel: {CODES[code].level}\n\n")
    assert (f"![Example from phantoms]({code}.png)" in text) == (code in PLANTS)
    assert re.findall("^## (.+)$", text, re.M) == ["What it means", "How to mend it", "How to accept it"]
    assert code not in PLANTS or (PAGES / f"{code}.png").stat().st_size < 30_000
    for entries in re.findall("```yaml\n(.*?)```", text, re.S):
        (entry,) = yaml.safe_load(entries)
        assert entry["code"] == code and entry["files"] and entry["reason"]


@pytest.mark.parametrize("code", PLANTS)
def test_a_planted_fault_gets_its_code(tmp_path, code):
    audit = planted(code, tmp_path / "data")
    assert code in {finding.code for finding in audit.findings}
