"""Structured logs: one JSON object a line, with what was asked and what came of it, and nothing of the image."""

import json
import logging
import logging.config
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-ID"
LOGGER = logging.getLogger("mammobench")


class Json(logging.Formatter):
    """A record as JSON: time, severity (as Google Cloud names it), logger, message, and the record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        time_told = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"time": f"{time_told}.{record.msecs:03.0f}Z", "severity": record.levelname, "logger": record.name}
        line |= {"message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


# Of logging.config: everything to standard error as JSON; requests are logged by `Logged`, not by the server.
CONFIGURATION = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": Json}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "uvicorn": {"handlers": [], "propagate": True},
        "uvicorn.access": {"handlers": [], "propagate": False},
        # They warn of a broken form or file by quoting it.
        **{name: {"level": "ERROR"} for name in ("python_multipart", "pydicom", "PIL")},
        # Its worker gives the handlers to uvicorn.error.
        "gunicorn.error": {"handlers": ["stderr"], "propagate": False},
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}


class Logged:
    """ASGI middleware: one line a request, and its id as a header of the answer."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, then log."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number, started = uuid.uuid4().hex, time.perf_counter()
        fields = {"request_id": number, "method": scope["method"], "path": scope["path"], "status": 500}
        fields["bytes"] = Headers(scope=scope).get("content-length", "")[:16]

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields["status"] = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = number
            await send(message)

        try:
            await self.app(scope, receive, named)
        finally:
            fields["milliseconds"] = round(1000 * (time.perf_counter() - started), 1)
            level = logging.ERROR if fields["status"] == 500 else logging.INFO
            LOGGER.log(level, "request", extra={"fields": fields})
