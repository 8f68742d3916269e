"""Answers about images, patients, networks, training and code that need a decision."""

from architectures import CORRECTED, PUBLISHED
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import patients, re_evaluated, recipe, recipes, size
from reports.results import Results
from reports.wording import capitalised, listed, plural

NOBODY = "The images are generated: they show nobody."
NOT_ASKED = Answer(NOT_APPLICABLE, NOBODY)


def why_these_data(results: Results) -> Answer:
    """Choice of the population and the images."""
    if results.dataset["generated"]:
        return Answer(YES, "Generated, so that the whole workflow runs without a download.", "run")
    published = re_evaluated(results)
    if published:
        text = f"They are the data of the study under re-evaluation, {published['title']}."
        return Answer(YES, text, "data")
    return Answer(AUTHORS, "The run was given these images; why, it does not know.")


def sources(results: Results) -> Answer:
    """Origin of the images."""
    about = results.dataset
    if results.dataset["generated"]:
        return Answer(YES, f"{about['title']}. {NOBODY}", "data")
    doi = f", doi:{about['doi']}" if about["doi"] else ""
    text = f"{about['title']}{doi}; licence: {about['licence'] or 'not stated'}."
    return Answer(YES if doi else PARTLY, text, "data")


def identity(results: Results) -> Answer:
    """Version of the data."""
    about = results.dataset
    doi = f"doi:{about['doi']}; " if about["doi"] else ""
    text = f"{doi}sha256 of all pixels {about['digest'][:12]}...; {size(results)}."
    return Answer(YES if doi or results.dataset["generated"] else PARTLY, text, "provenance")


def subsets(results: Results) -> Answer:
    """Files that each protocol uses."""
    shipped = results.study.training["images"] == "shipped"
    who = "augmented copies train, upright originals" if shipped else "upright originals train,"
    told = []
    if PUBLISHED in results.protocols:
        told.append("published: augmented files train and validate, a fifth of the un-augmented ones test")
    if results.searched:
        told.append(f"{listed(results.searched)}: {who} validate and test")
    return Answer(YES, f"{'; '.join(told)}.", "folds")


def deidentified(results: Results) -> Answer:
    """Anonymisation of the patients."""
    if results.dataset["generated"]:
        return NOT_ASKED
    if not patients(results):
        return Answer(AUTHORS, "The run knows no patient; what the images give away is not recorded.")
    return Answer(AUTHORS, "Patients bear the data set's own identifiers; how these were made is not recorded.")


def why_learning(results: Results) -> Answer:
    """Reason for machine learning."""
    published = re_evaluated(results)
    if not published:
        return Answer(AUTHORS, "The run does not know.")
    text = f"It tests what a study says of its networks, {published['title']}. Why learn at all, is for the authors."
    return Answer(PARTLY, text, "run")


def why_models(results: Results) -> Answer:
    """Choice of the networks."""
    published = re_evaluated(results)
    if not published:
        return Answer(AUTHORS, "The study file names the architectures; why these, the run does not know.")
    theirs = [name for name in results.architectures if name in published["figures"]]
    text = (
        f"{len(theirs)} of {plural(len(results.architectures), 'architecture')} are those of the study under "
        f"re-evaluation, {published['title']}."
    )
    return Answer(YES if len(theirs) == len(results.architectures) else PARTLY, text, "architectures")


def initialisation(results: Results) -> Answer:
    """Initial weights."""
    own = {name: results.study.weights_of(name) for name in results.architectures if results.honest}
    pretrained = [f"{name} ({weights})" for name, weights in own.items() if weights]
    seeds = f"seeded ({', '.join(map(str, results.provenance['seeds']['cells']))})"
    if not pretrained:
        return Answer(YES, f"All weights start at random, by Keras' rules and {seeds}; none is pretrained.", "training")
    text = f"Pretrained under the honest protocols: {listed(pretrained)}. All other weights start at random, {seeds}."
    return Answer(YES, text, "training")


def training(results: Results) -> Answer:
    """Training of the networks."""
    told = recipes(results, results.architectures)
    searching = [name for name in results.architectures if not results.study.recipe_of(name)]
    if results.searched and searching:
        searched = results.study.training["augmentation"] == "searched"
        told.append(
            "These mirror, turn and zoom images at a strength that is searched, too"
            if searched
            else "These augment no image"
        )
    optimizer = "Adam on cross-entropy. " if searching or PUBLISHED in results.protocols else ""
    return Answer(YES, f"{optimizer}{'. '.join(told)}.", "training")


def selection(results: Results) -> Answer:
    """Choice of the reported network."""
    told = []
    by_recipe = [name for name in results.architectures if results.study.recipe_of(name)]
    if results.searched and len(by_recipe) < len(results.architectures):
        told.append(
            f"Under {listed(results.searched)}, the trial and epoch with the lowest validation loss; test images take "
            "no part in it."
        )
    if results.searched and by_recipe:
        told.append(f"Of {listed(by_recipe)}, the last epoch of the recipe; test images take no part in it.")
    if PUBLISHED in results.protocols:
        told.append("Under published, the last epoch.")
    return Answer(
        YES, f"{' '.join(told)} All architectures are reported.", "search" if results.searched else "training"
    )


def search(results: Results) -> Answer:
    """Choice of the hyperparameters."""
    if not results.searched:
        return Answer(YES, f"No search: {recipe(results, PUBLISHED, results.architectures)}.", "training")
    trials = results.table("trials")
    n = len(trials[trials["protocol"].isin(results.searched)])
    how = recipe(results, CORRECTED, results.architectures)
    text = f"{how}: {plural(n, 'trial')} in all, every one with its values in trials.csv."
    return Answer(YES, capitalised(text), "search")


def code(results: Results) -> Answer:
    """Version of the code."""
    state = results.provenance["code"]
    if not state["commit"]:
        return Answer(AUTHORS, "The code was not run from a git checkout, so the run can't name its version.")
    if state["dirty"]:
        return Answer(PARTLY, f"Commit {state['commit'][:12]} with changes that are not committed.", "provenance")
    return Answer(YES, f"Commit {state['commit'][:12]}, unchanged.", "provenance")
