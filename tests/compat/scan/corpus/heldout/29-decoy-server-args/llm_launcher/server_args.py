"""Arguments of the launcher, in the style of the engines' own."""
import argparse
from dataclasses import dataclass
from typing import List, Optional


@dataclass
class ServerArgs:
    model_path: str
    tp_size: int = 1
    # speculative decoding
    speculative_algorithm: Optional[str] = None
    speculative_draft_model_path: Optional[str] = None
    speculative_num_steps: Optional[int] = None

    @staticmethod
    def add_cli_args(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--model-path", type=str, required=True)
        parser.add_argument("--tp-size", type=int, default=1)
        parser.add_argument(
            "--speculative-algorithm",
            type=str,
            choices=["EAGLE", "EAGLE3", "STANDALONE", "NGRAM"],
            help="Speculative algorithm.",
        )
        parser.add_argument(
            "--speculative-draft-model-path",
            type=str,
            default=None,
            help="The path of the draft model weights, e.g. meta-llama/Llama-3.2-1B-Instruct.",
        )
        parser.add_argument("--speculative-num-steps", type=int, default=None)

    def check(self) -> List[str]:
        errors = []
        if self.speculative_algorithm == "STANDALONE" and not self.speculative_draft_model_path:
            errors.append("STANDALONE needs --speculative-draft-model-path")
        return errors
