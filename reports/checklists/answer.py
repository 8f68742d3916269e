"""Answer to an item of a checklist."""

import dataclasses

YES, PARTLY, NOT_APPLICABLE = "yes", "partly", "not applicable"
AUTHORS = "to be answered by the authors"

# Anchors and titles of the sections that answers link to; not every report has those with a comment.
SECTIONS = {
    "finding": "Finding",
    "run": "Study",
    "folds": "Protocols and folds",
    "architectures": "Architectures and baselines",
    "statistics": "Scores and intervals",
    "data": "Data",
    "leakage": "Leakage",
    "shortcuts": "Shortcuts in the data",
    "results": "Results",
    "scores-severity": "Scores: severity",  # with classes that give it
    "comparison": "Comparison",
    "bias": "Bias checks",
    "limits": "Limitations",
    "model-cards": "Model cards",
    "provenance": "Provenance",
    "confusion": "Confusion matrices",
    "each-fold": "Each fold",
    "training": "Training",
    "search": "Search",  # with an honest protocol
    "cells": "Cells and commands",
}


@dataclasses.dataclass(frozen=True)
class Answer:
    """One of the words above, one or two sentences, and a source: a key of SECTIONS, or a `file`."""

    answered: str
    text: str
    where: str = ""
    file: str = ""
