"""What a person is told of a game, one file a game."""
