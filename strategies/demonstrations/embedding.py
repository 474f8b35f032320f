"""Which embedding is had here."""

from strategies.demonstrations.tfidf import TfIdf
from strategies.demonstrations.vectors import Embedder

__all__ = ["Embedder", "embedder"]


def embedder() -> Embedder:
    """The embedding for this machine."""
    return TfIdf("embedding.tfidf")
