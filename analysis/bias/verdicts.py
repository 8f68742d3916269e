"""Verdicts on the maps and changed films of one architecture under one protocol, each with its interval."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.bias import thresholds
from analysis.bias.thresholds import NOT_EVALUABLE, Rule
from analysis.bootstrap import interval, resampled_means
from analysis.explanations.gradcam import GRADCAM
from analysis.explanations.heat import BLIND, BREAST_MASK
from analysis.explanations.interventions import CONTRAST, MARKER, SIDE, TURNED
from benchmarks.study.study import Study

UNWANTED = ("labels", "border", "corners", "background", "pectoral")  # regions that hold no evidence of a mass
LESION = "lesion"
CHANGES = ("erase", "blur", "swap", "move")


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """The tables that verdicts are made from, and how intervals are drawn."""

    study: Study
    probes: pd.DataFrame
    unit: str

    def units(self, table: pd.DataFrame) -> pd.Series:
        """The independent unit of each row of a table with columns protocol and probe."""
        own = self.probes.set_index(["protocol", "probe"])[self.unit]
        return pd.Series(own.loc[pd.MultiIndex.from_frame(table[["protocol", "probe"]])].to_numpy(str), table.index)

    def row(self, values: pd.Series, units: pd.Series, null: float, rule: Rule) -> dict:
        """effect, interval, null, n, verdict and note of the mean of `values`, which are differences from `null`."""
        known = values.notna()
        values, units = values[known].astype(float), units[known]
        n = units.nunique()
        row = {"null": null, "n": n, "effect": values.mean() if n else np.nan}
        limits = interval(self._means(values, units), n, self.unit) if n else None
        row |= {"ci_low": limits.low if limits else np.nan, "ci_high": limits.high if limits else np.nan}
        row["verdict"], row["note"] = rule.verdict(row["effect"], row["ci_low"], row["ci_high"], n)
        return row

    def _means(self, values: pd.Series, units: pd.Series) -> np.ndarray:
        return resampled_means(values, units, self.study.bootstrap, self.study.seed)

    def heat(self, table: pd.DataFrame) -> Iterator[dict]:
        """Where the heat is, of one architecture under one protocol."""
        for region in (*UNWANTED, LESION):
            own = table[table["region"] == region]
            for check, measure in (("heat", "share"), ("pointing", "hit")):
                about = {"check": check, "region_or_group": region, "evidence": f"figures/bias_maps_{self.end(table)}"}
                wide = own.pivot(index="probe", columns="map", values=measure)
                if wide.empty or wide[GRADCAM].isna().all():
                    why = "no map has any heat" if len(wide) else f"no probe has this region: {region}"
                    yield about | {"n": 0, "verdict": NOT_EVALUABLE, "note": why}
                    continue
                wide["area"] = own.groupby("probe")["area"].first()
                chosen = BREAST_MASK if region == LESION else wide[["area", *BLIND]].mean().idxmax()
                units = self.units(own.drop_duplicates("probe").set_index("probe", drop=False)).loc[wide.index]
                rule = thresholds.BLIND if region == LESION else thresholds.HEAT
                yield about | self.row(wide[GRADCAM] - wide[chosen], units, wide[chosen].mean(), rule)

    def changes(self, table: pd.DataFrame) -> Iterator[dict]:
        """What the answers change with, of one architecture under one protocol."""
        for check in CHANGES:
            for region in (*UNWANTED, LESION):
                own = table[(table["edit"] == check) & (table["region"] == region)]
                if own.empty and check == "move" and region != LESION:
                    continue
                about = {"check": check, "region_or_group": region}
                about["evidence"] = f"figures/bias_changes_{self.end(table)}"
                difference = own["change"] - own["control_change"]
                if difference.notna().any():
                    rule = thresholds.IGNORED if region == LESION and check != "move" else thresholds.PROBABILITY
                    null = own.loc[difference.notna(), "control_change"].mean()
                    yield about | self.row(difference, self.units(own), null, rule)
                else:
                    why = "no place like it elsewhere" if len(own) else _missing(region)
                    yield about | {"n": 0, "verdict": NOT_EVALUABLE, "note": why}

    def states(self, table: pd.DataFrame) -> Iterator[dict]:
        """What the answers change with as a whole, of one architecture under one protocol."""
        end = {"evidence": f"figures/bias_changes_{self.end(table)}"}
        turned = sorted(name for name in table["region"].unique() if name.startswith(TURNED)) or [TURNED]
        for check, regions in (("orientation", [*turned, SIDE]), ("contrast", [CONTRAST]), (MARKER, ["labels"])):
            for region in regions:
                own = table[(table["region"] == region) & (table["edit"].isin(["turn", "mirror", "enhance", MARKER]))]
                about = end | {"check": check, "region_or_group": region}
                finite = own[own.filter(regex="^d_").notna().all(axis=1)]
                if finite.empty:
                    why = "no answer is a number" if len(own) else _missing(region)
                    yield about | {"n": 0, "verdict": NOT_EVALUABLE, "note": why}
                else:
                    rule = thresholds.ALONE if check == MARKER else thresholds.PROBABILITY
                    yield about | self._largest(finite, rule)

    def _largest(self, own: pd.DataFrame, rule: Rule) -> dict:
        """The class whose mean probability changes most; the interval allows for the choice among the classes."""
        shifts = own.filter(regex="^d_")
        units = self.units(own)
        means = shifts.mean()
        name = means.abs().idxmax()
        sign = 1 if means[name] >= 0 else -1
        row = self.row(sign * shifts[name], units, 0.0, rule)
        if row["n"] < thresholds.MINIMUM:
            return row
        tail = 0.05 / 2 / max(1, shifts.shape[1] - 1)  # Bonferroni; probabilities add up to 1
        row["ci_low"], row["ci_high"] = np.quantile(self._means(sign * shifts[name], units), [tail, 1 - tail])
        row["verdict"], row["note"] = rule.verdict(row["effect"], row["ci_low"], row["ci_high"], row["n"])
        if row["verdict"] == thresholds.FLAGGED:
            row["note"] = f"{'more' if sign > 0 else 'less'} {name.removeprefix('d_')} in the second state"
        return row

    def sanity(self, table: pd.DataFrame) -> Iterator[dict]:
        """Whether the maps are about the model, of one architecture under one protocol."""
        end = {"evidence": f"figures/bias_maps_{self.end(table)}"}
        for check, limit in (thresholds.LIKENESS | thresholds.AGREEMENT).items():
            own = table[table["check"] == check]
            if own.empty:
                note = "one cell only" if check == "folds" else "no map has any heat"
                yield end | {"check": check, "region_or_group": "map", "n": 0, "verdict": NOT_EVALUABLE, "note": note}
            # Of the cascade, the last step counts: all weights are new.
            steps = own["step"].unique()[-1:] if check == "randomisation" else own["step"].unique()
            for step in steps:
                rows = own[own["step"] == step]
                units = rows["probe"].astype(str) if check == "folds" else self.units(rows)
                rule = thresholds.LIMIT if check in thresholds.LIKENESS else thresholds.LEAST
                about = end | {"check": check, "region_or_group": step}
                yield about | self.row(rows["value"] - limit, units, limit, rule)
        for check, sign in (("deletion", 1), ("insertion", -1)):
            own = table[table["check"] == check]
            worse = sign * (own["value"] - own["null"])
            about = end | {"check": check, "region_or_group": "map"}
            yield about | self.row(worse, self.units(own), own["null"].mean(), thresholds.ORDER)

    def groups(self, table: pd.DataFrame) -> Iterator[dict]:
        """Whether groups are served unequally, of one architecture under one protocol."""
        for row in table.itertuples():
            name = f"{row.factor} {row.group}: {row.metric}"
            about = {"check": "groups", "region_or_group": name, "effect": row.difference, "null": row.rest}
            about |= {"n": row.n_units, "ci_low": row.ci_low, "ci_high": row.ci_high}
            about["evidence"] = f"figures/bias_groups_{row.protocol}.svg"
            if pd.isna(row.ci_low):
                yield about | {"verdict": NOT_EVALUABLE, "note": row.note.removeprefix(f"{NOT_EVALUABLE}: ")}
                continue
            # Either sign is unequal: the side that the estimate lies on is judged.
            sides = (row.difference, row.ci_low, row.ci_high)
            effect, low, high = sides if row.difference >= 0 else (-sides[0], -sides[2], -sides[1])
            verdict, note = thresholds.GROUP.verdict(effect, low, high, int(row.n_units))
            yield about | {"verdict": verdict, "note": note}

    def end(self, table: pd.DataFrame) -> str:
        """Return how the names of an architecture's figures end."""
        return f"{table['architecture'].iloc[0]}.svg"


def _missing(region: str) -> str:
    if region.startswith(TURNED):
        return "training showed no turned film"
    return {
        "background": "all films have the same background",
        CONTRAST: "no film has a twin with other contrast",
        SIDE: "no film shows a breast",
    }.get(region, f"no probe has this region: {region}")
