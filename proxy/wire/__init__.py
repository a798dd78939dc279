"""Wire protocols as pure codecs: bytes to the neutral language and back, no I/O."""
