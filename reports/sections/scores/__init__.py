"""The report's sections on scores: tables, curves, comparisons, controls, search, cells.

In: a run's tables (results.py). Out: blocks of document.py.
"""
