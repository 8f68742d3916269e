"""Scores of the predictions, and tables of data, folds, cells and trials.

In: predictions, folds, samples and tables/probes.csv. Out: tables/scores.csv, per_class.csv, headline.csv,
collapse.csv, external.csv, cells.csv, folds.csv and others. Imports only modules directly in analysis.
"""
