"""Publications re-evaluated: what is left of their printed figures.

In: results/<study>/tables and replays, benchmarks/publications/<name>. Out: tables of one study's replays, and
results/survey: one row for each publication, from whatever studies have finished. Imports `accuracy`, `drawing`.
"""
