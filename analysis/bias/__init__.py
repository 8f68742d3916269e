"""Verdicts on what the models rely on, and on how they serve groups of patients.

In: the tables of `explanations`, and predictions. Out: tables/groups.csv and bias.csv. Imports `explanations` and what
analysis shares.
"""
