"""Arithmetic on printed figures: can they belong to one confusion matrix?

In: figures as printed (`printed`). Out: verdicts (`verdicts`), possible with an example, impossible with the violated
relation, or not evaluable. `check` asks all questions; docs/figures_arithmetic.md explains the answers.
"""
