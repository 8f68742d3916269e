"""Everything around Snakemake: how jobs start, which code they rest on, how a run stands.

In: a study and its files. Out: processes, locks, lines on the terminal. Imported by the Snakefile and by entry points
alone; may import every other room of benchmarks but `speed`, `validation` and `archive`.
"""
