"""A run's graph in other programs' formats."""

import json
import xml.etree.ElementTree as ElementTree

import networkx as nx

from core.engine import Sampling
from core.events import Delta, Marked, Opened, Prompted, Scored
from core.export import graphml, node_link
from tests.core.builders import folded

HOSTILE = "<b>&\x00\x0b\ufffe]]> ${x} 想"


def graph():
    return folded(
        Opened("0", (), "state", HOSTILE),
        Opened("0.0", ("0",), "proposal"),
        Prompted("0.0", "Q", Sampling()),
        Delta("0.0", HOSTILE, 3),
        Opened("0.1", ("0", "0.0"), "state", "a thought"),
        Scored("0.1", 20.002, (20.0, 0.002)),
        Marked("0.1", "kept"),
    ).to_networkx()


def test_node_link_json_is_read_back_as_the_same_graph():
    made = graph()
    read = nx.node_link_graph(json.loads(node_link(made)), edges="edges")
    assert nx.utils.graphs_equal(read, made)
    assert read.nodes["0"]["label"] == HOSTILE


def test_graphml_holds_every_node_edge_and_value_that_is_known():
    read = nx.parse_graphml(graphml(graph()))
    assert set(read.edges) == {("0", "0.0"), ("0", "0.1"), ("0.0", "0.1")}
    assert read.nodes["0.1"]["value"] == 20.002
    assert read.nodes["0.1"]["status"] == "kept"
    assert "value" not in read.nodes["0"]


def test_graphml_is_xml_whatever_a_model_wrote():
    root = ElementTree.fromstring(graphml(graph()))
    assert "<b>&\ufffd\ufffd\ufffd]]> ${x} 想" in "".join(root.itertext())
