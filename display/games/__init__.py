"""Figures and pictures, one file a game."""
