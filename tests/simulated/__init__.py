"""A world of callers, workers and providers in virtual time, around the real engine, clearing, health and trust."""
