"""Scripted strategies from the literature, one file a game."""
