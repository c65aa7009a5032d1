"""Requests in wire formats other than OpenAI's, written by litellm's transformations and nothing else of litellm."""
