"""Facts of a study for both model cards and checklists."""

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from architectures import CORRECTED, PUBLISHED
from benchmarks.protocols import variant
from benchmarks.publications import publication, views
from reports.results import Results, where
from reports.wording import listed, plural, units

NEVER_SHOWN = dict.fromkeys(("mendeley_inbreast", "cbis_ddsm"), "films without a mass")


def size(results: Results) -> str:
    """Return `106 source images of 50 patients`; files where sources are unknown."""
    counts, noun = _counted(results)
    return f"{plural(int(counts.iloc[-1]), noun)} of {patients(results) or 'unknown patients'}"


def patients(results: Results) -> str:
    """Return `50 patients`; empty if patients are unknown."""
    n = results.table("data").iloc[-1]["patients"]
    return "" if pd.isna(n) else units(n, "patients")


def extremes(results: Results) -> str:
    """Return the largest and the smallest class in words."""
    counts, noun = _counted(results)
    ordered = counts.iloc[:-1].sort_values(kind="stable")
    if ordered.iloc[0] == ordered.iloc[-1]:
        return f"{listed(ordered.index)} have {plural(int(ordered.iloc[0]), noun)} each"
    smallest, largest = (f"{label} ({n:.0f})" for label, n in ordered.iloc[[0, -1]].items())
    return f"the largest class by {noun}s is {largest}, the smallest {smallest}"


def _counted(results: Results) -> tuple[pd.Series, str]:
    """Return the source images of each class and, last, of all, with their noun; files where sources are unknown."""
    table = results.table("data").set_index("label")
    if table["sources"].notna().all():
        return table["sources"], "source image"
    return table["before_files"] + table["after_files"], "file"


def re_evaluated(results: Results) -> dict | None:
    """Return the published study whose claims are judged on its own data; None without such a study."""
    if not results.study.claims:
        return None
    published = publication.load(results.study.claims)
    return published if results.dataset["name"] in views.datasets(published) else None


def shared(results: Results, protocol: str, kind: str) -> tuple[int, int] | None:
    """Return how many of how many test images have a partner of `kind` in training; None if unknown."""
    own = where(results.table("leakage"), protocol=protocol, part_a="train", part_b="test", kind=kind)
    n_flagged, n = own[["n_flagged", "n_b"]].sum(skipna=False)
    return None if pd.isna(n_flagged) else (int(n_flagged), int(n))


def n_copied(results: Results, protocol: str) -> tuple[int, int]:
    """Return how many of how many test images have a copy in training: always known, as the audit compares pixels."""
    return shared(results, protocol, NEAR_DUPLICATE) or (0, 0)


def copied(results: Results, protocol: str) -> str:
    """Return `42 of 42 test images have a copy in training`."""
    n_flagged, n = n_copied(results, protocol)
    return f"{n_flagged:,} of {plural(n, 'test image')} {'has' if n_flagged == 1 else 'have'} a copy in training"


def recipe(results: Results, form: str, names: list[str]) -> str:
    """Return the recipe of `form` (published, corrected) for the architectures `names`, in words."""
    study = results.study
    if form == PUBLISHED:
        epochs, rate = study.published["epochs"], study.published["learning_rate"]
        words = f"the published recipe, {plural(epochs, 'epoch')} at a learning rate of {rate:g}, without a search"
        if new := [name for name in names if name not in study.published_architectures()]:
            words += f", of {listed(new)} at default hyperparameters without augmentation or dropout"
        return words
    by_recipe = {name: own for name in names if (own := study.recipe_of(name))}
    searched_alone = len(by_recipe) < len(names)
    cycles = [f"{one_cycle(own)} ({name})" for name, own in by_recipe.items()]
    if not searched_alone:
        return cycles[0].rpartition(" (")[0] if len(cycles) == 1 else listed(cycles)
    search, training = study.search, study.training
    budget = "" if search["tuner"] == "hyperband" else f" of {plural(search['trials'], 'trial')}"
    structure = " of what all architectures share" if search["structure"] == "default" else ""
    words = (
        f"{search['tuner']} search{structure}{budget} in each fold, {training['epochs']} epochs at most, stopped after "
        f"{training['patience']} without a lower validation loss"
    )
    return "; ".join([words, *cycles])


def one_cycle(recipe: dict) -> str:
    """Return how a recipe trains, in words."""
    rate = recipe["learning_rate"]
    told = f"one cycle of {plural(recipe['epochs'], 'epoch')} by AdamW"
    told += f" with rates of {listed(f'{one:g}' for one in rate)}" if isinstance(rate, list) else f" at {rate:g}"
    if recipe["augmentation"]:
        told += ", images augmented"
    if recipe["average"]:
        told += ", the moving average of the weights kept"
    if recipe["cached_views"]:
        told += f", of what follows the cut layer alone, from maps of {recipe['cached_views']} augmented views"
    if several := [key for key, value in recipe.items() if isinstance(value, list)]:
        told += f"; {listed(several)} chosen by the validation part"
    elif recipe["validation"] == "trained":
        told += ", on training and validation part, as nothing is chosen"
    return told


def recipes(results: Results, names: list[str]) -> list[str]:
    """Return `published: ...` for each form: its protocols, and the recipe of the architectures `names`."""
    told = []
    for form in (PUBLISHED, CORRECTED):
        if protocols := [protocol for protocol in results.protocols if variant(protocol) == form]:
            told.append(f"{listed(protocols)}: {recipe(results, form, names)}")
    return told
