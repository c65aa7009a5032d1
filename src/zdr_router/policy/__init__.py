"""Decide: may this target serve this request now? Pure; mints clearances, and guards what leaves."""
