"""Traces and metrics of requests, made of their metadata and so without content."""
