"""What is kept of a request: metadata, never content."""
