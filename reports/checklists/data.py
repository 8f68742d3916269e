"""Answers about the images, their labels and the people behind them."""

from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import extremes, factors, generated, patients, re_evaluated, size
from reports.results import Results
from reports.sections.run.limits import GENERATED_WARNING
from reports.wording import listed

NOBODY = "The images are generated: they show nobody."


def population(results: Results) -> Answer:
    """What the numbers are about."""
    if generated(results):
        return Answer(YES, GENERATED_WARNING, "data")
    text = f"The numbers are about images like these: {size(results)}. Whom they extend to is for the authors."
    return Answer(PARTLY, text, "data")


def why_these_data(results: Results) -> Answer:
    """Why this population, and why these images serve."""
    if generated(results):
        return Answer(YES, "Generated, so that the whole workflow runs without a download.", "run")
    published = re_evaluated(results)
    if published:
        text = f"They are the data of the study under re-evaluation, {published['title']}."
        return Answer(YES, text, "data")
    return Answer(AUTHORS, "The run was given these images; why, it does not know.")


def sources(results: Results) -> Answer:
    """Where the images come from."""
    about = results.dataset
    if generated(results):
        return Answer(YES, f"{about['title']}. {NOBODY}", "data")
    doi = f", doi:{about['doi']}" if about["doi"] else ""
    text = f"{about['title']}{doi}; licence: {about['licence'] or 'not stated'}."
    return Answer(YES if doi else PARTLY, text, "data")


def identity(results: Results) -> Answer:
    """Which version of the data it was."""
    about = results.dataset
    doi = f"doi:{about['doi']}; " if about["doi"] else ""
    text = f"{doi}sha256 of all pixels {about['digest'][:12]}...; {size(results)}."
    return Answer(YES if doi or generated(results) else PARTLY, text, "provenance")


def origin(results: Results) -> Answer:
    """Source, time and annotation of training and test images."""
    if generated(results):
        return Answer(
            YES, f"Training and test images come from one generator, labels from what it drew. {NOBODY}", "data"
        )
    text = (
        "Training and test images, and their labels, come from one data set. When images were taken and how labels "
        "were made is for its documentation."
    )
    return Answer(PARTLY, text, "data")


def sampling_frame(results: Results) -> Answer:
    """What the images are a sample of."""
    if generated(results):
        return Answer(YES, f"Drawn at random by the generator: {results.dataset['title']}.", "data")
    return Answer(AUTHORS, f"How the {size(results)} were chosen is not recorded in the run.")


def representative(results: Results) -> Answer:
    """Whether the images stand for the population."""
    if generated(results):
        return Answer(NOT_APPLICABLE, NOBODY, "limits")
    text = f"The run holds {size(results)}, and no age, origin or scanner to compare them with anybody by."
    return Answer(AUTHORS, text, "limits")


def eligibility(results: Results) -> Answer:
    """By what rule images came in."""
    if generated(results):
        return Answer(YES, f"All that the generator draws is used: {size(results)}.", "data")
    text = f"The run uses all of the data set, {size(results)}. What let an image into it is for its documentation."
    return Answer(PARTLY, text, "data")


def excluded(results: Results) -> Answer:
    """What was left out."""
    return Answer(YES, f"The run leaves out no source image: {size(results)}.", "data")


def sample_size(results: Results) -> Answer:
    """How many samples, how many of each class."""
    whole = results.table("data").iloc[-1]
    files = f"{whole['before_files']:,.0f} un-augmented and {whole['after_files']:,.0f} augmented files"
    return Answer(YES, f"{size(results)}, {files}; {extremes(results)}.", "data")


def outcome(results: Results) -> Answer:
    """What is predicted."""
    classes = results.dataset["classes"]
    known = factors(results)
    also = (
        f"; {listed(known)} {'is' if len(known) == 1 else 'are'} scored from their summed probabilities"
        if known
        else ""
    )
    return Answer(YES, f"One of {len(classes)} classes{also}; {extremes(results)}.", "data")


def preprocessing(results: Results) -> Answer:
    """What happens to an image before a network sees it."""
    sides = listed([f"{side} x {side}" for side in results.study.sizes()])
    text = (
        "Every image by itself is made 8-bit grey (deeper grey by the window that the file names, or else from its "
        f"minimum to its maximum), resized to {sides} pixels whatever its shape and scaled to 0..1; nothing is fitted "
        "to a set of images. Contrast is not enhanced."
    )
    return Answer(YES, text, "run")


def subsets(results: Results) -> Answer:
    """Which of the files a protocol uses."""
    shipped = results.study.training["images"] == "shipped"
    who = "augmented copies train, upright originals" if shipped else "upright originals train,"
    told = []
    if len(results.honest) < len(results.protocols):
        told.append("published: augmented files train and validate, a fifth of the un-augmented ones test")
    if results.honest:
        told.append(f"{listed(results.honest)}: {who} validate and test")
    return Answer(YES, f"{'; '.join(told)}.", "folds")


def deidentified(results: Results) -> Answer:
    """How patients were made anonymous."""
    if generated(results):
        return Answer(NOT_APPLICABLE, NOBODY)
    if not patients(results):
        return Answer(AUTHORS, "The run knows no patient; what the images give away is not recorded.")
    return Answer(AUTHORS, "Patients bear the data set's own identifiers; how these were made is not recorded.")


def missing(results: Results) -> Answer:
    """What is missing, and what is done about it."""
    probes = results.table("gradcam").drop_duplicates(["protocol", "probe"])
    without = int(probes["area_of_lesion"].isna().sum())
    known = "patients are known of every image" if patients(results) else "patients are unknown"
    text = (
        f"No image and no label is missing in any class; {known}; probes without a lesion box: {without} of "
        f"{len(probes)}. Nothing is filled in: what can't be computed is called not evaluable."
    )
    return Answer(YES, text, "limits")


def corrupt(results: Results) -> Answer:
    """What is done about broken or impossible samples."""
    n = len(results.table("conflicts"))
    text = (
        "An image that can't be read stops the run. Files that disagree with their own copies on label, source or "
        f"patient: {n or 'none'}."
    )
    return Answer(YES, text, "leakage")


def acquisition(results: Results) -> Answer:
    """How the images were taken."""
    return _unless_generated(results, "The run holds no device, view settings or dates.")


def reference_standard(results: Results) -> Answer:
    """What the truth is."""
    if generated(results):
        return Answer(YES, "The truth is what was drawn.", "data")
    text = "The truth is the class that the data set files an image under. How it was established is not recorded."
    return Answer(PARTLY, text, "data")


def reference_rationale(results: Results) -> Answer:
    """Why this truth."""
    if generated(results):
        return Answer(YES, "What was drawn is known without error.", "data")
    return Answer(AUTHORS, "No other labels were at hand.")


def annotators(results: Results) -> Answer:
    """Who made the labels."""
    return _unless_generated(results, "Labels are the data set's; who made them is not recorded.")


def annotated_tests(results: Results) -> Answer:
    """How the test images got their labels."""
    if generated(results):
        return Answer(NOT_APPLICABLE, NOBODY)
    text = "Test images carry the data set's labels; nothing was annotated anew, and no tool is recorded."
    return Answer(PARTLY, text, "data")


def raters(results: Results) -> Answer:
    """How far readers agree."""
    return _unless_generated(results, "Every image has one label, so nothing here says how far readers agree.")


def retrospective(results: Results) -> Answer:
    """Whether images were taken for the study."""
    if generated(results):
        return Answer(NOT_APPLICABLE, NOBODY)
    return Answer(YES, "Retrospective: images that were there before; none was taken for this run.", "data")


def demographics(results: Results) -> Answer:
    """Who is in which part."""
    if generated(results):
        return Answer(NOT_APPLICABLE, NOBODY)
    who = "patients" if patients(results) else "source images"
    text = f"Images, {who} and classes of every part of every fold are counted. Age and origin are not in the files."
    return Answer(PARTLY, text, "each-fold")


def _unless_generated(results: Results, text: str) -> Answer:
    return Answer(NOT_APPLICABLE, NOBODY) if generated(results) else Answer(AUTHORS, text)


ANSWERS = {
    function.__name__: function
    for function in (
        *(population, why_these_data, sources, identity, origin, sampling_frame, representative, eligibility),
        *(excluded, sample_size, outcome, preprocessing, subsets, deidentified, missing, corrupt, acquisition),
        *(reference_standard, reference_rationale, annotators, annotated_tests, raters, retrospective, demographics),
    )
}
