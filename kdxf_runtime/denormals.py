"""Numbers next to zero, with which processors compute a hundred times slower."""

# The smallest model there is, as ONNX's protobuf: y = Identity(x), both float tensors of any shape.
_VALUE = b"\x0a\x01%b\x12\x04\x0a\x02\x08\x01"
_NODE = b"\x0a\x01x\x12\x01y\x22\x08Identity"
_GRAPH = b"\x0a%c%b\x12\x01g\x5a\x09%b\x62\x09%b" % (len(_NODE), _NODE, _VALUE % b"x", _VALUE % b"y")
_IDENTITY = b"\x08\x08\x42\x02\x10\x0d\x3a%c%b" % (len(_GRAPH), _GRAPH)


def flush_denormals() -> None:
    """Make ONNX Runtime treat numbers below 1e-38 as zero in this thread, and so in a session of one thread.

    Processors compute a hundred times slower with such numbers, and a text detector has many of them where an image
    has no text. ONNX Runtime takes the option ``session.set_denormal_as_zero`` from the first session that a process
    makes, so this makes one: call it before any other. Later it does nothing.
    """
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    InferenceSession(_IDENTITY, options, providers=["CPUExecutionProvider"])
