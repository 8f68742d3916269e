"""Verdicts on bias: every check of every architecture under every protocol.

Writes results/<study>/tables/bias.csv: architecture, protocol, check, region_or_group, effect, ci_low, ci_high, null,
n, family, p, q, verdict (flagged, clear, not evaluable), evidence (file of pictures, below results/<study>), note,
verdict_before_skill, verdict_uncorrected. effect is the estimate minus the null, with a 95% bootstrap interval over the
n patients of the probes (sources or files if patients are not known). analysis/bias/thresholds.py has the rules for a
flag. p is the p-value of a randomisation test of the same effect over the same patients (analysis/bias/sign_flips.py),
and q is p corrected for the number of checks of all models in the family (analysis/bias/families.py).

A model without skill under the protocol (headline.csv, analysis/scores/skill.py) has answers and maps by chance: its
verdicts are `not evaluable`, with the note `no skill`, or `skill not evaluable`. Effects and intervals stay, p and q
are missing. verdict_before_skill is the verdict without this rule, corrected in families of all models, and
verdict_uncorrected that by the interval alone, without this rule and without correction. Checks:

    heat, pointing             saliency in a region (share, maximum); null: the region's area or the highest of the maps
                               without a model (explanations/heat.py); for the lesion the breast map
    erase, blur, swap, move    the fall of the answer's probability; null: the same change elsewhere
    orientation, contrast      the largest mean change of a class's probability between two states of all films
    marker_alone               the same for a film label on an empty film
    others                     analysis/bias/bias_checks.py, analysis/explanations/sanity.py, analysis/bias/groups.py
"""

import numpy as np
import pandas as pd

from analysis.bias.bias_checks import CHECKS
from analysis.bias.families import corrected
from analysis.bias.thresholds import NOT_EVALUABLE
from analysis.bias.verdicts import Verdicts, groups
from analysis.tidy import read_table, table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import unit_of
from benchmarks.study.study import Study

COLUMNS = [
    *(
        "architecture",
        "protocol",
        "check",
        "region_or_group",
        "effect",
        "ci_low",
        "ci_high",
        "null",
        "n",
        "family",
        "p",
    ),
    *("q", "verdict", "evidence", "note", "verdict_before_skill", "verdict_uncorrected"),
]
TABLES = ("gradcam", "heat", "interventions", "sanity", "groups")
COLLAPSED = "the same prediction for every probe"


def judge(study: Study) -> pd.DataFrame:
    """Return bias.csv. Raises BadInput if a table is missing."""
    skill = read_table(study.results(), "headline").set_index(["architecture", "protocol"])["skill"]
    probes = read_table(study.results(), "probes")
    tables = {name: read_table(study.results(), name) for name in TABLES}
    verdicts = Verdicts(study, probes, unit_of(probes))
    rows = []
    for architecture in study.architectures:
        for protocol in study.protocols:
            own = {
                name: table[(table["architecture"] == architecture) & (table["protocol"] == protocol)]
                for name, table in tables.items()
            }
            found = [("maps", row) for row in verdicts.heat(own["heat"])]
            found += [("changes", row) for row in verdicts.changes(own["interventions"])]
            found += [("changes", row) for row in verdicts.states(own["interventions"])]
            for name, one in CHECKS.items():
                found += [(one.evidence, {"check": name} | row) for row in one.function(verdicts, own)]
            found += [("maps", row) for row in verdicts.sanity(own["sanity"])]
            looked = [{"evidence": f"figures/bias_{kind}_{architecture}.svg"} | row for kind, row in found]
            answers = own["gradcam"]
            if answers["predicted"].nunique() == 1 and answers["label"].nunique() > 1:
                looked = [row | {"p": np.nan, "verdict": NOT_EVALUABLE, "note": COLLAPSED} for row in looked]
            about = {"architecture": architecture, "protocol": protocol}
            rows += [about | row for row in (*looked, *groups(own["groups"]))]
    return corrected(pd.DataFrame(rows, columns=COLUMNS), skill)


main = table_stage("Judge a study's models.", lambda study: {"bias": judge(study)}, float_format="%.4g")

if __name__ == "__main__":
    run_cli(main)
