# Image of the service with one cell, without the page. Run python -m app.export served, then
#   docker build -t mammobench .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --publish 8080:8080 mammobench
FROM python:3.11-slim

WORKDIR /srv
COPY requirements.txt requirements-app.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt --requirement requirements-app.txt
COPY analysis analysis
COPY app app
COPY architectures architectures
COPY benchmarks benchmarks
COPY served served

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin mammobench
USER 10001
# TensorFlow, Keras and Matplotlib write caches to /tmp (in memory) at the start; no data of requests are written.
ENV HOME=/tmp MAMMOBENCH_RESULTS=served PORT=8080 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=120s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health')"]
CMD ["gunicorn", "--config", "app/gunicorn_conf.py", "--workers", "2", "app.api:create_app()"]
