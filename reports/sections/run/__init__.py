"""The report's sections on the run itself: study, data, limits, failures, provenance.

In: a run's tables (results.py). Out: blocks of document.py.
"""
