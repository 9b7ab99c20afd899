"""Tessera: client (`tessera.client`), wire codec, training and export."""
