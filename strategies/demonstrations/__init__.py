"""Demonstrations that a model writes for itself: how their questions are chosen from a pool."""
