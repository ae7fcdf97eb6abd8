"""Executable documentation: examples run in real containers, claims checked against them."""
