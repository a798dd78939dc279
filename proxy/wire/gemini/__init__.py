"""The Gemini protocol (`generateContent`), both sides of it, no I/O."""
