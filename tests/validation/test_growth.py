"""Dry run of a study with ten thousand cells."""

import pytest
import yaml
from test_workflow import planned, snakemake

LARGE = {
    "description": "Ten thousand cells.",
    "extends": "demo",
    "protocols": ["published", "by_source", "by_patient"],
    "folds": 10,
    "repeats": 80,
    "control": {"protocols": []},
    "positive_control": {"protocols": []},
    "learning_curve": {"patients": []},
}


@pytest.mark.slow
def test_ten_thousand_cells_are_planned(tmp_path):
    (tmp_path / "large.yaml").write_text(yaml.safe_dump(LARGE))
    run = snakemake(tmp_path, "--dry-run", "--quiet", "rules", "--config", "study=large.yaml")
    assert run.returncode == 0, run.stdout[-3000:]
    assert planned(run.stdout, "cell") == 6 * (80 + 2 * 800)
