"""Facts of a study that model cards and checklists both tell."""

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.predictions import FACTORS
from architectures import CORRECTED, PUBLISHED
from benchmarks.protocols import variant
from benchmarks.publications import claims
from reports.findings import main_honest
from reports.results import Results
from reports.wording import listed, plural, units

NEVER_SHOWN = {"mendeley_inbreast": "films without a mass"}


def generated(results: Results) -> bool:
    """Whether the images are of nobody."""
    return results.dataset["generated"]


def size(results: Results) -> str:
    """`106 source images of 50 patients`, or what of it is known."""
    counts, noun = _counted(results)
    return f"{plural(int(counts.iloc[-1]), noun)} of {patients(results) or 'unknown patients'}"


def patients(results: Results) -> str:
    """`50 patients`; empty if they are unknown."""
    n = results.table("data").iloc[-1]["patients"]
    return "" if pd.isna(n) else units(n, "patients")


def extremes(results: Results) -> str:
    """The largest and the smallest class, by source images."""
    counts, noun = _counted(results)
    ordered = counts.iloc[:-1].sort_values(kind="stable")
    if ordered.iloc[0] == ordered.iloc[-1]:
        return f"{listed(list(ordered.index))} have {plural(int(ordered.iloc[0]), noun)} each"
    smallest, largest = (f"{label} ({n:.0f})" for label, n in ordered.iloc[[0, -1]].items())
    return f"the largest class by {noun}s is {largest}, the smallest {smallest}"


def _counted(results: Results) -> tuple[pd.Series, str]:
    """Source images of each class and, last, of all, and what they are called; files where sources are unknown."""
    table = results.table("data").set_index("label")
    if table["sources"].notna().all():
        return table["sources"], "source image"
    return table["before_files"] + table["after_files"], "file"


def main_protocol(results: Results) -> str:
    """The protocol whose numbers count: the strictest honest one, else the published."""
    return main_honest(results.protocols) or PUBLISHED


def has_severity(results: Results) -> bool:
    """Whether the classes tell benign from malignant."""
    return "severity" in factors(results)


def factors(results: Results) -> list[str]:
    """What every class stands for a value of: severity, density, both or none."""
    tasks = set(results.table("scores")["task"])
    return [factor for factor in FACTORS if factor in tasks]


def re_evaluated(results: Results) -> dict | None:
    """The published study whose claims are judged on its own data; None if there is none."""
    if not results.study.claims:
        return None
    published = claims.load(results.study.claims)
    return published if published["dataset"] == results.dataset["name"] else None


def shared(results: Results, protocol: str, kind: str) -> tuple[int, int] | None:
    """How many test images of all folds have a partner of `kind` in training, and of how many; None if unknown."""
    table = results.table("leakage")
    own = table[(table["protocol"] == protocol) & (table["part_a"] == "train") & (table["part_b"] == "test")]
    n_flagged, n = own.loc[own["kind"] == kind, ["n_flagged", "n_b"]].sum(skipna=False)
    return None if pd.isna(n_flagged) else (int(n_flagged), int(n))


def copied(results: Results, protocol: str) -> str:
    """`42 of 42 test images have a copy in training`."""
    n_flagged, n = shared(results, protocol, NEAR_DUPLICATE)
    return f"{n_flagged:,} of {plural(n, 'test image')} {'has' if n_flagged == 1 else 'have'} a copy in training"


def recipe(results: Results, form: str, names: list[str]) -> str:
    """How the architectures `names` are trained by the recipe of `form` (published, corrected)."""
    study = results.study
    if form == PUBLISHED:
        epochs, rate = study.published["epochs"], study.published["learning_rate"]
        told = f"the published recipe, {plural(epochs, 'epoch')} at a learning rate of {rate:g}, without a search"
        if new := [name for name in names if name not in study.published_architectures()]:
            told += f", of {listed(new)} at default hyperparameters without augmentation or dropout"
        return told
    search, training = study.search, study.training
    budget = "" if search["tuner"] == "hyperband" else f" of {plural(search['trials'], 'trial')}"
    what = " of what all architectures share" if search["structure"] == "default" else ""
    return (
        f"{search['tuner']} search{what}{budget} in each fold, {training['epochs']} epochs at most, stopped after "
        f"{training['patience']} without a lower validation loss"
    )


def recipes(results: Results, names: list[str]) -> list[str]:
    """How the architectures `names` are trained, `published: ...`, under every protocol; those of one form together."""
    forms = [form for form in (PUBLISHED, CORRECTED) if protocols_of(results, form)]
    return [f"{listed(protocols_of(results, form))}: {recipe(results, form, names)}" for form in forms]


def protocols_of(results: Results, form: str) -> list[str]:
    """The study's protocols that train networks of `form`."""
    return [protocol for protocol in results.protocols if variant(protocol) == form]
