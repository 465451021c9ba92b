"""What a mapping starts: a container's words, image and environment, as orchestrators and editors spell them.

Kubernetes has `command` and `args`, compose `entrypoint` and `command`, an editor `program` or `module` and `args`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .nodes import Node, get, text_of, texts
from .reading import Branch, Items, Scope
from .traced import Traced, joined

# In the order in which a program gets them.
PARTS = ("entrypoint", "runtimeExecutable", "program", "module", "command", "cmd", "runtimeArgs", "args", "arguments")
ENVIRONMENTS = "env environment envs envVars extraEnv extraEnvVars variables vars containerEnv remoteEnv".split()
_MODELS = (
    "modelURL modelUrl model_url model modelId modelID model_id modelPath model_path storageUri modelName model_name"
)
_PUT_IN = re.compile(r"(?<!\$)\$\((?P<kubernetes>[A-Za-z_][\w.-]*)\)|\$\{\{\s*(?P<workflow>env\.[A-Za-z_]\w*)\s*\}\}")
_NAMES_MODEL = re.compile(r"--model(?:[-_](?:path|id|repo))?(?:=|$)|-m$|-hf|--hf-repo")
_FLAG_AND_VALUE = re.compile(r"(--?[A-Za-z][\w.-]*)\s+(?=\S)")
ConfigMaps = Mapping[str, Mapping[str, Traced]]  # by name, what the file's own maps hold


def environment_of(branch: Branch, maps: ConfigMaps) -> Mapping[str, Traced]:
    """The variables that a mapping sets: as a mapping, as a list of names and values, as a list of `NAME=value`."""
    found: dict[str, Traced] = {}
    if isinstance(sources := get(branch, "envFrom"), Items):
        for source in sources.nodes:
            found |= maps.get(_reference(source, "configMapRef")[0], {})
    for key in ENVIRONMENTS:
        match get(branch, key):
            case Branch(entries):
                found |= {name: value for name, (_, value) in entries.items() if isinstance(value, Traced)}
            case Items(nodes):
                found |= dict(_listed(nodes, maps))
    return found


def config_maps(documents: Sequence[Node]) -> ConfigMaps:
    """What the ConfigMaps of a file hold, by their names."""
    found = {}
    for document in documents:
        if isinstance(document, Branch) and (kind := text_of(document, "kind")) and kind.text == "ConfigMap":
            metadata, data = get(document, "metadata"), get(document, "data")
            name = text_of(metadata, "name") if isinstance(metadata, Branch) else None
            if name and isinstance(data, Branch):
                held = ((key, value) for key, (_, value) in data.entries.items())
                found[name.text] = {key: value for key, value in held if isinstance(value, Traced)}
    return found


def _listed(nodes: Sequence[Node], maps: ConfigMaps) -> Iterator[tuple[str, Traced]]:
    for node in nodes:
        if isinstance(node, Traced):
            name, sign, value = node.text.partition("=")
            if sign:
                yield name, node.cut(len(node.text) - len(value))
        elif isinstance(node, Branch) and (variable := text_of(node, "name")):
            held = get(node, "value")
            if held is None and isinstance(source := get(node, "valueFrom"), Branch):
                map_name, key = _reference(source, "configMapKeyRef")
                held = maps.get(map_name, {}).get(key)
            if isinstance(held, Traced):
                yield variable.text, held


def _reference(node: Node, kind: str) -> tuple[str, str]:
    """The map and the key in it that a reference names."""
    reference = get(node, kind) if isinstance(node, Branch) else None
    if not isinstance(reference, Branch):
        return "", ""
    name, key = text_of(reference, "name"), text_of(reference, "key")
    return name.text if name else "", key.text if key else ""


def image_of(branch: Branch) -> str:
    """The container image of a mapping, in one text or taken apart as Helm charts do; empty where it has none."""
    image = get(branch, "image", "repository")
    if isinstance(image, Branch):
        image = text_of(image, "repository", "name")
    return image.text if isinstance(image, Traced) else ""


def model_of(branch: Branch) -> Traced | None:
    """The model that a mapping names beside the arguments that it adds, as Helm values do."""
    found = text_of(branch, *_MODELS.split())
    return found.cut(len("hf://")) if found and found.text.startswith("hf://") else found


def entry(branch: Branch) -> dict[str, Node]:
    """The parts of the command line that a mapping holds, in the order in which a program gets them."""
    found: dict[str, Node] = {}
    for key in PARTS:
        value = get(branch, key)
        if (isinstance(value, Traced) and value) or texts(value) is not None:
            assert value is not None  # noqa: S101 - for the type checker
            found[key] = value
    return found


def before_shell(script: Traced, scope: Scope) -> Traced:
    """A script as its shell gets it: Kubernetes has put in `$(NAME)`, a workflow `${{ env.NAME }}`, where known."""
    parts: list[Traced] = []
    place = 0
    for found in _PUT_IN.finditer(script.text):
        value = scope.value(found["kubernetes"] or found["workflow"], script.cut(found.start()).origin)
        if value is not None:
            parts += [script.cut(place, found.start()), value]
            place = found.end()
    return joined([*parts, script.cut(place)], script.origin) if parts else script


def with_model(words: Sequence[Traced], model: Traced | None) -> Sequence[Traced]:
    """Arguments alone, with the model that stands beside them in the file if they name none."""
    if model is None or not words[0].text.startswith("-") or any(_NAMES_MODEL.match(word.text) for word in words):
        return words
    return [Traced.placed("--model", model.origin), model, *words]


def flag_and_value(word: Traced) -> Sequence[Traced]:
    """A flag and its value that stand in one text, as charts that join them allow."""
    found = _FLAG_AND_VALUE.match(word.text)
    return (word.cut(0, found.end(1)), word.cut(found.end()).stripped()) if found else (word,)
