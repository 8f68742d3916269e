"""What a run will take, before it starts: time, memory and disk of each stage (`make plan`).

In: a study, Snakemake's own list of due jobs (`due`), the sizes of all folds (`sizes`), the cost of training steps
measured on this machine (`measure`, `costs`), what finished cells recorded (`recorded`). Out: a table (`table`), and
the memory and time that jobs request (`resources`). `compare` sets a finished run beside its plan. May import every
other room of benchmarks but `speed`, `validation` and `archive`; the Snakefile and entry points import it.
"""
