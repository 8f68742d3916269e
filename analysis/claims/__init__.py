"""Verdicts on the claims of a publication.

In: tables of scores, audit and heat maps, reference replays, figures of the publication. Out: tables/claims.csv.
Imports `audit` and modules directly in analysis.
"""
