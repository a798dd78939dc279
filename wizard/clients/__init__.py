"""One module per coding tool: its current settings in, the keys it needs out; pure."""
