"""Verdicts on what a publication claims.

In: tables of scores, audit and heat maps, reference replays, the publication's own figures. Out: tables/claims.csv.
Imports `audit` and what analysis shares.
"""
