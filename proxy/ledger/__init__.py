"""The append-only record of requests and gateway keys; the only room that knows SQL."""
