"""What the scores say together: differences, controls, learning curve, gain from hyperparameter search.

In: predictions and trials of the cells. Out: tables/comparison.csv, ranks.csv, control.csv, learning_*.csv, tuning.csv,
importance.csv. Imports `scores` and what analysis shares.
"""
