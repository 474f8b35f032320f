"""What a text that has not begun waits for: a long prompt takes a slow processor many seconds."""

from components.texts import Text
from core.trace import Trace, TraceNode


def awaited(node: TraceNode, text: Text) -> str:
    """The prompt's being read, as far as the engine tells, or the engine."""
    return _reading(node, text) if node.prompt_read else text("awaited.engine")


def being_read(trace: Trace, text: Text) -> str:
    """The prompt that is being read while no text is being written; "" if there is none."""
    asked = [node for node in trace.nodes.values() if node.calls and node.closed is None]
    if any(node.first_token is not None for node in asked):
        return ""
    return next((_reading(node, text) for node in asked if node.prompt_read), "")


def _reading(node: TraceNode, text: Text) -> str:
    assert node.prompt_read is not None
    done, total = node.prompt_read
    return text("awaited.prompt", done=f"{done:,}", total=f"{total:,}")
