python -m pip install --require-hashes --requirement requirements.txt
