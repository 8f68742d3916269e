"""The report's sections on models: saliency maps, bias verdicts and their calibration, model cards.

In: a run's tables (results.py). Out: blocks of document.py.
"""
