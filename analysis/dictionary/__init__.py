"""Data dictionary: every table of a study and of the survey, and each of its columns.

In: tables/*.yaml, written by hand; a finished study's tables. Out: what is wrong with the tables of a results folder,
docs/tables.md, results.json of a study with its JSON schema. Imports `tidy`.
"""
