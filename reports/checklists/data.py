"""Answers about the images, their labels and the patients."""

from analysis.predictions import FACTORS
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import extremes, patients, re_evaluated, size
from reports.results import Results
from reports.wording import listed

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


def sample_size(results: Results) -> Answer:
    """Number of samples, and of each class."""
    whole = results.table("data").iloc[-1]
    files = f"{whole['before_files']:,.0f} un-augmented and {whole['after_files']:,.0f} augmented files"
    return Answer(YES, f"{size(results)}, {files}; {extremes(results)}.", "data")


def outcome(results: Results) -> Answer:
    """Target of the prediction."""
    tasks = set(results.table("scores")["task"])
    known = [factor for factor in FACTORS if factor in tasks]
    verb = "is" if len(known) == 1 else "are"
    also = f"; {listed(known)} {verb} scored from their summed probabilities" if known else ""
    return Answer(YES, f"One of {len(results.dataset['classes'])} classes{also}; {extremes(results)}.", "data")


def preprocessing(results: Results) -> Answer:
    """Processing of an image before training and prediction."""
    sides = listed(f"{side} x {side}" for side in results.study.sizes())
    text = (
        "Every image by itself is made 8-bit grey (deeper grey by the window that the file names, or else from its "
        f"minimum to its maximum), resized to {sides} pixels whatever its shape and scaled to 0..1; nothing is fitted "
        "to a set of images. Contrast is not enhanced."
    )
    return Answer(YES, text, "run")


def subsets(results: Results) -> Answer:
    """Files that each protocol uses."""
    shipped = results.study.training["images"] == "shipped"
    who = "augmented copies train, upright originals" if shipped else "upright originals train,"
    told = []
    if len(results.honest) < len(results.protocols):
        told.append("published: augmented files train and validate, a fifth of the un-augmented ones test")
    if results.honest:
        told.append(f"{listed(results.honest)}: {who} validate and test")
    return Answer(YES, f"{'; '.join(told)}.", "folds")


def deidentified(results: Results) -> Answer:
    """Anonymisation of the patients."""
    if results.dataset["generated"]:
        return NOT_ASKED
    if not patients(results):
        return Answer(AUTHORS, "The run knows no patient; what the images give away is not recorded.")
    return Answer(AUTHORS, "Patients bear the data set's own identifiers; how these were made is not recorded.")


def missing(results: Results) -> Answer:
    """Missing data and their handling."""
    probes = results.table("gradcam").drop_duplicates(["protocol", "probe"])
    without = int(probes["area_of_lesion"].isna().sum())
    known = "patients are known of every image" if patients(results) else "patients are unknown"
    text = (
        f"No image and no label is missing in any class; {known}; probes without a lesion box: {without} of "
        f"{len(probes)}. Nothing is filled in: what can't be computed is called not evaluable."
    )
    return Answer(YES, text, "limits")


def corrupt(results: Results) -> Answer:
    """Handling of broken or impossible samples."""
    n = len(results.table("conflicts"))
    text = (
        "An image that can't be read stops the run. Files that disagree with their own copies on label, source or "
        f"patient: {n or 'none'}."
    )
    return Answer(YES, text, "leakage")


def demographics(results: Results) -> Answer:
    """Patients in each part."""
    if results.dataset["generated"]:
        return NOT_ASKED
    who = "patients" if patients(results) else "source images"
    text = f"Images, {who} and classes of every part of every fold are counted. Age and origin are not in the files."
    return Answer(PARTLY, text, "each-fold")
