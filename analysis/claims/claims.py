"""Verdicts on a published study's figures and claims, by stated rules, from tables alone.

Writes results/<study>/tables/claims.csv: id, kind (claim, figure), statement, stated, metric, published_value,
replayed_value, replayed_low, replayed_high, replayed_on, by_patient_value, by_patient_low, by_patient_high, verdict,
reason, evidence. The claims in words come first, then every printed figure. Values are replayed under protocol
`published`; intervals are 95 % bootstraps over patients.

A figure is
    not evaluable                   on other data than the study's; or without a replay, an interval or protocol
                                    by_patient; or if only reduced networks ran and they fall short of it, or it is no
                                    more than the most frequent class of the test part scores
    not reproduced                  if networks of the published size miss it: it lies outside the replay's interval
    reproduced                      if it lies inside, and either not above the by_patient interval, or no more than
                                    the most frequent class of the test part scores
    reproduced only with leakage    if it lies inside and above the by_patient interval, and test images have copies in
                                    training
"Better than the others" is judged alike, by whether the interval of the difference of mean accuracies lies above zero.
A claim about code is contradicted if the code does otherwise, and so is one that rests on the heat map, if that map is
the same for every class and whatever the classifier's weights.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.claims.measured import BY_PATIENT, Measured, Value
from analysis.tidy import read_table
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.publications import claims
from benchmarks.study.study import Study, load_study

REPRODUCED = "reproduced"
ONLY_WITH_LEAKAGE = "reproduced only with leakage"
NOT_REPRODUCED = "not reproduced"
CONTRADICTED = "contradicted by the study's own code"
NOT_EVALUABLE = "not evaluable"
VERDICTS = (REPRODUCED, ONLY_WITH_LEAKAGE, NOT_REPRODUCED, CONTRADICTED, NOT_EVALUABLE)
COLUMNS = [
    *(
        "id",
        "kind",
        "statement",
        "stated",
        "metric",
        "published_value",
        "replayed_value",
        "replayed_low",
        "replayed_high",
    ),
    *("replayed_on", "by_patient_value", "by_patient_low", "by_patient_high", "verdict", "reason", "evidence"),
]
CLAIM, FIGURE = "claim", "figure"  # in words, or a printed number
ROUNDING = 0.005  # half of the last digit that was printed


def judge_figure(
    published: float, replay: Value | None, honest: Value | None, *, majority: float, leaking: bool
) -> tuple[str, str]:
    """Verdict on a printed figure, and why; `majority` is what the most frequent class of the test part scores."""
    missing = _missing(replay, honest)
    if missing:
        return missing
    if not replay.low - ROUNDING <= published <= replay.high + ROUNDING:
        if replay.full:
            return NOT_REPRODUCED, "networks of the published size give another value"
        return NOT_EVALUABLE, "reduced networks give another value, which says nothing of the published ones"
    if published <= majority + ROUNDING:
        if not replay.full:
            return NOT_EVALUABLE, "that a reduced network learns little says nothing of the published one"
        return REPRODUCED, "but it is no more than always answering the most frequent class of training scores there"
    if published <= honest.high + ROUNDING:
        return REPRODUCED, "and it holds when no patient is shared"
    if not leaking:
        return REPRODUCED, "by_patient is lower, but the audit finds no test image in training"
    return ONLY_WITH_LEAKAGE, "test images have copies in training; without, the value is lower"


def judge_lead(replay: Value | None, honest: Value | None, *, leaking: bool) -> tuple[str, str]:
    """Verdict on "better than the others" from the differences of mean accuracies, and why."""
    missing = _missing(replay, honest)
    if missing:
        return missing
    if not replay.low > 0:
        if replay.full:
            return NOT_REPRODUCED, "the interval of the difference does not lie above zero"
        return NOT_EVALUABLE, "reduced networks show no difference, which says nothing of the published ones"
    if honest.low > 0:
        return REPRODUCED, "and it holds when no patient is shared"
    if not leaking:
        return REPRODUCED, "by_patient shows no difference, but the audit finds no test image in training"
    return ONLY_WITH_LEAKAGE, "test images have copies in training; without, the interval of the lead holds zero"


def judge_heat_map(table: pd.DataFrame) -> tuple[str, str]:
    """Verdict on what rests on the heat map, from tables/heatmaps.csv, and why."""
    own = table[table["method"] == PUBLISHED]
    if own.empty:
        return NOT_EVALUABLE, "no model was trained as published"
    unchanged, n = int(own["unchanged"].sum()), int(own["n_probes"].sum())
    if unchanged == n:
        return CONTRADICTED, (
            "its heat map is the same for every class and with shuffled classifier weights, so it can't speak for a "
            "prediction; Grad-CAM changes"
        )
    return (
        NOT_EVALUABLE,
        f"the heat map changes in {n - unchanged} of {n} comparisons, so reliability is a matter of reading",
    )


def judge_code(claimed: str, fact: dict) -> tuple[str, str]:
    """Verdict on a claim about the code, and why."""
    if fact["found"] == claimed:
        return REPRODUCED, fact["stated"]
    return CONTRADICTED, f"claimed: {claimed}; found: {fact['found']} ({fact['stated']})"


def _missing(replay: Value | None, honest: Value | None) -> tuple[str, str] | None:
    if replay is None:
        return NOT_EVALUABLE, "not replayed in this study"
    if honest is None:
        return NOT_EVALUABLE, "nothing to compare with: the study has no value under by_patient"
    return None


class Judge:
    """Judges one file of claims by one study."""

    def __init__(self, study: Study):
        self.study, self.published = study, claims.load(study.claims)
        self.measured = Measured(study, self.published)
        leakage = read_table(study.results(), "leakage")
        leakage = leakage[(leakage["protocol"] == PUBLISHED) & (leakage["part_b"] == "test")]
        self.leaking = bool((leakage.loc[leakage["kind"] == NEAR_DUPLICATE, "n_flagged"] > 0).any())
        self.heatmaps = read_table(study.results(), "heatmaps")

    def rows(self) -> Iterator[dict]:
        """The rows of claims.csv."""
        for claim in self.published["claims"]:
            about = {key: claim[key] for key in ("id", "statement", "stated")} | {"kind": CLAIM}
            yield about | getattr(self, f"_{claim['rule']}")(claim)
        for architecture, figures in self.published["figures"].items():
            for metric in claims.metrics(figures):
                words = metric.replace("_", " ").replace(" f1", " F1")
                about = {
                    "id": f"{architecture}-{metric.replace('_', '-')}",
                    "stated": figures["stated"],
                    "kind": FIGURE,
                }
                about["statement"] = f"{architecture}: {words}"
                yield about | self._figure({"architecture": architecture, "metric": metric})

    def _figure(self, claim: dict) -> dict:
        architecture, metric = claim["architecture"], claim["metric"]
        published = self.published["figures"][architecture][metric]
        replay, honest = (side(architecture, metric) for side in (self.measured.replay, self.measured.honest))
        majority = self.measured.majority(architecture) if replay else np.nan
        verdict = judge_figure(published, replay, honest, majority=majority, leaking=self.leaking)
        return self._row(metric, published, replay, honest, verdict)

    def _better_than_others(self, claim: dict) -> dict:
        named, figures = claim["architectures"], self.published["figures"]
        accuracy = {name: figure["test_accuracy"] for name, figure in figures.items()}
        others = [value for name, value in accuracy.items() if name not in named]
        published = np.mean([accuracy[name] for name in named]) - np.mean(others)
        replay, honest = (self.measured.lead(named, protocol) for protocol in (PUBLISHED, BY_PATIENT))
        verdict = judge_lead(replay, honest, leaking=self.leaking)
        return self._row("lead in mean test accuracy", round(published, 4), replay, honest, verdict)

    def _heat_map(self, claim: dict) -> dict:
        verdict, reason = judge_heat_map(self.heatmaps)
        return {"metric": "heat map", "verdict": verdict, "reason": reason, "evidence": "tables/heatmaps.csv"}

    def _code(self, claim: dict) -> dict:
        verdict, reason = judge_code(claim["claimed"], self.published["code"][claim["fact"]])
        return {
            "metric": "code",
            "verdict": verdict,
            "reason": reason,
            "evidence": f"benchmarks/{self.study.claims.name}",
        }

    def _row(
        self, metric: str, published: float, replay: Value | None, honest: Value | None, judged: tuple[str, str]
    ) -> dict:
        verdict, reason = judged
        if not self.measured.same_data:
            verdict, reason = NOT_EVALUABLE, "measured on other images than the published ones"
        row = {"metric": metric, "published_value": published, "verdict": verdict, "reason": reason}
        for name, value in (("replayed", replay), ("by_patient", honest)):
            if value:
                row |= {f"{name}_value": value.value, f"{name}_low": value.low, f"{name}_high": value.high}
        evidence = [value.evidence for value in (replay, honest) if value]
        row["replayed_on"] = replay.on if replay else ""
        return row | {"evidence": "; ".join(dict.fromkeys([*evidence, "tables/leakage.csv"]))}


def main() -> None:
    """Judge a study's claims."""
    parser = argparse.ArgumentParser(description="Judge a published study's figures and claims.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    rows = list(Judge(study).rows()) if study.claims else []
    pd.DataFrame(rows, columns=COLUMNS).to_csv(study.results() / "tables" / "claims.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
