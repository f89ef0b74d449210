from __future__ import annotations

from comfyui_simulator.execution.cache import signatures
from comfyui_simulator.nodes.graph import output_prefix, prompt_text, read_graph

DIAMOND = {
    "save": {"class_type": "SaveImage", "inputs": {"images": ["join", 0], "filename_prefix": "j/1/x"}},
    "join": {"class_type": "Join", "inputs": {"a": ["left", 0], "b": ["right", 0]}},
    "left": {"class_type": "Left", "inputs": {"image": ["load", 0]}},
    "right": {"class_type": "Right", "inputs": {"image": ["load", 0]}},
    "load": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "idle": {"class_type": "Left", "inputs": {"image": ["load", 0]}},
}


def order(*known):
    graph = read_graph(DIAMOND, ("save",))
    return [node.id for node in graph.ancestors_first(finished=lambda node_id: node_id in known)]


def test_nodes_come_after_what_they_need_and_unneeded_ones_not_at_all():
    assert order() == ["load", "left", "right", "join", "save"]


def test_node_behind_a_cached_result_is_not_executed():
    assert order("left", "load") == ["right", "join", "save"]
    assert order("join") == ["save"]


def test_known_target_is_still_listed():
    assert order("save", "join", "left", "right", "load") == ["save"]


def test_signature_changes_with_anything_upstream_and_with_nothing_else():
    def of(prompt, content="x"):
        return signatures(read_graph(prompt, ("save",)), lambda _: content)

    base = of(DIAMOND)
    assert of(DIAMOND) == base
    assert of(DIAMOND, "y")["save"] != base["save"]
    other_prefix = DIAMOND | {"save": {**DIAMOND["save"], "inputs": {"images": ["join", 0], "filename_prefix": "k"}}}
    assert of(other_prefix)["save"] != base["save"]
    assert of(other_prefix)["join"] == base["join"]


def test_node_is_recognised_under_another_id():
    renamed = {
        "9": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "p"}},
        "5": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    }
    assert (
        signatures(read_graph(renamed, ("9",)), lambda _: "x")["5"]
        in signatures(read_graph(DIAMOND, ("save",)), lambda _: "x").values()
    )


def test_prompt_is_known_by_its_longest_text_and_the_prefix_of_its_output():
    prompt = DIAMOND | {
        "yes": {"class_type": "TextEncodeQwenImageEditPlus", "inputs": {"prompt": "make it snow"}},
        "no": {"class_type": "TextEncodeQwenImageEditPlus", "inputs": {"prompt": ""}},
    }
    assert prompt_text(prompt) == "make it snow"
    assert output_prefix(prompt) == "j/1/x"
    assert (prompt_text({}), output_prefix({"1": {}})) == ("", "")
