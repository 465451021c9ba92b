"""The bundled speculative decoder: runs pairs that `specdec_check.compat` certifies.

This module imports nothing heavy: the check reads the demo models' files through it, without torch.
"""
