"""Names of the verdicts of the bias checks, and the facts of the sentences on them, from tables/bias.csv."""

import pandas as pd

from analysis.bias.bias import COLLAPSED
from analysis.bias.bias_checks import GROUPS, IGNORES, LEANS, MISPLACED, UNEQUAL, UNRELATED
from analysis.bias.bias_checks import TITLES as CHECKS
from analysis.bias.families import MOVE, NO_SKILL, SALIENCY, SKILL_UNKNOWN
from analysis.bias.thresholds import CLEAR, FALSE_DISCOVERIES, FLAGGED, NOT_EVALUABLE
from analysis.bias.verdicts import LESION
from analysis.explanations.gradcam import PLUS_PLUS, SCORE_CAM
from benchmarks.protocols import PUBLISHED
from reports.results import where
from reports.words import Words

WORDS = Words("verdicts")

# Checks without regions
ONE_REGION = (
    *(MOVE, "contrast", "marker_alone", "empty_film", "randomisation", "class_sensitivity", "folds"),
    *("deletion", "insertion"),
)
NAMES = {PLUS_PLUS: "Grad-CAM++", SCORE_CAM: "Score-CAM"}

# family of a flag -> its meaning for an architecture
KINDS = {name: WORDS.text("flag", family=name) for name in (LEANS, IGNORES, MISPLACED, UNRELATED, UNEQUAL)}
MISSED = "lesion missed"
ORDER = (FLAGGED, CLEAR, NOT_EVALUABLE)


def short_region(check: str, region: str) -> str:
    """Return a region or group as the matrix of verdicts prints it; empty for a check without regions."""
    if check in ONE_REGION:
        return ""
    if check == GROUPS:
        return region.split(" ")[0]
    if region == LESION:
        return MISSED if check in SALIENCY else "lesion ignored"
    return NAMES.get(region, region)


def flags_sentence(bias: pd.DataFrame, protocol: str) -> str:
    """Return how many architectures are flagged under `protocol`, and why; empty if no check was made."""
    table = where(bias, protocol=protocol)
    judged = table.loc[table["verdict"] != NOT_EVALUABLE, "architecture"].unique()
    if table.empty:
        return ""
    flagged = where(table, verdict=FLAGGED)
    flags = [
        (own["architecture"].nunique(), name, _places(own) if name == LEANS else [])
        for name in KINDS
        if len(own := where(flagged, family=name))
    ]
    n = flagged["architecture"].nunique()
    told = WORDS.text("flags", protocol=protocol, judged=len(judged), flagged=n, flags=flags)
    collapsed = sorted(where(table, note=COLLAPSED)["architecture"].unique())
    return " ".join(filter(None, [told, without_skill(table), WORDS.text("collapsed", names=collapsed)]))


def _places(flagged: pd.DataFrame) -> list[str]:
    """Return the regions of rows of tables/bias.csv, or the names of the checks that have none."""
    pairs = flagged[["check", "region_or_group"]].itertuples(index=False)
    return sorted({CHECKS[check] if check in ONE_REGION else region for check, region in pairs})


def unskilled(rows: pd.DataFrame) -> str:
    """Return `no skill` or `skill not evaluable` if rows of one model have no verdict for this reason, else empty."""
    notes = set(rows["note"])
    return notes.pop() if len(notes) == 1 and notes <= {NO_SKILL, SKILL_UNKNOWN} else ""


def without_skill(bias: pd.DataFrame) -> str:
    """Return which architectures in rows of tables/bias.csv are not judged for want of skill; empty if all are."""
    missing = {note: where(bias, note=note)["architecture"] for note in (NO_SKILL, SKILL_UNKNOWN)}
    reasons = [(note, sorted(names.unique())) for note, names in missing.items() if len(names)]
    return WORDS.text("without_skill", reasons=reasons)


def counts_sentence(bias: pd.DataFrame, protocols: list[str]) -> str:
    """Return how many verdicts are flags, by protocol."""
    known = bias[bias["verdict"] != NOT_EVALUABLE]
    by_protocol = [where(known, protocol=protocol)["verdict"] for protocol in protocols]
    withheld = bias["note"].isin([NO_SKILL, SKILL_UNKNOWN]).any()
    after, before = (bias[column].value_counts() for column in ("verdict", "verdict_before_skill"))
    return WORDS.text(
        "counts",
        counts=[(name, (own == FLAGGED).sum(), len(own)) for name, own in zip(protocols, by_protocol, strict=True)],
        left=len(bias) - len(known),
        rule=[(word, after.get(word, 0), before.get(word, 0)) for word in ORDER] if withheld else [],
    )


def correction_sentence(bias: pd.DataFrame) -> str:
    """Return how many flags the correction for the number of checks left; empty if no check was made."""
    tested = bias[bias["q"].notna()]
    if tested.empty:
        return ""
    before, after = ((tested[column] == FLAGGED).sum() for column in ("verdict_uncorrected", "verdict"))
    return WORDS.text("correction", rate=FALSE_DISCOVERIES, before=before, after=after)


def strongest(bias: pd.DataFrame, protocol: str, unit: str) -> str:
    """Return the largest flagged effects under `protocol`, one for each kind with comparable units."""
    table = where(bias, protocol=protocol, verdict=FLAGGED)
    largest = []
    for name in (LEANS, MISPLACED, UNEQUAL):
        if len(own := where(table, family=name)):
            row = own.loc[own["effect"].abs().idxmax()]
            check = [] if row["check"] in (GROUPS, *ONE_REGION) else [CHECKS[row["check"]]]
            largest.append((name, row, ", ".join([*check, row["region_or_group"]])))
    return WORDS.text("strongest", protocol=protocol, largest=largest, unit=unit) if largest else ""


def claim_sentence(bias: pd.DataFrame) -> str:
    """Return whether verdicts under `published` support the claim that Grad-CAM confirmed the predictions."""
    table = bias[(bias["protocol"] == PUBLISHED) & (bias["check"] != GROUPS)]
    known = table[table["verdict"] != NOT_EVALUABLE]
    flagged = where(known, verdict=FLAGGED)
    missed = flagged[flagged["check"].isin(SALIENCY) & (flagged["region_or_group"] == LESION)]
    flags = {MISSED: missed} | {name: where(flagged, family=name) for name in (IGNORES, LEANS, UNRELATED)}
    return WORDS.text(
        "claim",
        judged=known["architecture"].nunique(),
        flagged=flagged["architecture"].nunique(),
        flags=[(own["architecture"].nunique(), name) for name, own in flags.items() if len(own)],
        left=without_skill(table),
    )
