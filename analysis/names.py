"""Names of architectures and baselines as readers know them, for texts, tables and figures.

Files, CSV tables and commands keep the keys. The name of an architecture is what stands before the colon in the first
line of its file's docstring: `ShuffleNet: cheap grouped convolutions ...`. A digest of the code leaves docstrings out,
so a better name makes no cell due.
"""

import ast
import functools

import architectures
from benchmarks.errors import BadInput

METHOD = "logistic regression on "
BASELINE_NAMES = {
    "majority": "majority class",
    "stratified": "random guesses",
    "thumbnail_logistic": f"{METHOD}thumbnails",
    "imagenet_logistic": f"{METHOD}ImageNet features",
}
LONGEST = 30  # characters of a name; a longer text before the colon is a sentence


@functools.cache
def named(key: str) -> str:
    """Return `ShuffleNet` for `shufflenet`; `key` itself if it has no file, or the file states no name."""
    if key in BASELINE_NAMES:
        return BASELINE_NAMES[key]
    if key not in architectures.names():
        return key
    try:
        described = ast.get_docstring(architectures.parsed(key))
    except BadInput:  # not valid Python: the report names the architecture among those that failed
        return key
    name, colon, _ = (described or "").partition("\n")[0].partition(":")
    return name if colon and name and len(name) <= LONGEST else key


def short(key: str) -> str:
    """Return the name of an architecture or baseline for a figure: `ImageNet features` for imagenet_logistic."""
    return named(key).removeprefix(METHOD)
