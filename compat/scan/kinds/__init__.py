"""One file per kind of file: its text → commands and settings, with their places."""
