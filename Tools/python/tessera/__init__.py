"""Tessera in Python: `client`, `models`, `training`; `measures` are the figures that both print."""
