"""Gunicorn's settings for the service; it reads PORT and WEB_CONCURRENCY from the environment by itself."""

from app.logs import CONFIGURATION
from app.settings import Settings

worker_class = "uvicorn_worker.UvicornWorker"
logconfig_dict = CONFIGURATION
timeout = 300  # seconds: to load and trace the model counts, too
graceful_timeout = Settings.of().timeout  # what is in hand is answered
# All else but /tmp may be read-only.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
