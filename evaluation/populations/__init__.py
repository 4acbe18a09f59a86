"""Learned populations: payoffs, episodes, metrics, exams, tournaments, exploitability."""
