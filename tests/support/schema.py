"""Whether a value is what a JSON Schema says, as far as ours use it. A member that the schema does not name is a mismatch too."""

import re

TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", type(None): "null"}
KNOWN = {"$schema", "title", "description", "format", "type", "required", "properties", "items", "enum", "pattern"}


def mismatches(value, schema: dict, where: str = "$") -> list:
    found = [f"{where}: the schema says {key}, which is not looked at" for key in schema.keys() - KNOWN]
    wanted = schema.get("type")
    if wanted and TYPES[type(value)] not in ([wanted] if isinstance(wanted, str) else wanted):
        return found + [f"{where} is no {wanted}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where} is not like {schema['pattern']}")
    if isinstance(value, dict):
        members = schema.get("properties", {})
        found += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            found += mismatches(member, members[name], f"{where}.{name}") if name in members else [f"{where}.{name} is not declared"]
    if isinstance(value, list) and "items" in schema:
        for index, entry in enumerate(value):
            found += mismatches(entry, schema["items"], f"{where}[{index}]")
    return found
