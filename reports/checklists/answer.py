"""What an answer to a checklist's item is."""

import dataclasses

YES, PARTLY, NOT_APPLICABLE = "yes", "partly", "not applicable"
AUTHORS = "to be answered by the authors"

# Sections that answers may point to, by anchor, with their titles; those marked are not in every report.
SECTIONS = {
    "finding": "Finding",
    "run": "What was run",
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
    "limits": "Limits",
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
    """One of the words above, a sentence or two, and where more stands: a key of SECTIONS, or else a `file`."""

    answered: str
    text: str
    where: str = ""
    file: str = ""
