"""Answers in wire formats other than OpenAI's, read as strictly as OpenAI's own and given in OpenAI's shape."""
