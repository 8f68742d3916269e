"""The bounds of a request in size, time and number: beyond them it is refused at once, before its body is read."""

import asyncio
import math

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings

RETRY_AFTER = "1"  # seconds


class Bounds:
    """ASGI middleware for requests with a body: 413 if it is too large, 503 if too many are in hand, 504 after a time.

    A body whose length isn't declared is counted by FastAPI (max_body_size).
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app, self.settings, self.held = app, settings, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        limits = self.settings
        declared = Headers(scope=scope).get("content-length", "0")
        # A number too long to convert is too large, too.
        size = int(declared) if declared.isdecimal() and len(declared) < 16 else math.inf
        if size > limits.max_bytes:
            await refuse(413, f"the request has {declared[:16]} bytes; the most is {limits.max_bytes:,}")(
                scope, receive, send
            )
            return
        if self.held >= limits.concurrency:
            await refuse(503, f"{self.held} requests are in hand already; try again", {"Retry-After": RETRY_AFTER})(
                scope, receive, send
            )
            return
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
            await refuse(504, f"not done within {limits.timeout} seconds", {"Connection": "close"})(
                scope, receive, send
            )
        finally:
            self.held -= 1


def refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer of the schema `Problem`."""
    return JSONResponse({"detail": reason}, status, headers)
