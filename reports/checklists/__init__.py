"""Reporting checklists: the items of each in <name>.yaml, and functions that answer them from a study's results."""
