"""A checked pair, rendered. One file per medium; each is a pure function of the report."""
