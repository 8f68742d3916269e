"""Verdicts on a published study's figures and claims, by stated rules.

Writes results/<study>/tables/claims.csv: id, kind (claim, figure), statement, stated, metric, published_value,
replayed_value, replayed_low, replayed_high, replayed_on, by_patient_value, by_patient_low, by_patient_high, verdict,
reason, evidence. Claims in words come first, then every printed figure. Values are replayed under protocol `published`;
intervals are 95% bootstraps over patients.

A figure is
    not evaluable                 on other data; without a replay, an interval or by_patient; or if only reduced
                                  networks ran, and miss the figure or the majority baseline reaches it
    not reproduced                outside the replay's interval for networks of the published size
    reproduced                    inside, and by_patient's interval or the majority baseline reaches it
    reproduced only with leakage  inside, above the by_patient interval, and test images have copies in training

A claim that some networks are better than the others states an order, not a size. It is judged by the lead: the lowest
accuracy of the named networks minus the highest of the others. The order is shown where the lead's interval lies above
zero; then, as for a figure, it is reproduced if that is so under by_patient, too, and else reproduced only with leakage
if test images have copies in training. The printed lead may lie outside the interval. A claim on the heat map is
contradicted if the map is the same for every class and for random classifier weights.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.claims.measured import Measured, Value
from analysis.tidy import read_table, table_stage
from benchmarks.errors import run_cli
from benchmarks.protocols import BY_PATIENT, PUBLISHED
from benchmarks.publications import publication, views
from benchmarks.study.study import Study

REPRODUCED = "reproduced"
ONLY_WITH_LEAKAGE = "reproduced only with leakage"
NOT_REPRODUCED = "not reproduced"
CONTRADICTED = "contradicted by the study's own code"
NOT_EVALUABLE = "not evaluable"
COLUMNS = ["id", "kind", "statement", "stated", "metric", "published_value", "replayed_value", "replayed_low"]
COLUMNS += ["replayed_high", "replayed_on", "by_patient_value", "by_patient_low", "by_patient_high"]
COLUMNS += ["verdict", "reason", "evidence"]
CLAIM, FIGURE = "claim", "figure"  # in words, or a printed number
ROUNDING = 0.005  # half of the last printed digit
LEAD = "lead in test accuracy: lowest of the named minus highest of the others"

Judged = tuple[str, str]  # verdict and reason
NO_REPLAY = "not replayed in this study"
NO_RULE = "stated in words, without a figure to compare"
NO_HONEST = "the study has no value under by_patient for comparison"
HOLDS = REPRODUCED, "also when no two parts share a patient"
OTHER_DATA = NOT_EVALUABLE, "measured on images other than the published ones"


def judge_figure(
    published: float, replay: Value | None, honest: Value | None, *, majority: float, leaking: bool
) -> Judged:
    """Return verdict and reason for a printed figure; `majority` is the majority baseline's test accuracy."""
    if replay is None or honest is None:
        return NOT_EVALUABLE, NO_REPLAY if replay is None else NO_HONEST
    if not replay.low - ROUNDING <= published <= replay.high + ROUNDING:
        if replay.full:
            return NOT_REPRODUCED, "networks of the published size gave a different value"
        return NOT_EVALUABLE, "reduced networks gave a different value; networks of the published size were not trained"
    if published <= majority + ROUNDING:
        if replay.full:
            return REPRODUCED, "but the value is not above the majority-class baseline on the same test images"
        return NOT_EVALUABLE, "not above the majority-class baseline; networks of the published size were not trained"
    if published <= honest.high + ROUNDING:
        return HOLDS
    if leaking:
        return ONLY_WITH_LEAKAGE, "test images have copies in training; without copies, the value was lower"
    return REPRODUCED, "the value under by_patient was lower, but no test image has a copy in training"


def judge_lead(replay: Value | None, honest: Value | None, *, leaking: bool) -> Judged:
    """Return verdict and reason for "better than the others", from the lead of the named networks over the others.

    The claim is on the order of the networks: only the sign of the lead is judged.
    """
    if replay is None or honest is None:
        return NOT_EVALUABLE, NO_REPLAY if replay is None else NO_HONEST
    if not replay.low > 0:
        if replay.full:
            return NOT_REPRODUCED, "the 95% CI of the lead does not lie above zero"
        return (
            NOT_EVALUABLE,
            "reduced networks did not show this order; networks of the published size were not trained",
        )
    if honest.low > 0:
        return HOLDS
    if leaking:
        return ONLY_WITH_LEAKAGE, "test images have copies in training; without copies, this order was not shown"
    return REPRODUCED, "this order was not shown under by_patient, but no test image has a copy in training"


def judge_heat_map(table: pd.DataFrame) -> Judged:
    """Return verdict and reason for a claim that rests on the heat map, from tables/heatmaps.csv."""
    own = table[table["method"] == PUBLISHED]
    if own.empty:
        return NOT_EVALUABLE, "no model was trained as published"
    unchanged, n = int(own["unchanged"].sum()), int(own["n_probes"].sum())
    if unchanged == n:
        why = "the saliency map was the same for every class and with permuted classifier weights, so it cannot "
        return CONTRADICTED, why + "explain a prediction; Grad-CAM maps changed"
    why = f"the saliency map changed in {n - unchanged} of {n} comparisons; no rule judges its reliability"
    return NOT_EVALUABLE, why


def judge_code(claimed: str, fact: dict) -> Judged:
    """Return verdict and reason for a claim about the code."""
    if fact["found"] == claimed:
        return REPRODUCED, fact["stated"]
    return CONTRADICTED, f"claimed: {claimed}; found: {fact['found']} ({fact['stated']})"


class Judge:
    """Verdicts of one study on one publication."""

    def __init__(self, study: Study, path: Path):
        self.published, self.path = publication.load(path), path
        self.measured = Measured(study, self.published)
        leakage = read_table(study.results(), "leakage")
        leakage = leakage[(leakage["protocol"] == PUBLISHED) & (leakage["part_b"] == "test")]
        self.leaking = bool((leakage.loc[leakage["kind"] == NEAR_DUPLICATE, "n_flagged"] > 0).any())
        self.heatmaps = read_table(study.results(), "heatmaps")

    def rows(self) -> Iterator[dict]:
        """Yield the rows of claims.csv."""
        rules = {"figure": self._figure, "better_than_others": self._lead}
        rules |= {"heat_map": self._heat_map, "code": self._code, "words": self._words}
        for claim in self.published["claims"]:
            about = {key: claim[key] for key in ("id", "statement", "stated")} | {"kind": CLAIM}
            yield about | rules[claim["rule"]](claim)
        for variant in self.published["variants"]:
            for metric, (_, stated) in views.printed(self.published, variant).items():
                words = metric.replace("_", " ").replace(" f1", " F1")
                about = {"id": f"{variant}-{metric.replace('_', '-')}", "statement": f"{variant}: {words}"}
                about |= {"stated": stated, "kind": FIGURE}
                yield about | self._figure({"variant": variant, "metric": metric})

    def _figure(self, claim: dict) -> dict:
        variant, metric = claim["variant"], claim["metric"]
        published = self.measured.variants[variant][metric]
        replay, honest = (side(variant, metric) for side in (self.measured.replay, self.measured.honest))
        majority = self.measured.majority(variant) if replay else np.nan
        judged = judge_figure(published, replay, honest, majority=majority, leaking=self.leaking)
        return self._row(metric, published, replay, honest, judged)

    def _lead(self, claim: dict) -> dict:
        named, accuracy = claim["variants"], self.measured.accuracy
        others = [value for name, value in accuracy.items() if name not in named]
        published = min(accuracy[name] for name in named) - max(others)
        replay, honest = (self.measured.lead(named, protocol) for protocol in (PUBLISHED, BY_PATIENT))
        judged = judge_lead(replay, honest, leaking=self.leaking)
        return self._row(LEAD, round(published, 4), replay, honest, judged)

    def _heat_map(self, claim: dict) -> dict:
        verdict, reason = judge_heat_map(self.heatmaps)
        return {"metric": "heat map", "verdict": verdict, "reason": reason, "evidence": "tables/heatmaps.csv"}

    def _code(self, claim: dict) -> dict:
        verdict, reason = judge_code(claim["claimed"], self.published["code"][claim["fact"]])
        return {"metric": "code", "verdict": verdict, "reason": reason, "evidence": publication.shown(self.path)}

    def _words(self, claim: dict) -> dict:
        return {
            "metric": "words",
            "verdict": NOT_EVALUABLE,
            "reason": NO_RULE,
            "evidence": publication.shown(self.path),
        }

    def _row(self, metric: str, published: float, replay: Value | None, honest: Value | None, judged: Judged) -> dict:
        verdict, reason = judged if self.measured.same_data else OTHER_DATA
        row = {"metric": metric, "published_value": published, "verdict": verdict, "reason": reason}
        for name, value in (("replayed", replay), ("by_patient", honest)):
            if value:
                row |= {f"{name}_value": value.value, f"{name}_low": value.low, f"{name}_high": value.high}
        evidence = [value.evidence for value in (replay, honest) if value]
        row["replayed_on"] = replay.on if replay else ""
        return row | {"evidence": "; ".join(dict.fromkeys([*evidence, "tables/leakage.csv"]))}


def judge(study: Study) -> dict[str, pd.DataFrame]:
    """Return claims.csv by name; empty if the study names no publication."""
    rows = Judge(study, study.claims).rows() if study.claims else []
    return {"claims": pd.DataFrame(rows, columns=COLUMNS)}


main = table_stage("Judge a published study's figures and claims.", judge)

if __name__ == "__main__":
    run_cli(main)
