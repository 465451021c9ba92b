"""Files that a manifest holds itself and mounts where a program reads them: ConfigMaps, the `configs` of compose.

https://kubernetes.io/docs/concepts/configuration/configmap/ and https://docs.docker.com/reference/compose-file/configs/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .containers import ConfigMaps
from .errors import UnreadError
from .nodes import Node, get, text_of
from .reading import Branch, Items
from .traced import Traced

_MOST = 500


def held_files(documents: Sequence[Node], maps: ConfigMaps) -> ConfigMaps:
    """What a file's ConfigMaps and `configs` hold, by their names and the names of the files in them.

    Raises:
        UnreadError: if they hold more than any honest file.
    """
    found = dict(maps)
    for document in documents:
        configs = get(document, "configs") if isinstance(document, Branch) else None
        for name, (_, config) in configs.entries.items() if isinstance(configs, Branch) else ():
            if isinstance(config, Branch) and (content := text_of(config, "content")):
                found[name] = {name: content}
    if sum(len(files) for files in found.values()) > _MOST:
        raise UnreadError(f"holds more than {_MOST} files in its ConfigMaps")
    return found


def files_of(branch: Branch, held: ConfigMaps) -> Mapping[str, Traced]:
    """The files that a pod's volumes or a service's `configs` mount, by name; none where a mapping mounts none."""
    return dict(_mounted(branch, held))


def _mounted(branch: Branch, held: ConfigMaps) -> Iterator[tuple[str, Traced]]:
    volumes, configs = get(branch, "volumes"), get(branch, "configs")
    for volume in volumes.nodes if isinstance(volumes, Items) else ():
        source = get(volume, "configMap") if isinstance(volume, Branch) else None
        if isinstance(source, Branch) and (name := text_of(source, "name")):
            files = held.get(name.text, {})
            yield from files.items()
            yield from _renamed(get(source, "items"), "key", "path", files)
    for config in configs.nodes if isinstance(configs, Items) else ():
        if isinstance(config, Traced):
            yield from held.get(config.text, {}).items()
        elif isinstance(config, Branch) and (name := text_of(config, "source")):
            files = held.get(name.text, {})
            yield from files.items()
            yield from _renamed(Items((config,)), "source", "target", files)


def _renamed(node: Node | None, key: str, path: str, files: Mapping[str, Traced]) -> Iterator[tuple[str, Traced]]:
    for item in node.nodes if isinstance(node, Items) else ():
        name, target = (text_of(item, key), text_of(item, path)) if isinstance(item, Branch) else (None, None)
        if name and target and name.text in files:
            yield target.text, files[name.text]
