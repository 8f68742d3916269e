"""Measured numbers on the pages: README.md and docs/*.md.

In: registry.yaml (what is measured, by which command), the records (CSV or JSON, kept with the code), and how these are
worded (templates/NAME.j2). Out: the pages, with every marked number as its record has it. CONTRIBUTING.md explains the
marks.
"""
