"""The survey over publications as a page and as LaTeX.

In: results/*/tables and benchmarks/publications. Out: results/survey: tables, figure, survey.html, survey.tex.
"""
