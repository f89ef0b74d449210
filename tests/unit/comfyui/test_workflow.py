"""Filling in a workflow: the shipped ones, inferred ones, and files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwenedit_worker.comfyui import BoundWorkflow, Workflow, WorkflowFileError, WorkflowRejected, workflow_path
from qwenedit_worker.comfyui.workflow.sizes import Size

WORKFLOWS = Path(__file__).parents[3] / "services/comfyui/workflows"
QWEN = ["qwen-image-edit-2511-fast", "qwen-image-edit-2511-quality"]


BINDING = {
    "images": [{"node": "1", "input": "image"}],
    "prefix": {"node": "2", "input": "filename_prefix"},
    "output": "2",
}


def write(folder: Path, graph: object, **binding: object) -> Path:
    path = folder / "graph.json"
    path.write_text(json.dumps(graph))
    (folder / "graph.binding.json").write_text(json.dumps(BINDING | binding))
    return path


def node(class_type: str, **inputs: object) -> dict[str, object]:
    return {"class_type": class_type, "inputs": inputs}


def minimal() -> dict[str, dict[str, object]]:
    return {"1": node("LoadImage", image="x.png"), "2": node("SaveImage", images=["1", 0], filename_prefix="x")}


@pytest.mark.parametrize("name", QWEN)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_absent_pictures_leave_neither_node_nor_input(name: str, count: int) -> None:
    workflow = Workflow.load(WORKFLOWS / f"{name}.json")
    names = [f"job/1/{n}.png" for n in range(count)]

    bound = workflow.bind(images=names, prompt="make it snow", seed=7, prefix="job/1/edited")

    graph = json.loads(json.dumps(bound.graph))
    assert [n["inputs"]["image"] for n in graph.values() if n["class_type"] == "LoadImage"] == names
    encoders = [n["inputs"] for n in graph.values() if n["class_type"] == "TextEncodeQwenImageEditPlus"]
    assert [sorted(k for k in e if k.startswith("image")) for e in encoders] == [
        [f"image{n + 1}" for n in range(count)]
    ] * 2
    assert [e["prompt"] for e in encoders] == ["make it snow", ""]
    assert graph[bound.output_node]["inputs"]["filename_prefix"] == "job/1/edited"
    assert next(n["inputs"]["seed"] for n in graph.values() if n["class_type"] == "KSampler") == 7


@pytest.mark.parametrize("name", [*QWEN, "qwen-image-edit-2509-fast", "flux-1-kontext-dev"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_first_picture_is_the_first_reference_and_gives_the_latent_its_size(name: str, count: int) -> None:
    bound = Workflow.load(WORKFLOWS / f"{name}.json").bind(images=["a"] * count, prompt="", seed=0, prefix="p")
    graph = json.loads(json.dumps(bound.graph))
    references = {i: n["inputs"] for i, n in graph.items() if n["class_type"] == "ReferenceLatent"}

    sampler = next(n["inputs"] for n in graph.values() if n["class_type"] == "KSampler")
    firsts = [each for each in references.values() if each["conditioning"][0] not in references]
    assert firsts
    assert {tuple(each["latent"]) for each in firsts} == {tuple(sampler["latent_image"])}
    latents = [each["latent"][0] for each in references.values() if "latent" in each]
    assert len(set(latents)) == count
    assert all("vae" not in n["inputs"] for n in graph.values() if n["class_type"] == "TextEncodeQwenImageEditPlus")


def test_sizes_of_pictures_are_filled_in_where_the_binding_says() -> None:
    workflow = Workflow.load(WORKFLOWS / f"{QWEN[0]}.json")
    sizes = [Size(300, 6000), Size(1600, 900)]

    bound = workflow.bind(images=["a", "b"], prompt="", seed=0, prefix="p", sizes=sizes)

    graph = json.loads(json.dumps(bound.graph))
    sides = {i: (n["inputs"]["width"], n["inputs"]["height"]) for i, n in graph.items() if "width" in n["inputs"]}
    assert sides == {"24": (102, 2048), "27": (1360, 768), "43": (102, 2048), "44": (102, 2040)}
    assert [graph["26"]["inputs"][side] for side in ("left", "top", "right", "bottom")] == [205, 0, 205, 0]
    assert (graph["43"]["inputs"]["x"], graph["43"]["inputs"]["y"]) == (205, 0)


def test_graphs_own_sizes_stay_where_a_picture_cannot_be_read() -> None:
    workflow = Workflow.load(WORKFLOWS / f"{QWEN[0]}.json")
    plain = workflow.bind(images=["a"], prompt="", seed=0, prefix="p")
    assert workflow.bind(images=["a"], prompt="", seed=0, prefix="p", sizes=[None]) == plain


@pytest.mark.parametrize(
    ("name", "photo", "parameters", "matters"),
    [
        (QWEN[0], Size(6000, 4000), {}, False),  # its canvas is one megapixel, whatever the photo
        ("an operator's own", Size(6000, 4000), {}, True),
        ("an operator's own", Size(640, 480), {}, False),
        ("larger", Size(640, 480), {}, True),
        ("larger", Size(640, 480), {"megapixels": 1}, False),
        ("larger", Size(640, 480), {"megapixels": 6}, True),
    ],
)
def test_size_of_a_picture_matters_to_the_memory_only_where_the_graph_works_at_it(
    name: str, photo: Size, parameters: dict[str, float], *, matters: bool, tmp_path: Path
) -> None:
    shipped = WORKFLOWS / f"{name}.json"
    workflow = Workflow.load(shipped if shipped.exists() else write(tmp_path, minimal()))
    bound = workflow.bind(images=["a"], prompt="", seed=0, prefix="p", parameters=parameters, sizes=[photo])
    assert bound.size_matters is matters


def test_prompt_with_quotes_and_braces_arrives_as_it_is() -> None:
    text = 'say "hi" {seed} \\ %date% \n'
    bound = Workflow.load(WORKFLOWS / f"{QWEN[0]}.json").bind(images=["a"], prompt=text, seed=0, prefix="p")

    assert json.loads(json.dumps(bound.graph))["30"]["inputs"]["prompt"] == text


def test_picture_that_the_output_needs_cannot_be_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "1": node("LoadImage", image="a"),
            "2": node("LoadImage", image="b"),
            "3": node("ImageBatch", image1=["1", 0], image2=["2", 0]),
            "4": node("SaveImage", images=["3", 0], filename_prefix="x"),
        },
        images=[{"node": "1", "input": "image"}, {"node": "2", "input": "image"}],
        prefix={"node": "4", "input": "filename_prefix"},
        output="4",
    )
    workflow = Workflow.load(path)

    with pytest.raises(WorkflowRejected, match=r"graph with 1 picture\(s\): node 4 \(SaveImage\), input images"):
        workflow.bind(images=["a"], prompt="", seed=0, prefix="p")


def test_node_between_an_absent_picture_and_an_optional_input_goes_too(tmp_path: Path) -> None:
    graph = minimal() | {
        "3": node("LoadImage", image="b"),
        "4": node("ImageScale", image=["3", 0]),
        "5": node("TextEncodeQwenImageEditPlus", prompt="", image1=["1", 0], image2=["4", 0]),
    }

    images = [{"node": "1", "input": "image"}, {"node": "3", "input": "image"}]
    path = write(tmp_path, graph, images=images, prompt={"node": "5", "input": "prompt"})

    bound = Workflow.load(path).bind(images=["a"], prompt="x", seed=0, prefix="p")

    assert set(bound.graph) == {"1", "2", "5"}
    assert bound.graph["5"] == node("TextEncodeQwenImageEditPlus", prompt="x", image1=["1", 0])


def test_editor_format_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(WorkflowFileError, match=r"graph\.json.*Export \(API\)"):
        Workflow.load(write(tmp_path, {"nodes": [], "links": []}))


@pytest.mark.parametrize(("graph", "words"), [([], "not in API format"), ({"1": {"inputs": {}}}, r"1\.class_type")])
def test_unusable_graph_is_refused_with_its_file(tmp_path: Path, graph: object, words: str) -> None:
    with pytest.raises(WorkflowFileError, match=f"(?s)graph.json.*{words}"):
        Workflow.load(write(tmp_path, graph))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": [{"node": "7", "input": "image"}]}, "node 7, input image"),
        ({"prefix": {"node": "2", "input": "name"}}, "node 2, input name: SaveImage has no such input"),
        ({"prefix": {"node": "2", "input": "images"}}, "node 2, input images: is linked"),
        ({"output": "8"}, "output node 8"),
        ({"promt": None}, "promt"),
        ({"images": []}, "images"),
        ({"sizes": {"pictures": ["9"]}}, "node 9, input width: the graph has no such node"),
        ({"sizes": {"pictures": ["1"]}}, "node 1, input width: LoadImage has no such input in the graph"),
        ({"sizes": {"result": "2"}}, "node 2, input width: SaveImage has no such input in the graph"),
        ({"sizes": {"pictures": ["1"], "pad": "1"}}, "pad and crop belong together"),
        ({"sizes": {"pad": "1", "crop": "1"}}, "pad needs the first picture's node"),
        ({"sizes": {"megapixels": 17}}, "less than or equal to 16"),
        ({"parameters": {"own": {"node": "9", "input": "name"}}}, "node 9, input name: the graph has no such node"),
        ({"parameters": {"own": {"node": "2", "input": "images"}}}, "is linked"),
    ],
)
def test_binding_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(WorkflowFileError, match=rf"^[^\n]*graph\.binding\.json: [^\n]*{words}[^\n]*$"):
        Workflow.load(write(tmp_path, minimal(), **change))


def test_missing_binding_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path, minimal())
    path.with_name("graph.binding.json").unlink()
    with pytest.raises(WorkflowFileError, match=r"graph\.binding\.json: .*write it as “A workflow of your own”"):
        Workflow.load(path)


def bound_with(workflow: Workflow, **parameters: float | str) -> BoundWorkflow:
    return workflow.bind(images=["a"], prompt="", seed=0, prefix="p", parameters=parameters)


def styled(folder: Path) -> Workflow:
    graph = minimal() | {"3": node("Style", style="oil", note="", strength=1)}
    parameters = {
        "style": {"node": "3", "input": "style", "choices": ["oil", "ink"]},
        "note": {"node": "3", "input": "note"},
        "strength": {"node": "3", "input": "strength", "min": 0.5},
    }
    return Workflow.load(write(folder, graph, parameters=parameters))


def test_job_has_its_own_steps_and_cfg_where_the_binding_names_them() -> None:
    workflow = Workflow.load(WORKFLOWS / f"{QWEN[1]}.json")

    bound = bound_with(workflow, steps=30, cfg=2.5)

    sampler = json.loads(json.dumps(bound.graph))["40"]["inputs"]
    assert (sampler["steps"], sampler["cfg"]) == (30, 2.5)
    assert bound.steps == 30
    assert bound_with(workflow).steps == 40


def test_texts_and_numbers_go_to_the_inputs_that_the_binding_names(tmp_path: Path) -> None:
    bound = bound_with(styled(tmp_path), style="ink", note="softly", strength=0.75)

    assert bound.graph["3"] == node("Style", style="ink", note="softly", strength=0.75)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"stile": "ink"}, "has no parameter 'stile'; its binding names style, note, strength"),
        ({"style": "pop"}, r"parameter style \(node 3, input style\): 'pop' is none of oil, ink"),
        ({"style": 3}, "3 is none of oil, ink"),
        ({"strength": 0.25}, r"parameter strength \(node 3, input strength\): 0.25 is below 0.5"),
        ({"strength": "much"}, "'much' is no number"),
        ({"note": 3}, "3 is not of the kind of ''"),
    ],
)
def test_parameter_that_the_binding_forbids_is_refused_with_node_and_input(
    tmp_path: Path, parameters: dict[str, float | str], words: str
) -> None:
    with pytest.raises(WorkflowRejected, match=rf"workflow graph.*{words}"):
        bound_with(styled(tmp_path), **parameters)


@pytest.mark.parametrize(
    "name", [*QWEN, "qwen-image-edit-2509-fast", "flux-1-kontext-dev", "larger", "invert-model-free"]
)
def test_smallest_edit_loads_the_same_models_and_takes_one_step_on_a_small_canvas(name: str) -> None:
    workflow = Workflow.load(WORKFLOWS / f"{name}.json")
    small = workflow.smallest()
    names = ["a"] * workflow.max_images

    bound = small.bind(images=names, prompt="", seed=0, prefix="p", sizes=[Size(256, 256)] * len(names))

    whole = workflow.bind(images=names, prompt="", seed=0, prefix="p")
    assert bound.loaders == whole.loaders
    assert bound.steps == min(1, whole.steps)
    for each in json.loads(json.dumps(bound.graph)).values():
        if each["class_type"] == "ImageScale":
            assert (each["inputs"]["width"], each["inputs"]["height"]) == (256, 256)


def test_workflow_is_a_name_in_the_folder_or_a_path() -> None:
    folder = Path("/app/workflows")
    assert workflow_path("qwen-image-edit-2511-fast", folder) == folder / "qwen-image-edit-2511-fast.json"
    assert workflow_path("/home/me/mine.json", folder) == Path("/home/me/mine.json")
    for bad in ("../secret", "a/b", ".hidden"):
        with pytest.raises(WorkflowFileError):
            workflow_path(bad, folder)
