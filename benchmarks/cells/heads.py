"""The factors that classes are made of: severity and density, learnt apart, give a class's probability as a product.

A class's probability is that of its severity times that of its density, over all classes that exist. The logits of the
factors, added up, are the classes' own: after training, both heads make one classifier (`merged`).
"""

import numpy as np
import pandas as pd

FACTORS = ("severity", "density")
CLASSES = "classes"
Heads = dict[str, np.ndarray]


def factor_of_label(samples: pd.DataFrame, factor: str) -> dict[str, str] | None:
    """Return the severity or density of each label; None if a label has several values or a sample has none."""
    values = samples.groupby("label")[factor]
    if samples[factor].isna().any() or (values.nunique() != 1).any():
        return None
    return values.first().map(str).to_dict()


def whole(classes: list[str]) -> Heads:
    """Return the one head that learns the classes themselves."""
    return {CLASSES: np.arange(len(classes))}


def heads(samples: pd.DataFrame, classes: list[str]) -> Heads:
    """Return the heads that learn the classes: name -> number of its value for each class, int (K,).

    They are severity and density if each label in `samples`, all of a study, has exactly one of both and no two classes
    have the same; else `whole`.
    """
    values = {factor: factor_of_label(samples, factor) for factor in FACTORS}
    found = {
        factor: np.unique([own[label] for label in classes], return_inverse=True)[1]
        for factor, own in values.items()
        if own is not None
    }
    distinct = found and len(set(zip(*found.values(), strict=True))) == len(classes)
    return found if distinct else whole(classes)


def product(parts: dict[str, np.ndarray], numbers: Heads) -> np.ndarray:
    """Return the probabilities of the classes, float (N, K), from those of each head's values, (N, values)."""
    probabilities = np.prod([parts[name][:, own] for name, own in numbers.items()], axis=0)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def merged(kernel: np.ndarray, bias: np.ndarray, numbers: Heads) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel (C, K) and bias (K,) of the classes' logits from those of all heads side by side, (C, values)."""
    starts = np.cumsum([0] + [own.max() + 1 for own in numbers.values()])
    columns = [start + own for start, own in zip(starts, numbers.values(), strict=False)]
    return np.sum([kernel[:, own] for own in columns], axis=0), np.sum([bias[own] for own in columns], axis=0)
