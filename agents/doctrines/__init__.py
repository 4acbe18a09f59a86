"""Scripted strategies from the literature, one file per game."""
