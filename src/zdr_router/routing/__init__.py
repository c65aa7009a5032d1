"""Choose: in which order, and where next. Pure."""
