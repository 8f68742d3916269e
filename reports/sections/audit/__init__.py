"""The report's sections on leakage, shortcuts, folds and claims.

In: a run's tables (results.py). Out: blocks of document.py.
"""
