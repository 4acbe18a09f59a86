"""Signed predictions: plan, replication, estimation, verdicts."""
