"""Audit of the data: leakage across the parts of a split, and shortcuts that predict labels without the breast.

In: a study's samples, folds and decoded images; or two folders of images. Out: tables/leakage*.csv, conflicts.csv,
shortcuts.csv. Imports the shared modules of analysis (predictions, metrics, bootstrap, tidy) and `drawing` only.
"""
