"""Decides where a prompt may go, and shows it."""

__version__ = "0.1.0"
