"""Facts of a made-up study, as the article words them."""

import pandas as pd

from reports.article import facts

NAN = float("nan")


def headline(protocol: str = "by_patient", **accuracies: float) -> pd.DataFrame:
    """Rows of headline.csv; a model above 0.4 beats the majority class (0.3) and has skill, one of 0.3 collapses."""
    rows = [
        {
            "architecture": name,
            "protocol": protocol,
            "accuracy": value,
            "ci_low": value - 0.1,
            "ci_high": value + 0.1,
            **{f"severity_auc{end}": value + 0.2 + add for end, add in (("", 0), ("_low", -0.1), ("_high", 0.1))},
            **dict.fromkeys(("density_accuracy", "density_accuracy_low", "density_accuracy_high"), NAN),
            "majority_accuracy": 0.3,
            "verdict": "beats majority" if value > 0.4 else "does not beat majority",
            "skill": "yes" if value > 0.4 else "no",
            "collapsed_cells": int(value == 0.3),
        }
        for name, value in accuracies.items()
    ]
    return pd.DataFrame(rows)


def scored(rows: pd.DataFrame, copied: int = 0, identical: int = 0, tested: int = 40) -> dict:
    leaks = {"copied": copied, "identical": identical, "n_tested": tested}
    return facts.scored(rows, rows["protocol"].iloc[0]) | leaks


def found(**changes) -> dict:
    """Facts of a study of two architectures under published and by_patient."""
    made = {
        "study": {
            "name": "mine",
            "architectures": ["a", "b"],
            "protocols": ["published", "by_patient"],
            "folds": 5,
            "repeats": 1,
            "resamples": 1000,
            "sizes": [64],
            "n_baselines": 4,
            "by_recipe": [],
        },
        "data": {
            "title": "Films",
            "name": "mendeley_inbreast",
            "generated": False,
            "n_patients": 50,
            "n_sources": 106,
            "n_images": 7738,
            "n_classes": 8,
            "crop": "none",
            "licence": "CC BY 4.0",
        },
        "leaky": [scored(headline("published", a=0.9, b=0.8), copied=40, identical=30)],
        "honest": scored(headline(a=0.2, b=0.3)),
        "apart": "patient",
        "external": None,
        "inflation": None,
        "controls": [],
        "bias": None,
        "claims": None,
        "detectable": None,
        "publication": None,
        "reduced": None,
        "smaller": None,
        "searched": ["a", "b"],
        "features": None,
        "others": [],
        "shortcut": None,
    }
    return made | changes


def loss(*rows: tuple[str, float, float, float]) -> dict | None:
    names = ["architecture", "inflation", "ci_low", "ci_high"]
    return facts.inflation(pd.DataFrame(rows, columns=names).assign(honest_protocol="by_patient"), "by_patient")
