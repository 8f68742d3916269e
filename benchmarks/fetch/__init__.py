"""Downloads of public data sets: into a cache that a study finds, with all pixels compared with the published ones.

Comes in: the address of an archive. Goes out: <cache>/<data set>/archive.zip, with which Snakefile completes a study
that was given no data. May import datasets and study.
"""
