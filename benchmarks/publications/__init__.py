"""Published figures and claims, in YAML files that are checked by a schema.

In: a YAML file. Out: its content. Imports nothing but errors and the reader of YAML.
"""
