"""Answers about the networks, their training, the code and the hardware."""

from architectures import CORRECTED, PUBLISHED
from reports.checklists.answer import AUTHORS, PARTLY, YES, Answer
from reports.facts import re_evaluated, recipe, recipes
from reports.results import Results
from reports.wording import capitalised, count, listed, plural, span

SOFTWARE = ("python", "tensorflow", "jax", "torch", "keras", "keras-tuner", "scikit-learn")


def goal(results: Results) -> Answer:
    """Kind of the study."""
    text = (
        f"Evaluation of {plural(len(results.architectures), 'architecture')} under {listed(results.protocols)}: "
        "exploratory, for research on evaluation. None is meant for clinical use."
    )
    return Answer(YES, text, "run")


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


def models(results: Results) -> Answer:
    """Description of the networks."""
    parameters = span(results.networks("cells")["parameters"], count)
    text = (
        f"{plural(len(results.architectures), 'network')} of {parameters} parameters, each with the paper it follows; "
        "layer by layer they stand in the code, architectures/<name>.py."
    )
    return Answer(YES, text, "architectures")


def software(results: Results) -> Answer:
    """Versions of the software."""
    ran = results.provenance["cell_versions"]
    told = [
        f"{name} {listed(sorted({versions[name] for versions in ran if name in versions}))}"
        for name in SOFTWARE
        if any(name in versions for versions in ran)
    ]
    return Answer(YES, f"Cells ran with {listed(told)}; {results.provenance['lock']['file']} pins all.", "provenance")


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
    if results.honest:
        searched = results.study.training["augmentation"] == "searched"
        told.append(
            "These mirror, turn and zoom images at a strength that is searched, too"
            if searched
            else "These augment no image"
        )
    return Answer(YES, f"Adam on cross-entropy. {'. '.join(told)}.", "training")


def selection(results: Results) -> Answer:
    """Choice of the reported network."""
    told = []
    if results.honest:
        told.append(
            f"Under {listed(results.honest)}, the trial and epoch with the lowest validation loss; test images take no "
            "part in it."
        )
    if PUBLISHED in results.protocols:
        told.append("Under published, the last epoch.")
    return Answer(YES, f"{' '.join(told)} All architectures are reported.", "search" if results.honest else "training")


def search(results: Results) -> Answer:
    """Choice of the hyperparameters."""
    if not results.honest:
        return Answer(YES, f"No search: {recipe(results, PUBLISHED, results.architectures)}.", "training")
    trials = results.table("trials")
    n = len(trials[trials["protocol"].isin(results.honest)])
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


def machines(results: Results) -> Answer:
    """Hardware of the cells."""
    told = [
        f"{machine['cpu']}, {machine['cores']} cores{', ' + machine['gpu'] if machine.get('gpu') else ''}"
        for machine in results.provenance["hardware"]["cells"]
    ]
    seconds = results.table("cells")["seconds"].sum()
    return Answer(YES, f"Cells ran on {'; '.join(told)}: {seconds / 3600:.1f} hours of cells in all.", "provenance")


def reproduction(results: Results) -> Answer:
    """Command that repeats the study."""
    return Answer(YES, f"{results.provenance['commands'][0]} makes everything again.", "cells")


def full_protocol(results: Results) -> Answer:
    """Place of all settings."""
    file = results.provenance["study"]["file"]
    return Answer(YES, f"The study file, {file}, stands in the report with all commands.", "cells")


def availability(results: Results) -> Answer:
    """Place of code, networks and data."""
    doi, commit = results.dataset["doi"], results.provenance["code"]["commit"]
    text = (
        f"Code: MIT licence, {f'commit {commit[:12]}' if commit else 'version unknown'}. Networks: model.keras in each "
        f"cell's folder. Data: {f'doi:{doi}' if doi else results.dataset['title']}. Where code and networks are "
        "published is for the authors."
    )
    return Answer(PARTLY, text, "provenance")
