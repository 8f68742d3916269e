"""Scores of the predictions, and the tables that collect what cells, trials and folds are.

In: predictions, folds and samples. Out: tables/scores.csv, per_class.csv, headline.csv, collapse.csv, external.csv,
cells.csv, folds.csv and their like. Imports `explanations` (for the probes) and what analysis shares.
"""
