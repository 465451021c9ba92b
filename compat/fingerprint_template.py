"""The chat template as text: which control tokens it spells out, and what it says of thinking. It is never run."""

from __future__ import annotations

from .facts import Template, Unknown
from .jsonfile import mapping, text
from .snapshot import Snapshot
from .tokenizer import added
from .tokenizer.added import Files
from .tokenizer.tokenizer import Tokenizer

_TEMPLATE = "chat_template.jinja"
# Characters of the template times added tokens: Gemma 3's come to 10 million. It bounds the time.
_SEARCH_LIMIT = 1_000_000_000


def template(snapshot: Snapshot, files: Files, tokenizer: Tokenizer | Unknown) -> Template | Unknown | None:
    """The chat template; None where there is none."""
    return None


def template_ids(snapshot: Snapshot, files: Files, tokenizer: Tokenizer | Unknown) -> frozenset[int] | Unknown:
    """Ids of the added tokens whose text the chat template contains. The template is searched, never run."""
    if isinstance(tokenizer, Unknown):
        return tokenizer
    inline = files.get(added.CONFIG, {}).get("chat_template")
    several = [mapping(one).get("template") for one in inline] if isinstance(inline, list) else [inline]
    whole = "\n".join(filter(None, map(text, several)))
    whole += "\n" + snapshot.contents.get(_TEMPLATE, b"").decode("utf-8", "replace")
    if len(whole) * len(tokenizer.added) > _SEARCH_LIMIT:
        return Unknown(f"has a chat template of {len(whole)} characters, too many to be searched for its tokens")
    # One-character tokens such as a newline would be found in any template, and say nothing.
    return frozenset(
        number for content, number in tokenizer.added.items() if len(content.strip()) > 1 and content in whole
    )
