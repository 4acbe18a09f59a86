"""Adapters: worlds as PettingZoo, Gymnasium and Stable-Baselines3 environments."""
