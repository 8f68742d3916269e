"""Sections of the report: each function takes a run's Results and yields Sections of document.py.

reports/supplement.py lists these functions in the order of the report.
"""
