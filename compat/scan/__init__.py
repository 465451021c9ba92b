"""Finds the pairings that people wrote into their deployment files, with the place of each."""
