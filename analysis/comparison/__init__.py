"""Comparison of architectures, permuted-label control, learning curve, and gain from hyperparameter search.

In: predictions and trials of the cells. Out: tables/comparison.csv, ranks.csv, control.csv, learning_*.csv, tuning.csv,
importance.csv. Imports `scores` and modules directly in analysis.
"""
