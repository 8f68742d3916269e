"""Publications under re-evaluation: one folder each, found by its name.

A folder `benchmarks/publications/<name>/` holds

    publication.yaml   data, split, recipe, variants, printed figures, claims; schema.yaml explains each key
    variants.py        functions of this publication alone, where publication.yaml names one
    README.md          one page: what was done, what is reproduced by which command, what is not known

figures.py and arithmetic/ check printed figures; docs/figures_arithmetic.md explains the answers.

In: publication.yaml. Out: its checked content, the parts that its split makes. Imports `architectures`, errors
and the reader of YAML.
"""
