"""Command: do the figures that a publication prints fit any confusion matrix?

    python -m benchmarks.publications.figures n=42 accuracy=0.98 f1=0.99
    python -m benchmarks.publications.figures support.Benign=637 support.Malignant=1283 accuracy=0.80 \\
        recall.Benign=0.49 recall.Malignant=0.96
    python -m benchmarks.publications.figures accuracy=99.96% n_max=7632

Write each figure as KEY=VALUE, digits as printed: 0.80 stands for any value from 0.795 to 0.805, 99.96% for any from
0.99955 to 0.99965 (rounding half up or half even). A figure printed twice is written twice.

  n, n_max                    number of test images; the most that it can be
  classes=A,B,C               names of the classes, or their number; else those that keys name, else two
  positive=NAME               of two classes, the class of recall, precision, F1 and specificity without a name
  support.NAME                number of test images of a class
  accuracy, auc, balanced_accuracy
  recall (sensitivity), specificity, precision (ppv), npv, f1
                              of the positive class; of two classes named `positive` and `negative` by default
  recall.NAME, precision.NAME, f1.NAME, specificity.NAME, accuracy.NAME
                              of one class against the others
  macro_, weighted_, micro_   before precision, recall or f1: averages over classes
  matrix='50 2/3 45'          a printed confusion matrix, rows: true class

Each answer is possible (with an example matrix), impossible (with the violated relation) or not evaluable (with what is
missing). The exit status is 1 if an answer is impossible, and 2 for a key or value that cannot be read.
"""

import argparse
from collections.abc import Sequence

from benchmarks.errors import BadInput, run_cli
from benchmarks.publications.arithmetic.check import check_figures
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, NOT_EVALUABLE, Verdict

INDENT = " " * (len(NOT_EVALUABLE) + 2)


def pairs(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of each key of words KEY=VALUE. Raises BadInput."""
    found: dict[str, list[str]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals and value.strip()):
            raise BadInput(f"{word}: not a figure; write KEY=VALUE without spaces, for example accuracy=0.98")
        found.setdefault(key.strip(), []).append(value)
    return found


def lines(verdict: Verdict) -> list[str]:
    """Return a verdict as lines of text: answer and question, reason, example matrix."""
    shown = [f"{verdict.verdict:<{len(INDENT)}}{verdict.question}", f"{INDENT}{verdict.reason}"]
    if verdict.matrix is None:
        return shown
    width = max(len(name) for name in verdict.classes)
    digits = max(len(f"{cell}") for row in verdict.matrix for cell in row)
    for name, row in zip(verdict.classes, verdict.matrix, strict=True):
        shown.append(f"{INDENT}  {name:<{width}}  {' '.join(f'{cell:>{digits}}' for cell in row)}")
    return shown


def main() -> None:
    """Print the verdicts on the figures of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.publications.figures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("figures", nargs="+", metavar="KEY=VALUE", help="a figure, as above")
    found = check_figures(pairs(parser.parse_args().figures))
    print("\n".join(line for verdict in found for line in lines(verdict)))
    raise SystemExit(int(any(verdict.verdict == IMPOSSIBLE for verdict in found)))


if __name__ == "__main__":
    run_cli(main)
