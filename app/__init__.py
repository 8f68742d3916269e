"""A trained cell as a service (FastAPI) and its page (Streamlit). docs/app.md says how it is used.

Imports analysis, benchmarks and architectures; nothing imports it. Its packages are requirements-app.txt (make app).
"""

DISCLAIMER = "Not a diagnostic device: nobody's care may depend on what it answers."
