"""A project: the pairings that it declares and those found in its files, the gate over them, and its lock."""
