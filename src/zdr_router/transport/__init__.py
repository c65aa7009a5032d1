"""Send bytes, only under a clearance."""
