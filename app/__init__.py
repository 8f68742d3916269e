"""Service (FastAPI) for a trained cell, and its page (Streamlit). docs/app.md describes their use.

Imports analysis, benchmarks and architectures. The packages are in requirements-app.txt (make app).
"""

DISCLAIMER = "Not a diagnostic device: its predictions must not be used for patient care."
