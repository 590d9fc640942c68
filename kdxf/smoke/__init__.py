"""Runs any config on made-up data: two steps, resumed, tested, predicted with, in seconds and without weights."""

from kdxf.smoke.run import find_configs, smoke, smoke_all

__all__ = ["find_configs", "smoke", "smoke_all"]
