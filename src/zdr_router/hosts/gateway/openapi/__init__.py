"""The gateway's OpenAPI document: what may be asked, and everything that may be answered."""
