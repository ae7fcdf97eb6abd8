"""Prose: what a page must have beside its examples, for its readers and in every language.

Only sites that ask for it, `complete: true` among the extension's options, are held to it.
"""
