"""Measure what a cleared call costs, next to what people use instead; see README.md beside this file."""
