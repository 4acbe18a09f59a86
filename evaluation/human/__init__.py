"""A person rules a power: the game at a table of people and strategies, and its local page."""
