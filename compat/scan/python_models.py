"""Pairings of model objects in Python: transformers, mlx-lm and llama-cpp-python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .assemble import assemble
from .found import Found, Key, Unpaired, Value
from .python_given import Made
from .python_names import Site, dotted
from .python_texts import UntoldError
from .python_values import Values
from .reading import Scope
from .traced import Traced


class Models:
    """Looks for calls that are given a second model as an object."""

    def __init__(self, values: Values, scope: Scope) -> None:
        self._values = values
        self._scope = scope

    def found(self, call: ast.Call, site: Site) -> Iterator[Found]:
        """The speculation that a call sets up with models, or without a second one."""
        name = self._values.following.imported(call.func, site)
        last = name.rpartition(".")[2]
        if last in ("Llama", "from_pretrained") and "Llama" in name.split("."):
            yield from self._llama_cpp(call, site)
        elif last in _MLX and self._from_mlx(name):
            yield from self._mlx(call, last, site)
        elif last in _GENERATING or self._is_pipeline(call.func, site):
            yield from self._transformers(call, last, site)

    def _transformers(self, call: ast.Call, last: str, site: Site) -> Iterator[Found]:
        yield from self._without_second(call)
        for drafter in self._argument(call, "assistant_model", site):
            values = self._model(drafter[0], drafter[1], Key.DRAFTER, Key.DRAFTER_REVISION)
            target = self._target(call, last, site)
            if target:
                values |= self._model(*target, Key.TARGET, Key.TARGET_REVISION)
            yield from self._made("transformers", values)

    def _without_second(self, call: ast.Call) -> Iterator[Found]:
        for keyword in call.keywords:
            off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
            if keyword.arg in ("prompt_lookup_num_tokens", "assistant_early_exit") and not off:
                yield Unpaired("transformers", keyword.arg, self._values.source.segment(keyword).origin)

    def _target(self, call: ast.Call, last: str, site: Site) -> tuple[ast.expr, Site] | None:
        """The model that generates: what `generate` is called on, or what a pipeline is made with."""
        if last != "pipeline" and isinstance(call.func, ast.Attribute) and last in _GENERATING:
            return call.func.value, site
        makers = [Made(call, site)] if last == "pipeline" else self._values.following.follow(call.func, site)
        for made in makers:
            if isinstance(made.node, ast.Call):
                given = next((one.value for one in made.node.keywords if one.arg == "model"), None)
                given = given or (made.node.args[1] if len(made.node.args) > 1 else None)
                return (given, made.site) if given else None
        return None

    def _mlx(self, call: ast.Call, last: str, site: Site) -> Iterator[Found]:
        places = ["prompt", "model", "draft_model"] if last == "speculative_generate_step" else ["model"]
        given = dict(zip(places, call.args, strict=False))
        given |= {one.arg: one.value for one in call.keywords if one.arg}
        drafters = (
            [(given["draft_model"], site)] if "draft_model" in given else self._argument(call, "draft_model", site)
        )
        for drafter in drafters:
            values = self._model(*drafter, Key.DRAFTER, Key.DRAFTER_REVISION)
            if "model" in given:
                values |= self._model(given["model"], site, Key.TARGET, Key.TARGET_REVISION)
            yield from self._made("mlx-lm", values)

    def _llama_cpp(self, call: ast.Call, site: Site) -> Iterator[Found]:
        following = self._values.following
        for drafter, at in self._argument(call, "draft_model", site):
            lookups = [
                made.node.func
                for made in following.follow(drafter, at)
                if isinstance(made.node, ast.Call) and "PromptLookup" in following.imported(made.node.func, made.site)
            ]
            if lookups:
                written = self._values.source.segment(lookups[0])
                yield Unpaired("llama.cpp", dotted(lookups[0]).rpartition(".")[2], written.origin)
                continue
            values = {Key.DRAFTER: Value(self._values.open(drafter, at))}
            for name in ("model_path", "repo_id"):
                for target, where in self._argument(call, name, site)[:1]:
                    values[Key.TARGET] = Value(self._values.text(target, where), path=name == "model_path")
            yield from self._made("llama.cpp", values)

    def _made(self, engine: str, values: dict[Key, Value]) -> Iterator[Found]:
        if found := assemble(engine, values, self._scope):
            yield found

    def _argument(self, call: ast.Call, name: str, site: Site) -> list[tuple[ast.expr, Site]]:
        """What a call gives under a name: itself, through `**`, or in the arguments of generation that it hands on."""
        following = self._values.following
        found: list[tuple[ast.expr, Site]] = []
        for keyword in call.keywords:
            if keyword.arg == name:
                found.append((keyword.value, site))
            elif keyword.arg in (None, "generate_kwargs"):
                for made in self._values.ways(keyword.value, site):
                    given = [(one.node, one.site) for one in following.entry(made, name)]
                    found += [(node, at) for node, at in given if isinstance(node, ast.expr)]
        return found

    def _model(self, node: ast.expr, site: Site, key: Key, revision: Key) -> dict[Key, Value]:
        """The name and the revision that a model object is loaded by; nothing for None."""
        made = self._values.ways(node, site)
        if all(isinstance(one.node, ast.Constant) and not one.node.value and not one.open for one in made):
            return {}
        try:
            loads = [self._loaded(one) for one in made]
        except UntoldError:
            loads = []
        if len({tuple(part.text for part in load) for load in loads}) != 1:
            where = self._name(made[0]) if len(made) == 1 else None
            return {key: Value(self._values.open(where, made[0].site) if where else self._values.open(node, site))}
        name, commit = loads[0]
        return {key: Value(name), **({revision: Value(commit)} if commit else {})}

    def _loaded(self, made: Made) -> tuple[Traced, Traced]:
        """Name and revision of what one call loads.

        Raises:
            UntoldError: if it is no call that is known to load a model by its name.
        """
        values, nothing = self._values, Traced("", (), 0)
        name = self._name(made)
        if name is None:
            raise UntoldError
        if not isinstance(made.node, ast.Call):
            return values.told(name, made.site), nothing
        values.used.add(id(made.node))
        commit = next((one.value for one in made.node.keywords if one.arg == "revision"), None)
        return values.told(name, made.site), values.text(commit, made.site) if commit else nothing

    def _name(self, made: Made) -> ast.expr | None:
        """The expression of the name that a model is loaded by; None where no call is known to load one."""
        call = made.node
        if isinstance(call, ast.Constant) and isinstance(call.value, str):
            return call
        if not isinstance(call, ast.Call):
            return None
        given = {one.arg: one.value for one in call.keywords}
        loader = self._values.following.imported(call.func, made.site)
        first = call.args[0] if call.args else None
        match loader.rpartition(".")[2]:
            case "from_pretrained" if "Peft" not in loader and made.take == ():
                return first or given.get("pretrained_model_name_or_path")
            case "load" if made.take in ((0,), ()):
                return first or given.get("path_or_hf_repo")
            case "pipeline" if made.take == ():
                return given.get("model") or (call.args[1] if len(call.args) > 1 else None)
        return None

    def _is_pipeline(self, func: ast.expr, site: Site) -> bool:
        """Whether a pipeline is called that was made before."""
        ends = self._values.following.follow(func, site) if isinstance(func, ast.Name | ast.Attribute) else []
        return any(
            isinstance(end.node, ast.Call)
            and self._values.following.imported(end.node.func, end.site).rpartition(".")[2] == "pipeline"
            for end in ends
        )

    def _from_mlx(self, name: str) -> bool:
        return name.startswith("mlx_lm") or "mlx_lm" in self._values.source.text.text


_MLX = ("generate", "stream_generate", "speculative_generate_step")
_GENERATING = ("generate", "pipeline", "GenerationConfig")
