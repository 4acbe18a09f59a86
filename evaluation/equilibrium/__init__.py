"""Solved games: learned profiles compared with equilibria."""
