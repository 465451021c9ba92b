"""Pairings in Python code: found where they are written, with nothing run and nothing invented."""

import contextlib
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.found import Key, Pairing, Unpaired
from specdec_check.compat.scan.kinds.python_file import found
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.traced import Traced

# In each shape, ¦ stands before the first character of the drafter's name (or of a method that needs no pair).
PAIRS = {
    "a dict": (
        'llm = LLM(model="t/t", speculative_config={"model": "¦d/d", "num_speculative_tokens": 5})',
        ("vllm", "t/t", "d/d"),
    ),
    "positional": (
        'LLM("t/t", speculative_config=dict(model="¦d/d", num_speculative_tokens=5))',
        ("vllm", "t/t", "d/d"),
    ),
    "older": ('vllm.LLM(model="t/t", speculative_model="¦d/d", num_speculative_tokens=5)', ("vllm", "t/t", "d/d")),
    "a JSON string": (
        """EngineArgs(model="t/t", speculative_config='{"model": "¦d/d", "num_speculative_tokens": 5}')""",
        ("vllm", "t/t", "d/d"),
    ),
    "json.dumps": (
        """
        spec = {"model": "¦d/d", "num_speculative_tokens": 5}
        AsyncEngineArgs(model="t/t", speculative_config=json.dumps(spec))
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "constants": (
        """
        TARGET = "t/t"
        DRAFT: str = '¦d/d'
        def main():
            return LLM(TARGET, speculative_config={"model": DRAFT, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "keywords in a dict": (
        """
        kwargs = {"model": "t/t", "max_model_len": 4096}
        kwargs["speculative_config"] = {"model": "¦d/d", "num_speculative_tokens": 3}
        llm = LLM(**kwargs)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "keywords that are added perhaps": (
        """
        kwargs = dict(model="t/t")
        if args.fast:
            kwargs.update(speculative_config={"model": "¦d/d", "num_speculative_tokens": 3})
        llm = LLM(**kwargs)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a configuration object": (
        'LLM(model="t/t", speculative_config=SpeculativeConfig(model="¦d/d", num_speculative_tokens=5))',
        ("vllm", "t/t", "d/d"),
    ),
    "a parameter's default": (
        """
        def serve(target="t/t", draft="¦d/d"):
            LLM(model=target, speculative_config={"model": draft, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a call": (
        """
        def serve(target, draft=None):
            LLM(model=target, speculative_config={"model": draft, "num_speculative_tokens": 5})
        serve("t/t", draft="¦d/d")
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "attributes": (
        """
        class Server:
            TARGET = "t/t"
            def __init__(self):
                self.draft = "¦d/d"
            def start(self):
                LLM(model=self.TARGET, speculative_config={"model": self.draft, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a constructor": (
        """
        class Server:
            def __init__(self, draft):
                self.draft = draft
            def start(self):
                LLM(model="t/t", speculative_config={"model": self.draft, "num_speculative_tokens": 5})
        Server("¦d/d").start()
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a dataclass": (
        """
        @dataclass
        class Config:
            target: str = "t/t"
            draft: str = field(default="¦d/d")
        config = Config()
        LLM(model=config.target, speculative_config={"model": config.draft, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a dict of names": (
        """
        MODELS = {"target": "t/t", "draft": {"small": "¦d/d"}}
        LLM(model=MODELS["target"], speculative_model=MODELS["draft"].get("small"), num_speculative_tokens=5)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "the environment's default": (
        """
        DRAFT = os.environ.get("DRAFT", "¦d/d")
        LLM(model=os.getenv("TARGET", "t/t"), speculative_model=DRAFT, num_speculative_tokens=5)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "the environment or": (
        'LLM("t/t", speculative_model=os.environ.get("DRAFT") or "¦d/d", num_speculative_tokens=5)',
        ("vllm", "t/t", "d/d"),
    ),
    "argparse": (
        """
        parser.add_argument("--model", default="t/t")
        parser.add_argument("-d", "--draft-model", type=str, default="¦d/d")
        args = parser.parse_args()
        LLM(args.model, speculative_config={"model": args.draft_model, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "click": (
        """
        @click.option("--draft", default="¦d/d")
        def main(draft):
            LLM("t/t", speculative_config={"model": draft, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "typer": (
        """
        def main(draft: str = typer.Option("¦d/d", help="the drafter")):
            LLM("t/t", speculative_config={"model": draft, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "text in parts": (
        """
        SIZE = "1B"
        LLM("meta/%s-%dB" % ("llama", 8), speculative_model=f"¦meta/llama-{SIZE}" "-it", num_speculative_tokens=5)
        """,
        ("vllm", "meta/llama-8B", "meta/llama-1B-it"),
    ),
    "text joined": (
        """
        LLM("{}/{name}".format("t", name="t"), speculative_model="¦d/" + "d", num_speculative_tokens=5)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "paths": (
        """
        ROOT = Path("/models")
        LLM(str(Path("/models") / "t"), speculative_model=str(¦ROOT / "d"), num_speculative_tokens=5)
        """,
        ("vllm", "/models/t", "/models/d"),
    ),
    "after text of other alphabets": (
        'é = "ñ€😀"; LLM(model="t/t", speculative_config={"model": "¦d/d", "num_speculative_tokens": 5})',
        ("vllm", "t/t", "d/d"),
    ),
    "escapes and raw strings": (
        """LLM(model="t\\x2ft", speculative_model=(r'¦d/' # first
            '''d'''), num_speculative_tokens=5)""",
        ("vllm", "t/t", "d/d"),
    ),
    "the last of straight code": (
        """
        draft = "a/a"
        draft = "¦d/d"
        LLM("t/t", speculative_model=draft, num_speculative_tokens=5)
        draft = "b/b"
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "one branch alone": (
        """
        draft = None
        if fast:
            draft = "¦d/d"
        LLM("t/t", speculative_model=draft, num_speculative_tokens=5)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "branches": (
        """
        if big:
            draft = "a/a"
        else:
            draft = "b/b"
        LLM("t/t", speculative_model=¦draft, num_speculative_tokens=5)
        """,
        ("vllm", "t/t", None),
    ),
    "a value from elsewhere": (
        'LLM("t/t", speculative_config={"model": ¦os.environ["DRAFT"], "num_speculative_tokens": 5})',
        ("vllm", "t/t", None),
    ),
    "an option without a default": (
        """
        parser.add_argument("--draft-model")
        LLM("t/t", speculative_config={"model": ¦args.draft_model, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", None),
    ),
    "a part from elsewhere": (
        'LLM("t/t", speculative_config={"model": f"¦{org}/d", "num_speculative_tokens": 5})',
        ("vllm", "t/t", None),
    ),
    "settings from elsewhere": ('LLM("t/t", speculative_config=¦load_settings())', ("vllm", "t/t", None)),
    "a target from elsewhere": (
        'LLM(sys.argv[1], speculative_config={"model": "¦d/d", "num_speculative_tokens": 5})',
        ("vllm", None, "d/d"),
    ),
    "Ray Serve": (
        """
        LLMConfig(
            model_loading_config={"model_id": "name", "model_source": "t/t"},
            engine_kwargs={"speculative_config": {"model": "¦d/d", "num_speculative_tokens": 5}},
        )
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "SGLang": (
        """
        import sglang as sgl
        sgl.Engine(model_path="t/t", speculative_algorithm="STANDALONE", speculative_draft_model_path="¦d/d")
        """,
        ("sglang", "t/t", "d/d"),
    ),
    "SGLang's arguments": (
        'ServerArgs(model_path="t/t", speculative_algorithm="STANDALONE", speculative_draft_model_path="¦d/d")',
        ("sglang", "t/t", "d/d"),
    ),
    "TensorRT-LLM": (
        """
        from tensorrt_llm import LLM
        from tensorrt_llm.llmapi import DraftTargetDecodingConfig
        config = DraftTargetDecodingConfig(max_draft_len=4, speculative_model="¦d/d")
        llm = LLM(model="t/t", speculative_config=config)
        """,
        ("tensorrt-llm", "t/t", "d/d"),
    ),
    "TensorRT-LLM, older": (
        'LLM("t/t", speculative_config=DraftTargetDecodingConfig(max_draft_len=4, speculative_model_dir="¦d/d"))',
        ("tensorrt-llm", "t/t", "d/d"),
    ),
    "transformers": (
        """
        model = AutoModelForCausalLM.from_pretrained("t/t").to(device)
        assistant = AutoModelForCausalLM.from_pretrained("¦d/d", torch_dtype=torch.bfloat16).to(device).eval()
        model.generate(**inputs, assistant_model=assistant)
        """,
        ("transformers", "t/t", "d/d"),
    ),
    "transformers through functions and attributes": (
        """
        def load(name, revision="main"):
            model = AutoModelForCausalLM.from_pretrained(name, revision=revision)
            return model, AutoTokenizer.from_pretrained(name)
        class Chat:
            def __init__(self):
                self.model, self.tokenizer = load("t/t")
                self.assistant, _ = load("¦d/d")
            def answer(self, prompt):
                kwargs = {"max_new_tokens": 20}
                kwargs["assistant_model"] = self.assistant
                return self.model.generate(prompt, **kwargs)
        """,
        ("transformers", "t/t", "d/d"),
    ),
    "a pipeline": ('pipeline("text-generation", model="t/t", assistant_model="¦d/d")', ("transformers", "t/t", "d/d")),
    "a pipeline's call": (
        """
        draft = AutoModelForCausalLM.from_pretrained("¦d/d")
        pipe = pipeline("text-generation", "t/t")
        pipe("Hello", generate_kwargs={"assistant_model": draft})
        """,
        ("transformers", "t/t", "d/d"),
    ),
    "a model from elsewhere": (
        "def go(model):\n    model.generate(assistant_model=¦load_assistant())",
        ("transformers", None, None),
    ),
    "a parameter beside a target that is written down": (
        """
        def serve(draft):
            LLM("t/t", speculative_config={"model": ¦draft, "num_speculative_tokens": 5})
        """,
        ("vllm", "t/t", None),
    ),
    "parameters from the command line": (
        """
        def main(target, draft):
            LLM(target, speculative_config={"model": ¦draft, "num_speculative_tokens": 5})
        fire.Fire(main)
        """,
        ("vllm", None, None),
    ),
    "parameters of a decorated function": (
        """
        @app.command()
        def main(target, draft):
            LLM(target, speculative_config={"model": ¦draft, "num_speculative_tokens": 5})
        """,
        ("vllm", None, None),
    ),
    "parameters with one that is called with an option": (
        """
        def start(target, draft):
            LLM(target, speculative_config={"model": ¦draft, "num_speculative_tokens": 5})
        start(args.target, args.draft)
        """,
        ("vllm", None, None),
    ),
    "a configuration object that is a parameter": (
        """
        def start(config):
            LLM(config.target, speculative_config={"model": ¦config.draft, "num_speculative_tokens": 5})
        """,
        ("vllm", None, None),
    ),
    "a part of a parameter": (
        """
        def start(org, size):
            LLM(f"{org}/t", speculative_config={"model": f"¦{org}/d-{size}", "num_speculative_tokens": 5})
        """,
        ("vllm", None, None),
    ),
    "an argument by name with a default": (
        """
        def start(**options):
            target = options.get("target") or "t/t"
            LLM(target, speculative_model=options.pop("draft", "¦d/d"), num_speculative_tokens=5)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "an argument by name": (
        """
        def start(**options):
            LLM(options["target"], speculative_model=options.get("draft"), num_speculative_tokens=5)
        start(target="t/t", draft="¦d/d")
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a parameter or a name": (
        """
        def start(target, draft=None):
            draft = draft if draft else "¦d/d"
            LLM(target, speculative_model=draft, num_speculative_tokens=5)
        """,
        ("vllm", None, "d/d"),
    ),
    "a name that more branches set than are looked at": (
        "if x == 0:\n    draft = 'd/d'\n"
        + "".join(f"elif x == {n}:\n    draft = 'd/{n if n > 1_990 else 'd'}'\n" for n in range(1, 2_000))
        + "LLM('t/t', speculative_model=¦draft, num_speculative_tokens=5)\n",
        ("vllm", "t/t", None),
    ),
    "a name in a sum of many parts": (
        "LLM('t/t', speculative_model='¦d/' + " + " + ".join(["'d'"] * 900) + ", num_speculative_tokens=5)",
        ("vllm", "t/t", "d/" + "d" * 900),
    ),
    "a module with many functions that call each other": (
        "".join(
            f"def f{n}(a, b=None, **rest):\n    c = f{(n * 7 + 1) % 200}(b, a, **rest) or f{(n * 11 + 3) % 200}(a)\n"
            f"    table = {{'draft': c, 'n': [a, *c]}}\n    table['b'] = f{(n + 1) % 200}(table, c, **table)\n"
            "    run(c, **table)\n    return c or table\n"
            for n in range(200)
        )
        + "DRAFT = '¦d/d'\ndef main():\n    LLM('t/t', speculative_model=DRAFT, num_speculative_tokens=5)\n",
        ("vllm", "t/t", "d/d"),
    ),
    "mlx-lm": (
        """
        from mlx_lm import load, stream_generate
        model, tokenizer = load("t/t")
        draft, _ = load("¦d/d")
        for part in stream_generate(model, tokenizer, prompt, draft_model=draft, num_draft_tokens=3):
            print(part)
        """,
        ("mlx-lm", "t/t", "d/d"),
    ),
    "mlx-lm with an item": (
        """
        import mlx_lm
        draft = mlx_lm.load("¦d/d")[0]
        model, tokenizer = mlx_lm.load("t/t")
        mlx_lm.generate(model, tokenizer, prompt="Hi", draft_model=draft)
        """,
        ("mlx-lm", "t/t", "d/d"),
    ),
    "a command in a list": (
        """
        subprocess.run(["llama-server", "-m", "/m/t.gguf", "-md", "¦/m/d.gguf", "--port", str(8080)], check=True)
        """,
        ("llama.cpp", "/m/t.gguf", "/m/d.gguf"),
    ),
    "a command that grows": (
        """
        cmd = ["vllm", "serve", MODEL]
        if fast:
            cmd += ["--speculative-config", json.dumps({"model": DRAFT, "num_speculative_tokens": 5})]
        cmd.extend(["--port", "8000"])
        Popen(cmd)
        """.replace("MODEL", '"t/t"').replace("DRAFT", '"¦d/d"'),
        ("vllm", "t/t", "d/d"),
    ),
    "a list that something else runs": (
        """
        command = ["mlx_lm.server", "--model", "t/t"]
        command.append("--draft-model")
        command.append("¦d/d")
        launcher.start(command)
        """,
        ("mlx-lm", "t/t", "d/d"),
    ),
    "a shell's line": (
        'os.system("mlx_lm.generate --model t/t --draft-model ¦d/d --prompt hello")',
        ("mlx-lm", "t/t", "d/d"),
    ),
    "a shell's line in an f-string": (
        """
        DRAFT = "¦d/d"
        subprocess.run(f"mlx_lm.generate --model t/t --draft-model {DRAFT} --prompt hello", shell=True)
        """,
        ("mlx-lm", "t/t", "d/d"),
    ),
    "a command that is split": (
        'subprocess.check_call("llama-server -hf t/t -hfd ¦d/d".split())',
        ("llama.cpp", "t/t", "d/d"),
    ),
    "a command that is joined": (
        """
        cmd = ["mlx_lm.server", "--model", "t/t", "--draft-model", "¦d/d", "--verbose" if loud else ""]
        subprocess.Popen(" ".join(cmd), shell=True)
        """,
        ("mlx-lm", "t/t", "d/d"),
    ),
    "a script in a list": (
        """subprocess.run(["bash", "-c", "exec mlx_lm.server --model t/t --draft-model ¦d/d"])""",
        ("mlx-lm", "t/t", "d/d"),
    ),
    "a container in a dict": (
        """
        pod = {"spec": [{"image": "vllm/vllm-openai", "args": ["--model", "t/t", "--speculative-model", "¦d/d"]}]}
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a name compared": (
        """
        parser.add_argument("--method", default="eagle")
        if args.method == "draft_model":
            spec = {"method": args.method, "model": "¦d/d", "num_speculative_tokens": 5}
            LLM("t/t", speculative_config=spec)
        """,
        ("vllm", "t/t", "d/d"),
    ),
    "a download": (
        'LLM("t/t", speculative_model=snapshot_download(repo_id="¦d/d"), num_speculative_tokens=5)',
        ("vllm", "t/t", "d/d"),
    ),
    "settings in a dict": (
        'CONFIG = {"model": "t/t", "speculative_config": {"model": "¦d/d", "num_speculative_tokens": 5}}',
        ("vllm", "t/t", "d/d"),
    ),
}

UNPAIRED = {
    "n-gram": (
        'LLM("t/t", speculative_config={"method": "¦ngram", "num_speculative_tokens": 5, "prompt_lookup_max": 4})',
        "vllm",
    ),
    "prompt lookup": ("model.generate(**inputs, ¦prompt_lookup_num_tokens=10)", "transformers"),
    "early exit": ("model.generate(**inputs, ¦assistant_early_exit=4)", "transformers"),
    "llama-cpp-python": (
        'Llama(model_path="t.gguf", draft_model=¦LlamaPromptLookupDecoding(num_pred_tokens=10))',
        "llama.cpp",
    ),
    "TensorRT-LLM": (
        'LLM("t/t", speculative_config=¦NGramDecodingConfig(max_draft_len=4, max_matching_ngram_size=2))',
        "tensorrt-llm",
    ),
    "in-model": ('LLM("t/t", speculative_config=¦MTPDecodingConfig(num_nextn_predict_layers=1))', "tensorrt-llm"),
}

DECOYS = {
    "no assistant": "model.generate(**inputs, assistant_model=None)",
    "no settings": 'LLM("t/t", speculative_config=None)',
    "an empty drafter": 'LLM("t/t", speculative_model="", num_speculative_tokens=5)',
    "a docstring": '"""Start with vllm serve t/t --speculative-config \'{"model": "d/d"}\'."""',
    "a comment": '# LLM("t/t", speculative_model="d/d")',
    "prose": 'print("llama-server -m t.gguf -md d.gguf")\nhelp = "mlx_lm.generate --model t/t --draft-model d/d"',
    "code that never runs": 'if False:\n    LLM("t", speculative_model="d")',
    "a loop that never runs": 'while 0:\n    LLM("t", speculative_model="d")',
    "a definition": "def generate(self, prompt, assistant_model=None, draft_model=None): pass",
    "a wrapper's parameters": """
        def go(model, assistant):
            model.generate(assistant_model=assistant)
    """,
    "a library's method": """
        class Mixin:
            def __init__(self, model):
                self.model = model
            @torch.no_grad()
            def generate(self, inputs, assistant_model=None, **kwargs):
                if kwargs.get("old"):
                    return Mixin.generate(self, inputs, assistant_model=assistant_model, **kwargs)
                assistant_model = kwargs.pop("assistant", None) or assistant_model
                arguments = {"assistant_model": assistant_model}
                return self.model.generate(inputs, **arguments)
    """,
    "a library's class": """
        class Server:
            def __init__(self, target, draft=None):
                self.target, self.draft = target, draft
            def start(self):
                return LLM(self.target, speculative_config={"model": self.draft, "num_speculative_tokens": 5})
    """,
    "a library's loader": """
        class Chat:
            def __init__(self, name, assistant):
                self.model = AutoModelForCausalLM.from_pretrained(name)
                self.assistant = AutoModelForCausalLM.from_pretrained(assistant)
            def answer(self, prompt):
                return self.model.generate(prompt, assistant_model=self.assistant)
    """,
    "another tool": 'trainer(draft_model="d/d")\nblog.publish(["--draft", "post.md"])',
    "an option's declaration": 'parser.add_argument("--draft-model", default="d/d", help="--model t/t")',
    "a test of a flag": 'if "--draft-model" in sys.argv: pass',
}


def read(code, scope=None):
    return found(Traced.whole(code), scope or Scope())


def marked(shape):
    """The code without its mark, and where that stood."""
    code = textwrap.dedent(shape).strip() + "\n"
    return code.replace("¦", ""), code.find("¦")


@pytest.mark.parametrize("shape", PAIRS)
def test_a_pairing_is_found_at_its_drafters_name(shape):
    code, place = marked(PAIRS[shape][0])
    [one] = read(code)
    assert isinstance(one, Pairing)
    assert (one.engine, one.target and one.target.value, one.drafter.value) == PAIRS[shape][1]
    assert code[one.drafter.offset :].splitlines()[0] == code[place:].splitlines()[0]
    assert one.drafter.offset == place
    assert one.head is None


@pytest.mark.parametrize("shape", UNPAIRED)
def test_speculation_without_a_second_model_is_told(shape):
    code, place = marked(UNPAIRED[shape][0])
    [one] = read(code)
    assert isinstance(one, Unpaired)
    assert (one.engine, one.offset) == (UNPAIRED[shape][1], place)


@pytest.mark.parametrize("shape", DECOYS)
def test_nothing_is_invented(shape):
    assert read(textwrap.dedent(DECOYS[shape])) == []


def test_options_are_read_with_the_pair():
    [one] = read(
        'LLM("t/t", revision="abc", max_model_len=4096, tensor_parallel_size=2, speculative_config={"model": "d/d",'
        ' "num_speculative_tokens": 5, "use_heterogeneous_vocab": True, "revision": "def"})'
    )
    assert one.options == {
        Key.TARGET_REVISION: "abc",
        Key.CONTEXT: "4096",
        Key.TENSOR_PARALLEL: "2",
        Key.COUNT: "5",
        Key.HETEROGENEOUS: "true",
        Key.DRAFTER_REVISION: "def",
    }


def test_revisions_of_model_objects_are_read():
    [one] = read(
        'a = AutoModelForCausalLM.from_pretrained("d/d", revision="abc")\n'
        'AutoModelForCausalLM.from_pretrained("t/t").generate(assistant_model=a)\n'
    )
    assert one.options == {Key.DRAFTER_REVISION: "abc"}
    assert one.target.value == "t/t"


def test_an_expression_that_cannot_be_told_is_quoted():
    [one] = read('LLM(model=args.model, speculative_config={"model": args.draft, "num_speculative_tokens": 5})')
    assert (one.target.written, one.drafter.written) == ("{args.model}", "{args.draft}")


@pytest.mark.parametrize("written", ['os.environ["DRAFT"]', 'os.getenv("DRAFT", "x/x")', "args.DRAFT", "DRAFT"])
def test_a_given_variable_is_used(written):
    [one] = read(f'LLM("t/t", speculative_model={written}, num_speculative_tokens=5)', Scope({"DRAFT": "d/d"}))
    assert one.drafter.value == "d/d"


def test_each_turn_of_a_loop_over_literals_is_a_pairing():
    code = textwrap.dedent("""
        for target, draft in [("t/1", "d/1"), ("t/2", "d/2")]:
            LLM(target, speculative_config={"model": draft, "num_speculative_tokens": 5})
    """)
    assert [(one.target.value, one.drafter.value) for one in read(code)] == [("t/1", "d/1"), ("t/2", "d/2")]


def test_each_call_of_a_function_is_a_pairing():
    code = textwrap.dedent("""
        def bench(target, draft):
            LLM(target, speculative_config={"model": draft, "num_speculative_tokens": 5})
        bench("t/1", "d/1")
        bench(target="t/2", draft="d/2")
    """)
    assert [(one.target.value, one.drafter.value) for one in read(code)] == [("t/1", "d/1"), ("t/2", "d/2")]


def test_branches_that_choose_settings_are_each_looked_at():
    code = textwrap.dedent("""
        if method == "draft":
            spec = {"model": "d/d", "num_speculative_tokens": 5}
        elif method == "ngram":
            spec = {"method": "ngram", "num_speculative_tokens": 5}
        else:
            spec = None
        LLM("t/t", speculative_config=spec)
    """)
    pair, unpaired = read(code)
    assert (pair.target.value, pair.drafter.value) == ("t/t", "d/d")
    assert unpaired.method == "ngram"


def test_heads_are_told_by_their_method():
    [vllm] = read('LLM("t/t", speculative_config={"method": "eagle3", "model": "d/d", "num_speculative_tokens": 3})')
    [tensorrt] = read('LLM("t/t", speculative_config=EagleDecodingConfig(max_draft_len=3, speculative_model="d/d"))')
    assert (vllm.head, tensorrt.head) == ("eagle3", "Eagle")


def test_two_engines_are_told_apart_by_their_imports():
    code = textwrap.dedent("""
        def one():
            from tensorrt_llm import LLM
            LLM("t/1", speculative_config={"speculative_model": "d/1", "decoding_type": "Draft_Target"})
        def two():
            from vllm import LLM
            LLM("t/2", speculative_config={"model": "d/2", "num_speculative_tokens": 5})
    """)
    assert [one.engine for one in read(code)] == ["tensorrt-llm", "vllm"]


def test_places_hold_in_a_part_of_a_file():
    around = 'Run this:\r\n\r\n{}LLM("t/t", speculative_model="d/d", num_speculative_tokens=5)\r\n'.format(
        "é = '€'\r\n"
    )
    whole = Traced.whole(around)
    [one] = found(whole.cut(around.index("é")), Scope())
    assert around[one.drafter.offset :].startswith("d/d")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("LLM(", "is no Python (line 1"),
        ("print 'hello'", "is no Python (line 1"),
        ("a\0b", "is no Python"),
        ("x = '\ud800'", "is no Python"),
        ("-" * 50_000 + "1", "nested too deeply"),
        ("x" + ".y" * 50_000, "nested too deeply"),
        ("(" * 500 + ")" * 500, "is no Python"),
    ],
)
def test_what_is_no_python_is_said(code, why):
    with pytest.raises(UnreadError) as error:
        read(code)
    assert why in str(error.value)


def test_a_mark_at_the_start_is_no_error():
    code = '\ufeffLLM("t/t", speculative_model="d/d", num_speculative_tokens=5)'
    [one] = read(code)
    assert code[one.drafter.offset :].startswith("d/d")


def test_unknown_escapes_are_no_warning():
    assert read(r"x = '\d \ '") == []


@pytest.mark.parametrize(
    "code",
    [
        "x0 = 'd'\n" + "".join(f"x{n + 1} = x{n} + x{n}\n" for n in range(60)),
        "x0 = {'a': 1}\n" + "".join(f"x{n + 1} = {{'a': x{n}, 'b': x{n}}}\n" for n in range(60)),
        "def f(n): return f(n) + g(n)\ndef g(n): return g(n) + f(n)\nx60 = f(1)\n",
        "def f(x): return f(x) or f(x)\nx60 = f(f(f(1)))\n",
        "x60 = x60\nfor x60 in x60: x60 = [x60, x60]\n",
        "class A(A): x = A.x\nclass B(A): y = B.y\nx60 = B().z\n",
    ],
)
def test_what_holds_itself_or_grows_comes_to_an_end(code):
    with contextlib.suppress(UnreadError):
        whole = f"{code}LLM('t/t', speculative_config=x60, **x60)\ndef h(): LLM('t', speculative_model=x60)\n"
        for one in read(whole):
            assert 0 <= one.drafter.offset <= len(whole)


PIECES = [piece for shape, _ in PAIRS.values() for piece in marked(shape)[0].splitlines(keepends=True)]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
def test_any_text_is_read_or_refused(code):
    with contextlib.suppress(UnreadError):
        for one in read(code):
            assert 0 <= (one.drafter.offset if isinstance(one, Pairing) else one.offset) <= len(code)


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
def test_damaged_code_is_read_or_refused(data):
    code = marked(data.draw(st.sampled_from([shape for shape, _ in PAIRS.values()])))[0]
    start = data.draw(st.integers(0, len(code)))
    end = data.draw(st.integers(start, min(len(code), start + 8)))
    with contextlib.suppress(UnreadError):
        torn = code[:start] + data.draw(st.text(max_size=3)) + code[end:]
        for one in read(torn):
            assert 0 <= (one.drafter.offset if isinstance(one, Pairing) else one.offset) <= len(torn)
