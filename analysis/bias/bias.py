"""Verdicts on bias: every check of every architecture under every protocol.

Writes results/<study>/tables/bias.csv: architecture, protocol, check, region_or_group, effect, ci_low, ci_high, null,
n, verdict (flagged, clear, not evaluable), evidence (the pictures, below results/<study>), note. The effect is the
estimate less the null, with a 95 % bootstrap interval over the n patients (sources, files where patients are not known)
of the probes; analysis/bias/thresholds.py says what it takes to be flagged. Checks:

    heat, pointing                     the heat (share, hottest pixel) in a region; null: its area or the highest of the
                                       maps that know no model (explanations/heat.py), for the lesion the breast's own
    erase, blur, swap, move            the drop in the probability answered; null: the same change elsewhere
    orientation, contrast              the largest mean change of a class' probability between two states of all films
    marker_alone                       the same for a film label on an empty film
    empty_film ...                     analysis/bias/bias_checks.py: the confidence about an empty film, and others
    randomisation ... folds            analysis/explanations/sanity.py
    groups                             analysis/bias/groups.py
"""

import argparse
from collections.abc import Iterator

import pandas as pd

from analysis.bias import bias_checks
from analysis.bias.thresholds import NOT_EVALUABLE
from analysis.bias.verdicts import Verdicts
from analysis.predictions import unit_of
from analysis.tidy import read_table
from benchmarks.errors import run_cli
from benchmarks.study.study import Study, load_study

COLUMNS = [
    *("architecture", "protocol", "check", "region_or_group", "effect", "ci_low", "ci_high", "null", "n", "verdict"),
    *("evidence", "note"),
]
COLLAPSED = "it gives every probe the same answer"


def judge(study: Study) -> pd.DataFrame:
    """The rows of bias.csv. Raises BadInput if a table is missing."""
    results = study.results()
    names = ("probes", "gradcam", "heat", "interventions", "sanity", "groups")
    tables = {name: read_table(results, name) for name in names}
    verdicts = Verdicts(study, tables["probes"], unit_of(tables["probes"]))
    rows = []
    for architecture in study.architectures:
        for protocol in study.protocols:
            own = {
                name: table[(table["architecture"] == architecture) & (table["protocol"] == protocol)]
                for name, table in tables.items()
                if name != "probes"
            }
            looked = [
                *verdicts.heat(own["heat"]),
                *verdicts.changes(own["interventions"]),
                *verdicts.states(own["interventions"]),
                *_declared(verdicts, own),
                *verdicts.sanity(own["sanity"]),
            ]
            answers = own["gradcam"]
            if answers["predicted"].nunique() == 1 and answers["label"].nunique() > 1:
                looked = [row | {"verdict": NOT_EVALUABLE, "note": COLLAPSED} for row in looked]
            about = {"architecture": architecture, "protocol": protocol}
            rows += [about | row for row in [*looked, *verdicts.groups(own["groups"])]]
    return pd.DataFrame(rows, columns=COLUMNS)


def _declared(verdicts: Verdicts, own: dict[str, pd.DataFrame]) -> Iterator[dict]:
    """Rows of the checks that are one function each, for one architecture under one protocol."""
    for name, one in bias_checks.CHECKS.items():
        about = {"check": name, "evidence": f"figures/bias_{one.evidence}_{verdicts.end(own['gradcam'])}"}
        yield from (about | row for row in one.function(verdicts, own))


def main() -> None:
    """Judge a study's models."""
    parser = argparse.ArgumentParser(description="Give a verdict on every bias check of a study's models.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    judge(study).to_csv(study.results() / "tables" / "bias.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    run_cli(main)
