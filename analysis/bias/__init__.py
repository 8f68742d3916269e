"""Verdicts on the image regions that models rely on, and on their performance in groups of patients.

In: the tables of `explanations`, tables/headline.csv (which models have skill), and predictions. Out: tables/groups.csv
and bias.csv. Imports `explanations`, `scores` and modules directly in analysis.
"""
