"""Names and sentences for the verdicts of the bias checks, from tables/bias.csv."""

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
from reports.wording import interval, listed, number, per_cent, plural, units

# Checks without regions
ONE_REGION = (
    *(MOVE, "contrast", "marker_alone", "empty_film", "randomisation", "class_sensitivity", "folds"),
    *("deletion", "insertion"),
)
NAMES = {PLUS_PLUS: "Grad-CAM++", SCORE_CAM: "Score-CAM"}

# family of a flag -> its meaning for one architecture and for several
KINDS = {
    LEANS: ("leans on what holds no evidence of a mass", "lean on what holds no evidence of a mass"),
    IGNORES: ("answers alike with the lesion changed", "answer alike with the lesion changed"),
    MISPLACED: ("has its heat in the wrong place", "have their heat in the wrong place"),
    UNRELATED: ("has maps that tell little about the model", "have maps that tell little about the model"),
    UNEQUAL: ("serves groups unequally", "serve groups unequally"),
}
MISSES = (
    "puts no more heat on the lesion than a map of the whole breast would",
    "put no more heat on the lesion than a map of the whole breast would",
)
ORDER = (FLAGGED, CLEAR, NOT_EVALUABLE)


def short_region(check: str, region: str) -> str:
    """Return a region or group as the matrix of verdicts prints it; empty for a check without regions."""
    if check in ONE_REGION:
        return ""
    if check == GROUPS:
        return region.split(" ")[0]
    if region == LESION:
        return "lesion missed" if check in SALIENCY else "lesion ignored"
    return NAMES.get(region, region)


def flags_sentence(bias: pd.DataFrame, protocol: str) -> str:
    """Return how many architectures are flagged under `protocol`, and why; empty if no check was made."""
    table = where(bias, protocol=protocol)
    judged = table.loc[table["verdict"] != NOT_EVALUABLE, "architecture"].unique()
    if table.empty:
        return ""
    if not len(judged):
        return f"Under {protocol}, no bias check of any architecture is evaluable. {_left(table)}".strip()
    flagged = where(table, verdict=FLAGGED)
    n, names = flagged["architecture"].nunique(), plural(len(judged), "architecture")
    if not n:
        return f"Under {protocol}, no bias check flags any of {names}. {_left(table)}".strip()
    parts = []
    for name, words in KINDS.items():
        if len(own := where(flagged, family=name)):
            count = own["architecture"].nunique()
            parts.append(f"{count} {words[count > 1]}{_places(own) if name == LEANS else ''}")
    return f"Under {protocol}, bias checks flag {n} of {names}: {listed(parts)}. {_left(table)}".strip()


def _places(flagged: pd.DataFrame) -> str:
    pairs = flagged[["check", "region_or_group"]].itertuples(index=False)
    return f" ({', '.join(sorted({_place(check, region) for check, region in pairs}))})"


def _place(check: str, region: str) -> str:
    if check == MOVE:
        return "place of the lesion"
    return CHECKS[check] if check in ONE_REGION else region


def _left(table: pd.DataFrame) -> str:
    return " ".join(filter(None, [without_skill(table), _collapsed(table)]))


def unskilled(rows: pd.DataFrame) -> str:
    """Return `no skill` or `skill not evaluable` if rows of one model have no verdict for this reason, else empty."""
    notes = set(rows["note"])
    return notes.pop() if len(notes) == 1 and notes <= {NO_SKILL, SKILL_UNKNOWN} else ""


def without_skill(bias: pd.DataFrame) -> str:
    """Return which architectures in rows of tables/bias.csv are not judged for want of skill; empty if all are."""
    parts = []
    for note in (NO_SKILL, SKILL_UNKNOWN):
        if names := sorted(bias.loc[bias["note"] == note, "architecture"].unique()):
            parts.append(f"{note} ({listed(names)})")
    return f"Not evaluable: {listed(parts)}." if parts else ""


def _collapsed(table: pd.DataFrame) -> str:
    names = sorted(table.loc[table["note"] == COLLAPSED, "architecture"].unique())
    if not names:
        return ""
    who = f"{listed(names)} {'gives' if len(names) == 1 else 'give'} every probe the same answer"
    return f"{who}, which leaves groups alone to be judged."


def counts_sentence(bias: pd.DataFrame, protocols: list[str]) -> str:
    """Return how many verdicts are flags, by protocol."""
    parts = []
    for protocol in protocols:
        own = bias[(bias["protocol"] == protocol) & (bias["verdict"] != NOT_EVALUABLE)]
        flags = int((own["verdict"] == FLAGGED).sum())
        share = f" ({per_cent(flags / len(own))})" if len(own) else ""
        parts.append(f"{flags} of {len(own)}{share} under {protocol}")
    left = int((bias["verdict"] == NOT_EVALUABLE).sum())
    told = f"Of the verdicts that could be given, flagged are {listed(parts)}; {left} are not evaluable."
    if not bias["note"].isin([NO_SKILL, SKILL_UNKNOWN]).any():
        return told
    before, after = (bias[column].value_counts() for column in ("verdict_before_skill", "verdict"))
    words = [f"{after.get(word, 0)} {word} (without this rule {before.get(word, 0)})" for word in ORDER]
    return f"{told} Models without skill are not judged: {listed(words)}."


def correction_sentence(bias: pd.DataFrame) -> str:
    """Return how many flags the correction for the number of checks left; empty if no check was made."""
    tested = bias[bias["q"].notna()]
    if tested.empty:
        return ""
    before, after = ((tested[column] == FLAGGED).sum() for column in ("verdict_uncorrected", "verdict"))
    return (
        "After Benjamini-Hochberg correction [@benjamini1995] at a false discovery rate of "
        f"{per_cent(FALSE_DISCOVERIES)} within each family of checks, {after} of {plural(before, 'flag')} remained."
    )


def strongest(bias: pd.DataFrame, protocol: str, unit: str) -> str:
    """Return the largest flagged effects under `protocol`, one for each kind with comparable units."""
    table = where(bias, protocol=protocol, verdict=FLAGGED)
    kinds = {LEANS: "of probability", MISPLACED: "of the heat or of the hottest pixels", UNEQUAL: "between groups"}
    parts = []
    for name, unit_words in kinds.items():
        if len(own := where(table, family=name)):
            row = own.loc[own["effect"].abs().idxmax()]
            check = "" if row["check"] in (GROUPS, *ONE_REGION) else f"{CHECKS[row['check']]}, "
            about = f"{row['architecture']}, {check}{row['region_or_group']}"
            limits = f"95 % CI {interval(row['ci_low'], row['ci_high'])}, {units(row['n'], unit)}"
            parts.append(f"{unit_words}, {number(row['effect'])} ({about}; {limits})")
    return f"Largest flagged differences under {protocol}: {'; '.join(parts)}." if parts else ""


def claim_sentence(bias: pd.DataFrame) -> str:
    """Return whether verdicts under `published` support the claim that Grad-CAM confirmed the predictions."""
    table = bias[(bias["protocol"] == PUBLISHED) & (bias["check"] != GROUPS)]
    opening = "The published study says that Grad-CAM confirmed the reliability of the predictions."
    known = table[table["verdict"] != NOT_EVALUABLE]
    if known.empty:
        nothing = "Under its own protocol no check of maps or answers is evaluable."
        return " ".join(filter(None, [opening, nothing, without_skill(table)]))
    flagged = where(known, verdict=FLAGGED)
    n, judged = flagged["architecture"].nunique(), known["architecture"].nunique()
    if not n:
        return (
            f"{opening} Under its own protocol no check of maps or answers flags any of "
            f"{plural(judged, 'architecture')}; that contradicts nothing, and shows no reliability either."
        )
    missed = flagged[flagged["check"].isin(SALIENCY) & (flagged["region_or_group"] == LESION)]
    details = [(missed["architecture"].nunique(), MISSES)]
    details += [(where(flagged, family=k)["architecture"].nunique(), KINDS[k]) for k in (IGNORES, LEANS, UNRELATED)]
    told = [f"{count} of them {words[count > 1]}" for count, words in details if count]
    return (
        f"{opening} Under its own protocol, checks of maps or answers flag {n} of {plural(judged, 'architecture')} "
        f"that they can judge{': ' + listed(told) if told else ''}. The maps of what is flagged do not confirm that "
        "its predictions are reliable."
    )
