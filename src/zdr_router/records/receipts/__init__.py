"""Receipts: what was recorded, committed to and signed, so that a later change of it shows."""
