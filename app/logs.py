"""Structured logs: one JSON object a line with request, status and time, and no data of the image."""

import json
import logging
import time
import uuid
from pathlib import Path

import yaml
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-ID"
LOGGER = logging.getLogger("mammobench")


class Json(logging.Formatter):
    """Format of a record as JSON: time, severity (Google Cloud's name), logger, message, and the record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"time": f"{seconds}.{record.msecs:03.0f}Z", "severity": record.levelname, "logger": record.name}
        line |= {"message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


CONFIGURATION = yaml.safe_load(Path(__file__).with_name("logs.yaml").read_text())  # for logging.config


class Logged:
    """ASGI middleware that logs one line a request, and adds the request's id to the answer as a header."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, then log it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
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
