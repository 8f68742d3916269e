"""Settings of Gunicorn for the service. Gunicorn reads PORT and WEB_CONCURRENCY from the environment."""

from app.logs import CONFIGURATION
from app.settings import Settings

worker_class = "uvicorn_worker.UvicornWorker"
logconfig_dict = CONFIGURATION
timeout = 300  # seconds, including the time to load and trace the model
graceful_timeout = Settings.of().timeout  # seconds; running requests are answered
# Other folders except /tmp may be read-only.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
