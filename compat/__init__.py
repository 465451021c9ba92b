"""Checks whether a drafter fits a target."""
