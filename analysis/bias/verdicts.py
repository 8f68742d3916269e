"""Verdicts on the saliency maps and changed films of one architecture under one protocol, each with its interval."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.bias import sign_flips, thresholds
from analysis.bias.thresholds import NOT_EVALUABLE, Rule
from analysis.bootstrap import Interval, interval, resampled_means
from analysis.explanations.gradcam import GRADCAM
from analysis.explanations.heat import BLIND, BREAST_MASK
from analysis.explanations.interventions import CONTRAST, MARKER, SIDE, TURNED
from benchmarks.study.study import Study

UNWANTED = ("labels", "border", "corners", "background", "pectoral")  # regions without evidence of a mass
LESION = "lesion"
CHANGES = ("erase", "blur", "swap", "move")
NO_SALIENCY = "all saliency maps are zero"
# region -> why the region has no rows
MISSING = {"background": "all films have the same background", SIDE: "no film shows a breast"}
MISSING |= {CONTRAST: "no film has a copy with changed contrast", TURNED: "no turned film in training"}


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """The checks, each a function of one architecture's rows of a table; every row has a verdict and its interval."""

    study: Study
    probes: pd.DataFrame
    unit: str

    def units(self, table: pd.DataFrame) -> pd.Series:
        """Return the independent unit of each row of a table with columns protocol and probe."""
        own = self.probes.set_index(["protocol", "probe"])[self.unit]
        return pd.Series(own.loc[pd.MultiIndex.from_frame(table[["protocol", "probe"]])].to_numpy(str), table.index)

    def row(self, values: pd.Series, units: pd.Series, null: float, rule: Rule) -> dict:
        """Return effect, interval, null, n, p, verdict and note of the mean of `values`, the differences from `null`.

        p is one-sided, of an effect on the bad side of the rule's limit; NaN with too few units.
        """
        known = values.notna()
        values, units = values[known].astype(float), units[known]
        n = units.nunique()
        effect = values.mean() if n else np.nan
        limits = interval(self._means(values, units), n, self.unit) if n else Interval(np.nan, np.nan)
        excess = rule.excess(values).to_numpy()
        p = sign_flips.p_above(excess, units.to_numpy(), self.study.seed) if n >= rule.minimum else np.nan
        about = {"null": null, "n": n, "effect": effect, **limits.columns(), "p": p}
        return about | rule.verdict(effect, limits.low, limits.high, n)

    def _means(self, values: pd.Series, units: pd.Series) -> np.ndarray:
        return resampled_means(values, units, self.study.bootstrap, self.study.seed)

    def heat(self, table: pd.DataFrame) -> Iterator[dict]:
        """Judge the location of the saliency, from heat.csv."""
        for region in (*UNWANTED, LESION):
            own = table[table["region"] == region]
            for check, measure in (("heat", "share"), ("pointing", "hit")):
                wide = own.pivot(index="probe", columns="map", values=measure)
                if wide.empty or wide[GRADCAM].isna().all():
                    row = _nothing(NO_SALIENCY if len(wide) else _missing(region))
                else:
                    wide["area"] = own.groupby("probe")["area"].first()
                    chosen = BREAST_MASK if region == LESION else wide[["area", *BLIND]].mean().idxmax()
                    units = self.units(own.drop_duplicates("probe").set_index("probe", drop=False)).loc[wide.index]
                    rule = thresholds.BLIND if region == LESION else thresholds.HEAT
                    row = self.row(wide[GRADCAM] - wide[chosen], units, wide[chosen].mean(), rule)
                yield {"check": check, "region_or_group": region} | row

    def changes(self, table: pd.DataFrame) -> Iterator[dict]:
        """Judge the effect of changed regions on the answers, from interventions.csv."""
        for check in CHANGES:
            for region in (*UNWANTED, LESION):
                own = table[(table["edit"] == check) & (table["region"] == region)]
                if own.empty and check == "move" and region != LESION:
                    continue
                difference = own["change"] - own["control_change"]
                if difference.notna().any():
                    rule = thresholds.IGNORED if region == LESION and check != "move" else thresholds.PROBABILITY
                    null = own.loc[difference.notna(), "control_change"].mean()
                    row = self.row(difference, self.units(own), null, rule)
                else:
                    row = _nothing("no comparable place elsewhere in the film" if len(own) else _missing(region))
                yield {"check": check, "region_or_group": region} | row

    def states(self, table: pd.DataFrame) -> Iterator[dict]:
        """Judge the effect of two states of whole films on the answers, from interventions.csv."""
        turned = sorted(name for name in table["region"].unique() if name.startswith(TURNED)) or [TURNED]
        whole = table[table["edit"].isin(["turn", "mirror", "enhance", MARKER])]
        for check, regions in (("orientation", [*turned, SIDE]), ("contrast", [CONTRAST]), (MARKER, ["labels"])):
            for region in regions:
                own = whole[whole["region"] == region]
                finite = own[own.filter(regex="^d_").notna().all(axis=1)]
                if len(finite):
                    row = self._largest(finite, thresholds.ALONE if check == MARKER else thresholds.PROBABILITY)
                else:
                    row = _nothing("no prediction is finite" if len(own) else _missing(region))
                yield {"check": check, "region_or_group": region} | row

    def _largest(self, own: pd.DataFrame, rule: Rule) -> dict:
        """Judge the class whose mean probability changes most; interval and p allow for the choice of the class."""
        shifts, units = own.filter(regex="^d_"), self.units(own)
        means = shifts.mean()
        name = means.abs().idxmax()
        sign = 1 if means[name] >= 0 else -1
        values = sign * shifts[name]
        row = self.row(values, units, 0.0, rule)
        if row["n"] < thresholds.MINIMUM:
            return row
        tail = 0.05 / 2 / max(1, shifts.shape[1] - 1)  # Bonferroni; probabilities add up to 1
        low, high = np.quantile(self._means(values, units), [tail, 1 - tail])
        p = sign_flips.p_largest(shifts.to_numpy(float), units.to_numpy(), self.study.seed)
        row |= {"ci_low": low, "ci_high": high, "p": p} | rule.verdict(row["effect"], low, high, row["n"])
        if row["verdict"] == thresholds.FLAGGED:
            row["note"] = f"{'more' if sign > 0 else 'less'} {name.removeprefix('d_')} in the second state"
        return row

    def sanity(self, table: pd.DataFrame) -> Iterator[dict]:
        """Judge whether the maps depend on the model, from sanity.csv."""
        for check, limit in (thresholds.LIKENESS | thresholds.AGREEMENT).items():
            own = table[table["check"] == check]
            if own.empty:
                why = "one cell only" if check == "folds" else NO_SALIENCY
                yield {"check": check, "region_or_group": "map"} | _nothing(why)
            steps = own["step"].unique()
            # In the last step of the randomisation, all weights are random.
            for step in steps[-1:] if check == "randomisation" else steps:
                rows = own[own["step"] == step]
                units = rows["probe"].astype(str) if check == "folds" else self.units(rows)
                rule = thresholds.LIMIT if check in thresholds.LIKENESS else thresholds.LEAST
                yield {"check": check, "region_or_group": step} | self.row(rows["value"] - limit, units, limit, rule)
        for check, sign in (("deletion", 1), ("insertion", -1)):
            own = table[table["check"] == check]
            row = self.row(sign * (own["value"] - own["null"]), self.units(own), own["null"].mean(), thresholds.ORDER)
            yield {"check": check, "region_or_group": "map"} | row


def groups(table: pd.DataFrame) -> Iterator[dict]:
    """Judge differences between groups of samples, from groups.csv."""
    for row in table.itertuples():
        name = f"{row.factor} {row.group}: {row.metric}"
        about = {"check": "groups", "region_or_group": name, "effect": row.difference, "null": row.rest}
        about |= {"n": row.n_units, "ci_low": row.ci_low, "ci_high": row.ci_high}
        about["evidence"] = f"figures/bias_groups_{row.protocol}.svg"
        # A difference in either direction is judged, as if it were positive.
        low, high = (row.ci_low, row.ci_high) if row.difference >= 0 else (-row.ci_high, -row.ci_low)
        if pd.isna(row.ci_low):
            yield about | {"verdict": NOT_EVALUABLE, "note": row.note.removeprefix(f"{NOT_EVALUABLE}: ")}
        else:
            about["p"] = row.p if row.n_units >= thresholds.GROUP.minimum else np.nan
            yield about | thresholds.GROUP.verdict(abs(row.difference), low, high, int(row.n_units))


def _nothing(why: str) -> dict:
    return {"n": 0, "verdict": NOT_EVALUABLE, "note": why}


def _missing(region: str) -> str:
    return MISSING.get(TURNED if region.startswith(TURNED) else region, f"no probe has this region: {region}")
