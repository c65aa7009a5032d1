"""Subjects that speak OpenAI's chat completions over HTTP: an ASGI application, or a command that listens."""
