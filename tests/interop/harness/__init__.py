"""What a file of tests/interop/cells needs; ../run.py says how to add a test."""
from .cases import skip, test

__all__ = ["skip", "test"]
