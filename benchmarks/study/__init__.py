"""A study: its file read, extended by others, checked, and completed with defaults.

In: YAML and what the command line changes. Out: a `Study`. Imports `datasets`, `protocols`, `publications` and
`architectures`; cheap on purpose, as Snakemake loads the study at every start.
"""
