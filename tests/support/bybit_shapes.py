"""The shape of a JSON message: its keys, the types and text formats of its values, no values of its own.

A shape is JSON itself, so that a table of shapes can be committed and read:

- an object is an object; a key that not every merged object has ends with `?`;
- a list is ``[shape of its items]``, ``[]`` where it was empty;
- a list of texts only (a book's level, a candle) is ``{"#row": [shape, …]}``;
- a value is its formats joined by `|`: `int`, `bool`, `null`, `number` (a decimal in text), `ms` (a time in
  text), `id` (a UUID, or digits on spot), `empty`, `enum`, `text`.
  What the protocol fixes is kept, after `=`: operations, codes and their messages without their names.
"""

import json

from synthcore.calibration.formats import BY_COIN, ENUMS, FIXED, TOPICS, format_of, masked


def shape_of(value, field="", *, fixed=FIXED):
    """The shape of a decoded JSON value that stands under the key `field`."""
    if field in BY_COIN and value:
        return {"COIN?": merged([shape_of(item) for item in value.values()])}
    if isinstance(value, dict):
        return {key: shape_of(item, key, fixed=fixed) for key, item in value.items()}
    if isinstance(value, list):
        return _shape_of_list(value, field, fixed)
    return _shape_of_leaf(value, field, fixed)


def _shape_of_list(items, field, fixed):
    if items and all(isinstance(item, str) for item in items):
        return {"#row": [_shape_of_leaf(item, field if field in TOPICS else "", fixed) for item in items]}
    field = "" if field in TOPICS else field  # a key and its signature are nobody's words
    return [merged([shape_of(item, field, fixed=fixed) for item in items])] if items else []


def _shape_of_leaf(value, field, fixed):
    if field in fixed and value is not None:
        return "=" + (masked(value) if isinstance(value, str) else json.dumps(value))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    return format_of(value, field)


def words_of(value, field=""):
    """The (field, word) pairs of enum fields in a decoded JSON value."""
    if isinstance(value, dict):
        return {pair for key, item in value.items() for pair in words_of(item, key)}
    if isinstance(value, list):
        return {pair for item in value for pair in words_of(item, field)}
    return {(field, value)} if field in ENUMS and isinstance(value, str) and value else set()


def merged(shapes):
    """One shape that all of these fit into."""
    if all(isinstance(shape, dict) and "#row" not in shape for shape in shapes):
        return _merged_objects(shapes)
    if all(isinstance(shape, list) for shape in shapes):
        inner = [item for shape in shapes for item in shape]
        return [merged(inner)] if inner else []
    rows = [shape["#row"] for shape in shapes if isinstance(shape, dict)]
    if rows and len(rows) + sum(shape == [] for shape in shapes) == len(shapes):
        return {"#row": [merged(list(column)) for column in zip(*rows, strict=False)]}
    leaves = {name for shape in shapes if isinstance(shape, str) for name in shape.split("|")}
    others = [shape for shape in shapes if not isinstance(shape, str)]
    return merged(others) if others else "|".join(sorted(leaves))


def _merged_objects(shapes):
    keys = dict.fromkeys(key.removesuffix("?") for shape in shapes for key in shape)
    whole = {}
    for key in keys:
        found = [shape[name] for shape in shapes for name in (key, key + "?") if name in shape]
        is_always = sum(key in shape for shape in shapes) == len(shapes)
        whole[key if is_always else key + "?"] = merged(found)
    return whole


def differences(ours, sample, *, sparse=False, where=""):
    """What of a sample's shape ours lacks or has otherwise; [] where ours can stand in for it.

    Parameters
    ----------
    sparse
        Every key may be missing from a message (deltas): ours need only have it at times.
    """
    if isinstance(sample, dict) and isinstance(ours, dict) and ("#row" in sample) == ("#row" in ours):
        if "#row" in sample:
            return _row_differences(ours["#row"], sample["#row"], where)
        return _object_differences(ours, sample, sparse, where)
    if isinstance(sample, list) and isinstance(ours, list):
        if not sample or not ours:
            return []  # empty lists tell nothing
        return differences(ours[0], sample[0], sparse=sparse, where=where + "[]")
    if _is_empty_list(sample) or _is_empty_list(ours):
        return []
    if "null" in (ours, sample):
        return []
    if isinstance(sample, str) and isinstance(ours, str):
        return _leaf_differences(ours, sample, where)
    return [f"{where}: {ours} where Bybit has {sample}"]


def _is_empty_list(shape):
    return shape == []


def _row_differences(ours, sample, where):
    if len(ours) != len(sample):
        return [f"{where}: {len(ours)} columns where Bybit has {len(sample)}"]
    return [
        found
        for index, (own, theirs) in enumerate(zip(ours, sample, strict=True))
        for found in _leaf_differences(own, theirs, f"{where}[{index}]")
    ]


def _object_differences(ours, sample, sparse, where):
    found = []
    for key, shape in sample.items():
        name = key.removesuffix("?")
        place = f"{where}.{name}" if where else name
        if name in ours:
            found += differences(ours[name], shape, sparse=sparse, where=place)
        elif name + "?" in ours and (sparse or key.endswith("?")):
            found += differences(ours[name + "?"], shape, sparse=sparse, where=place)
        elif not key.endswith("?"):
            found.append(f"{place}: missing")
    return found


# What may stand where a sample shows one format. Any text may be unset.
FITS = {
    "number": {"number", "zero", "ms", "empty"},
    "zero": {"number", "zero", "ms", "empty"},
    "ms": {"ms", "zero", "empty"},
    "id": {"id", "empty"},
    "enum": {"enum", "empty"},
    "empty": {"empty", "number", "zero", "ms", "id", "enum", "text"},
    "text": {"empty", "number", "zero", "ms", "id", "enum", "text"},
    "int": {"int"},
    "float": {"float", "int"},
    "bool": {"bool"},
    "null": {"null", "empty"},
}


def _leaf_differences(ours, sample, where):
    if sample.startswith("=") or ours.startswith("="):
        same = set(sample.split("|")) & set(ours.split("|"))
        return [] if same else [f"{where}: {ours} where Bybit has {sample}"]
    allowed = set().union(*(FITS[name] for name in sample.split("|")))
    wrong = set(ours.split("|")) - allowed - {"null"}
    return [f"{where}: {'|'.join(sorted(wrong))} where Bybit has {sample}"] if wrong else []


def keys_of(shape, where=""):
    """Every key of a shape by its path."""
    if isinstance(shape, list):
        return {path for item in shape for path in keys_of(item, where + "[]")}
    if not isinstance(shape, dict) or "#row" in shape:
        return set()
    found = set()
    for key, item in shape.items():
        path = f"{where}.{key.removesuffix('?')}" if where else key.removesuffix("?")
        found |= {path} | keys_of(item, path)
    return found
