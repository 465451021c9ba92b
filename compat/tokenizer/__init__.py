"""Tokenizer files → one `Vocabulary`, one file per format."""
