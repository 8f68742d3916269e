"""Reporting checklists: the items of each as data, <name>.yaml, and their answers as functions of a study's results."""
