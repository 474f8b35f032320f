"""How the page listens to its components: the options that every event of ours shares.

No handler is offered as an API of its own: scripts have `python app.py run`.
"""

from typing import Any

QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "queue": False,
    "api_visibility": "private",
}
"""For what answers at once: it does not wait in a queue, and no spinner covers the text."""

LIVE: dict[str, Any] = {
    "show_progress": "hidden",
    "concurrency_limit": None,
    "api_visibility": "private",
}
"""For what streams: any number of tabs at the same time."""
