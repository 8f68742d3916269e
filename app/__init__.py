"""Service (FastAPI) for a trained cell, and its page (Streamlit). docs/app.md describes their use.

Imports analysis, benchmarks and architectures. The packages are in requirements-app.txt (make app).
"""

DISCLAIMER = "Not a diagnostic device: nobody's care may depend on what it answers."
