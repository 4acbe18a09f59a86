"""The exams of games without a solved equilibrium, one file a game."""
