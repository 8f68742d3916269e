"""A finished study as one zip: an RO-Crate with workflow, study, environment, tables, report and predictions.

In: the results folder of a finished study, the project's own files. Out: <study>.crate.zip, without images of patients.
An entry point alone: may import every other room of benchmarks but `speed` and `validation`; nothing imports it.
"""
