"""Limits for size, time and number of requests: others are refused at once, before the body is read."""

import asyncio
import math

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings

RETRY_AFTER = "1"  # seconds


class Bounds:
    """ASGI middleware for POST requests: 413 if too large, 503 if too many at the same time, 504 after a timeout.

    FastAPI counts bodies without a declared length (max_body_size).
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app, self.settings, self.held = app, settings, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse a request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self.app(scope, receive, send)
        limits = self.settings
        declared = Headers(scope=scope).get("content-length", "0")
        # Numbers with 16 or more digits are too large without a conversion.
        size = int(declared) if declared.isdecimal() and len(declared) < 16 else math.inf
        if size > limits.max_bytes:
            refusal = refuse(413, f"the request has {declared[:16]} bytes; the limit is {limits.max_bytes:,}")
            return await refusal(scope, receive, send)
        if self.held >= limits.concurrency:
            reason = f"{self.held} requests are running already; try again"
            return await refuse(503, reason, {"Retry-After": RETRY_AFTER})(scope, receive, send)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        self.held += 1
        try:
            async with asyncio.timeout(limits.timeout):
                await self.app(scope, receive, watched)
        except TimeoutError:
            if started:
                raise
            refusal = refuse(504, f"no answer within {limits.timeout} seconds", {"Connection": "close"})
            await refusal(scope, receive, send)
        finally:
            self.held -= 1


def refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a refusal in the schema `Problem`."""
    return JSONResponse({"detail": reason}, status, headers)
