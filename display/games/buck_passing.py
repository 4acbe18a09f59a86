"""What the report shows of `buck_passing`: bars of its outcomes, as of any game."""
