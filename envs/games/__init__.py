"""One file a game: its parameters, its world, its dynamics, its equations."""
