"""Answers about images, patients, networks, training and code that need a decision."""

from architectures import CORRECTED, PUBLISHED
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import patients, re_evaluated, recipe, recipes, size
from reports.results import Results
from reports.words import Words

WORDS = Words("checklists/study")
NOT_ASKED = Answer(NOT_APPLICABLE, WORDS.text("nobody"))


def why_these_data(results: Results) -> Answer:
    """Choice of the population and the images."""
    generated, publication = results.dataset["generated"], _publication(results)
    text = WORDS.text("why_these_data", generated=generated, publication=publication)
    if generated or publication:
        return Answer(YES, text, "run" if generated else "data")
    return Answer(AUTHORS, text)


def sources(results: Results) -> Answer:
    """Origin of the images."""
    known = results.dataset["generated"] or results.dataset["doi"]
    return Answer(YES if known else PARTLY, WORDS.text("sources", dataset=results.dataset), "data")


def identity(results: Results) -> Answer:
    """Version of the data."""
    known = results.dataset["generated"] or results.dataset["doi"]
    text = WORDS.text("identity", dataset=results.dataset, size=size(results))
    return Answer(YES if known else PARTLY, text, "provenance")


def subsets(results: Results) -> Answer:
    """Files that each protocol uses."""
    shipped = results.study.training["images"] == "shipped"
    published = PUBLISHED in results.protocols
    return Answer(YES, WORDS.text("subsets", published=published, searched=results.searched, shipped=shipped), "folds")


def deidentified(results: Results) -> Answer:
    """Anonymisation of the patients."""
    if results.dataset["generated"]:
        return NOT_ASKED
    return Answer(AUTHORS, WORDS.text("deidentified", known_patients=patients(results)))


def why_learning(results: Results) -> Answer:
    """Reason for machine learning."""
    publication = _publication(results)
    text = WORDS.text("why_learning", publication=publication)
    return Answer(PARTLY, text, "run") if publication else Answer(AUTHORS, text)


def why_models(results: Results) -> Answer:
    """Choice of the networks."""
    published, names = re_evaluated(results), results.architectures
    theirs = [name for name in names if name in published["figures"]] if published else []
    text = WORDS.text("why_models", publication=_publication(results), theirs=len(theirs), n=len(names))
    if not published:
        return Answer(AUTHORS, text)
    return Answer(YES if len(theirs) == len(names) else PARTLY, text, "architectures")


def initialisation(results: Results) -> Answer:
    """Initial weights."""
    own = {name: results.study.weights_of(name) for name in results.architectures if results.honest}
    pretrained = [(name, weights) for name, weights in own.items() if weights]
    seeds = results.provenance["seeds"]["cells"]
    return Answer(YES, WORDS.text("initialisation", pretrained=pretrained, seeds=seeds), "training")


def training(results: Results) -> Answer:
    """Training of the networks."""
    tuned = [name for name in results.architectures if not results.study.recipe_of(name)]
    text = WORDS.text(
        "training",
        adam=tuned or PUBLISHED in results.protocols,
        recipes=recipes(results, results.architectures),
        tuned=results.searched and tuned,
        augmentation=results.study.training["augmentation"] == "searched",
    )
    return Answer(YES, text, "training")


def selection(results: Results) -> Answer:
    """Choice of the reported network."""
    by_recipe = [name for name in results.architectures if results.study.recipe_of(name)]
    text = WORDS.text(
        "selection",
        searched=results.searched,
        tuned=len(by_recipe) < len(results.architectures),
        by_recipe=by_recipe,
        published=PUBLISHED in results.protocols,
    )
    return Answer(YES, text, "search" if results.searched else "training")


def search(results: Results) -> Answer:
    """Choice of the hyperparameters."""
    names = results.architectures
    if not results.searched:
        return Answer(YES, WORDS.text("search", trials=None, recipe=recipe(results, PUBLISHED, names)), "training")
    n = int(results.table("trials")["protocol"].isin(results.searched).sum())
    return Answer(YES, WORDS.text("search", trials=n, recipe=recipe(results, CORRECTED, names)), "search")


def code(results: Results) -> Answer:
    """Version of the code."""
    state = results.provenance["code"]
    text = WORDS.text("code", commit=(state["commit"] or "")[:12], dirty=state["dirty"])
    if not state["commit"]:
        return Answer(AUTHORS, text)
    return Answer(PARTLY if state["dirty"] else YES, text, "provenance")


def _publication(results: Results) -> str:
    """Return the title of the published study whose data are used; empty without one."""
    published = re_evaluated(results)
    return published["title"] if published else ""
