"""Comparison of architectures, permuted-label and positive control, learning curve, and gain from the search.

In: predictions and trials of the cells. Out: tables/comparison.csv, ranks.csv, control.csv, positive_control.csv,
learning_*.csv, tuning.csv, importance.csv. Imports `scores` and modules directly in analysis.
"""
