"""The vendor's own Gemini client, pointed at a server of a test's."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx
from google import genai
from google.genai import types
from google.genai.client import AsyncClient


@contextlib.asynccontextmanager
async def gemini_client(url: str, key: str) -> AsyncIterator[AsyncClient]:
    """The client; one attempt, and over httpx: with aiohttp it warns of itself."""
    async with httpx.AsyncClient() as line:
        options = types.HttpOptions(base_url=url, httpx_async_client=line)
        client = genai.Client(api_key=key, http_options=options)
        try:
            yield client.aio
        finally:
            client.close()
