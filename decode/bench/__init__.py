"""The bench: the bundled decoder beside its peers, on the same pair, prompts and machine.

Every engine runs in a process of its own (`worker`), and the parent (`measure`) has them take turns. What is measured
is decoding: from the first committed ids to the last. The prefill is timed apart.
"""
