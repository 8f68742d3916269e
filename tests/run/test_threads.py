"""On some processors the last bits of a network's answers depend on the number of threads: each stage has one."""

import re

import pytest
from conftest import ROOT

RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
FILES = [*ROOT.glob("analysis/*/rules.smk"), *ROOT.glob("benchmarks/*/rules.smk")]
RULES = {name: text for file in FILES for name, text in RULE.findall(file.read_text())}
# Drawings, which Matplotlib draws one by one.
ASKED = {name for name, text in RULES.items() if "--threads {threads}" in text} - {"figures"}


def test_all_stages_that_compute_with_networks_are_among_them():
    assert {"features", "maps", "cell", "baselines", "replay", "explain", "heatmaps"} <= ASKED


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_stage_has_one_thread_on_any_number_of_cores(name):
    assert re.findall(r"^    threads: (.*)$", RULES[name], re.MULTILINE) == ["1"]
