"""The element types that a graph may name, and how a safetensors file stores them; needs no torch."""

SAFETENSORS: dict[str, tuple[str, int]] = {  # safetensors name and bytes per element
    "float32": ("F32", 4),
    "float64": ("F64", 8),
    "float16": ("F16", 2),
    "bfloat16": ("BF16", 2),
    "int64": ("I64", 8),
    "int32": ("I32", 4),
    "int16": ("I16", 2),
    "int8": ("I8", 1),
    "uint8": ("U8", 1),
    "bool": ("BOOL", 1),
}
