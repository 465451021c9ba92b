"""A Hub on loopback: real HTTP for the tests, which count what a client asks of it."""
