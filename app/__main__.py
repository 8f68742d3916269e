"""Start the service and its page on this machine: `make serve`."""

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import uvicorn

from app.logs import CONFIGURATION
from app.model.choose import choose
from app.settings import PREFIX, Settings
from benchmarks.errors import run_cli

PAGE = Path(__file__).with_name("page") / "page.py"


def main() -> None:
    """Serve API and page until Ctrl-C."""
    settings = Settings.of()
    cell = choose(settings)
    # Workers read the environment: they must serve the same cell.
    os.environ[f"{PREFIX}MODEL"] = str(cell.folder)
    address = f"http://{settings.host}:{settings.port}"
    print(f"Serving {cell.folder}")
    print(f"API:  {address} (its documentation: {address}/docs)")
    page = None
    if importlib.util.find_spec("streamlit"):
        os.environ.setdefault(f"{PREFIX}API", address)
        command = [sys.executable, "-m", "streamlit", "run", str(PAGE), "--server.headless", "true"]
        command += ["--server.address", settings.host, "--server.port", str(settings.page_port)]
        command += ["--browser.gatherUsageStats", "false", "--client.toolbarMode", "viewer"]
        # In MiB. The API also counts the other parts of the form, and refuses with a reason.
        command += ["--server.maxUploadSize", str(math.ceil(settings.max_bytes / 2**20))]
        page = subprocess.Popen(command)
        print(f"Page: http://{settings.host}:{settings.page_port}")
    sys.stdout.flush()
    try:
        uvicorn.run(
            "app.api:create_app", factory=True, host=settings.host, port=settings.port, log_config=CONFIGURATION
        )
    finally:
        if page:
            page.terminate()
            page.wait()


if __name__ == "__main__":
    run_cli(main)
