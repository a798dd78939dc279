"""Finds model servers, keys and clients on this machine; it only reads."""
