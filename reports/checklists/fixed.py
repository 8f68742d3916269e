"""Answers that depend on nothing, or only on whether the images of the study are generated."""

from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.sections.limits import GENERATED_WARNING

NOBODY = "The images are generated: they show nobody."
NOT_ASKED = Answer(NOT_APPLICABLE, NOBODY)

# item -> answer for generated images, answer for other images. {size} and {title} are facts of the study.
BY_ORIGIN = {
    "population": (
        Answer(YES, GENERATED_WARNING, "data"),
        Answer(
            PARTLY,
            "The numbers are about images like these: {size}. Whom they extend to is for the authors.",
            "data",
        ),
    ),
    "origin": (
        Answer(YES, f"Training and test images come from one generator, labels from what it drew. {NOBODY}", "data"),
        Answer(
            PARTLY,
            "Training and test images, and their labels, come from one data set. When images were taken and how "
            "labels were made is for its documentation.",
            "data",
        ),
    ),
    "sampling_frame": (
        Answer(YES, "Drawn at random by the generator: {title}.", "data"),
        Answer(AUTHORS, "How the {size} were chosen is not recorded in the run."),
    ),
    "representative": (
        Answer(NOT_APPLICABLE, NOBODY, "limits"),
        Answer(
            AUTHORS,
            "The run holds {size}, and no age, origin or scanner to compare them with anybody by.",
            "limits",
        ),
    ),
    "eligibility": (
        Answer(YES, "All that the generator draws is used: {size}.", "data"),
        Answer(
            PARTLY,
            "The run uses all of the data set, {size}. What let an image into it is for its documentation.",
            "data",
        ),
    ),
    "acquisition": (NOT_ASKED, Answer(AUTHORS, "The run holds no device, view settings or dates.")),
    "reference_standard": (
        Answer(YES, "The truth is what was drawn.", "data"),
        Answer(
            PARTLY,
            "The truth is the class that the data set files an image under. How it was established is not recorded.",
            "data",
        ),
    ),
    "reference_rationale": (
        Answer(YES, "What was drawn is known without error.", "data"),
        Answer(AUTHORS, "No other labels were at hand."),
    ),
    "annotators": (NOT_ASKED, Answer(AUTHORS, "Labels are the data set's; who made them is not recorded.")),
    "annotated_tests": (
        NOT_ASKED,
        Answer(
            PARTLY,
            "Test images carry the data set's labels; nothing was annotated anew, and no tool is recorded.",
            "data",
        ),
    ),
    "raters": (
        NOT_ASKED,
        Answer(AUTHORS, "Every image has one label, so nothing here says how far readers agree."),
    ),
    "retrospective": (
        NOT_ASKED,
        Answer(YES, "Retrospective: images that were there before; none was taken for this run.", "data"),
    ),
}

ALWAYS = {
    "excluded": Answer(YES, "The run leaves out no source image: {size}.", "data"),
    "abstract": Answer(
        PARTLY,
        "The first page gives question, answer, how sure it is and all that was found; an abstract is to be written.",
        "finding",
    ),
    "aims": Answer(
        PARTLY,
        "The question heads the report, the aim stands with what was run. No hypothesis was registered before.",
        "run",
    ),
    "ensembling": Answer(
        NOT_APPLICABLE,
        "Every image is answered by one network; answers of several folds are pooled, never averaged.",
        "statistics",
    ),
    "readme": Answer(YES, "The README of the code says how to run this study again.", file="README.md"),
    "trial": Answer(NOT_APPLICABLE, "No trial: nobody was enrolled or treated."),
    "use": Answer(
        PARTLY,
        "Each model card says what its network is not for: nobody's care may depend on it. The rest is for the "
        "authors.",
        "model-cards",
    ),
}
