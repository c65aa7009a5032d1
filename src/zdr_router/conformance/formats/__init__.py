"""A report in the formats that other tools read, one module each: a pure function from a `Report` to text."""
