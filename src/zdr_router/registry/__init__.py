"""What is declared and attested: providers, configurations, their facts, and the vocabulary of requests."""

from zdr_router.registry.configuration import Configuration, Provider
from zdr_router.registry.loader import Registry, shipped_directory
from zdr_router.registry.source import Source

__all__ = ["Configuration", "Provider", "Registry", "Source", "shipped_directory"]
