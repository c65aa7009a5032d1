"""What the gateway costs as a service: `python -m benchmarks.gateway`, and how to read it in benchmarks/README.md."""
