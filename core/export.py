"""A run's graph in the formats that other programs read."""

import io
import json
import re

import networkx as nx

# What XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def node_link(graph: "nx.DiGraph[str]") -> str:
    """JSON in the node-link form of networkx."""
    return json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False, indent=1)


def graphml(graph: "nx.DiGraph[str]") -> str:
    """GraphML. What is not known is left out; characters that XML cannot hold become U+FFFD."""
    plain: nx.DiGraph[str] = nx.DiGraph()
    for node, data in graph.nodes(data=True):
        plain.add_node(node, **{k: _plain(v) for k, v in data.items() if v is not None})
    plain.add_edges_from(graph.edges)
    written = io.BytesIO()
    nx.write_graphml(plain, written, encoding="utf-8")
    return written.getvalue().decode("utf-8")


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _NOT_XML.sub("\ufffd", value)
    return value if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)
