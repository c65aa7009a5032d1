"""Checks on registries and providers; everything a CI runs."""
