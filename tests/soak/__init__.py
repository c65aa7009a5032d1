"""A soak: many requests through one router to upstreams that fail in every way, for as long as one likes.

    PYTHONPATH=tests python -m soak --seconds 1800 --seed 1

Memory stays flat, nothing is left open, every request has one record, every attempt is in one, content is in none.
"""
