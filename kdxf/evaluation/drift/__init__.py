"""Drift: the fingerprint beside a checkpoint, and what a model in torch makes of single images."""
