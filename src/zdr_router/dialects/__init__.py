"""Speak: the wire formats of providers, as pure codecs."""
