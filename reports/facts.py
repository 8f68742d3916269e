"""Facts of a study for both model cards and checklists."""

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.names import named
from architectures import CORRECTED, PUBLISHED
from benchmarks.protocols import variant
from benchmarks.publications import publication, views
from reports.results import Results, where
from reports.wording import listed, units
from reports.words import Words

WORDS = Words("facts")
NEVER_SHOWN = dict.fromkeys(("mendeley_inbreast", "cbis_ddsm"), "films without a mass")


def generated() -> str:
    """Return what the numbers of a study of phantoms say."""
    return WORDS.text("generated")


def size(results: Results) -> str:
    """Return `106 source images of 50 patients`; files where sources are unknown."""
    counts, noun = _counted(results)
    return WORDS.text("size", n=int(counts.iloc[-1]), noun=noun, patients=patients(results))


def patients(results: Results) -> str:
    """Return `50 patients`; empty if patients are unknown."""
    n = results.table("data").iloc[-1]["patients"]
    return "" if pd.isna(n) else units(n, "patients")


def extremes(results: Results) -> str:
    """Return the largest and the smallest class in words."""
    counts, noun = _counted(results)
    ordered = counts.iloc[:-1].sort_values(kind="stable")
    smallest, largest = ((label, int(n)) for label, n in ordered.iloc[[0, -1]].items())
    return WORDS.text("extremes", labels=list(ordered.index), noun=noun, smallest=smallest, largest=largest)


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
    """Return `42 of 42 test images have a copy in the training part`."""
    n_flagged, n = n_copied(results, protocol)
    return WORDS.text("copied", n_flagged=n_flagged, n=n)


def recipe(results: Results, form: str, names: list[str]) -> str:
    """Return the recipe of `form` (published, corrected) for the architectures `names`, in words."""
    study = results.study
    if form == PUBLISHED:
        new = [name for name in names if name not in study.published_architectures()]
        settings = {key: study.published[key] for key in ("epochs", "learning_rate")}
        return WORDS.text("published_recipe", new=new, **settings)
    cycles = [(name, one_cycle(own)) for name in names if (own := study.recipe_of(name))]
    if len(cycles) == len(names):
        same = len({cycle for _, cycle in cycles}) == 1
        return cycles[0][1] if same else listed(f"{cycle} ({named(name)})" for name, cycle in cycles)
    search, training = study.search, study.training
    return WORDS.text(
        "search",
        tuner=search["tuner"],
        trials=0 if search["tuner"] == "hyperband" else search["trials"],
        shared=search["structure"] == "default",
        epochs=training["epochs"],
        patience=training["patience"],
        cycles=cycles,
    )


def one_cycle(recipe: dict) -> str:
    """Return how a recipe trains, in words."""
    rate = recipe["learning_rate"]
    return WORDS.text(
        "one_cycle",
        rates=rate if isinstance(rate, list) else [rate],
        chosen=[key for key, value in recipe.items() if isinstance(value, list)],
        trained=recipe["validation"] == "trained",
        **{key: recipe[key] for key in ("epochs", "augmentation", "average", "cached_views")},
    )


def recipes(results: Results, names: list[str]) -> list[str]:
    """Return `published: ...` for each form: its protocols, and the recipe of the architectures `names`."""
    told = []
    for form in (PUBLISHED, CORRECTED):
        if protocols := [protocol for protocol in results.protocols if variant(protocol) == form]:
            told.append(WORDS.text("recipe_under", protocols=protocols, recipe=recipe(results, form, names)))
    return told
