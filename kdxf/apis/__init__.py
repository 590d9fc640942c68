"""The functions behind the tools, for calling from Python.

Import them from their modules (``from kdxf.apis.train import train``): some of these need torch, others, such as
those that read text in many processes, must not load it.
"""
