"""What publications claim: their figures and statements, as YAML that is checked by a schema.

In: a YAML file. Out: its content. Imports nothing but errors and the reader of YAML.
"""
