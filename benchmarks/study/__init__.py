"""Studies: read from YAML, extended, checked, and completed with defaults.

In: YAML and changes on the command line. Out: a `Study`. Imports `datasets`, `protocols`, `publications` and
`architectures`; imports must be quick, as Snakemake loads the study at every start.
"""
