"""YAML as this project reads it, every value as text and duplicate keys as errors, and as it writes it."""

from typing import Any

import yaml


class YamlError(ValueError):
    """A text is not YAML or has a duplicate key; the message, one line, says where."""


class _Loader(yaml.SafeLoader):
    """Does not guess types: YAML would read 1e-3 as text and 6:2:2 as a number (in base 60)."""

    # Only the merge key << keeps its meaning; it copies the keys of another section.
    yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}

    def __init__(self, text: str):
        super().__init__(text)
        self._checked: set[yaml.Node] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # On the first call, a section has only its own keys; keys merged by << may be overridden.
        if node not in self._checked:
            self._checked.add(node)
            _require_different_keys(node)
        super().flatten_mapping(node)


def _require_different_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue  # PyYAML reports it
        line = key.start_mark.line + 1
        if key.value in lines:
            raise YamlError(f"the key '{key.value}' is given twice, in lines {lines[key.value]} and {line}")
        lines[key.value] = line


def parse_yaml(text: str) -> Any:
    """Read YAML as strings, and lists and dicts of strings; None if it is empty.

    Raises:
        YamlError: it is not YAML, or has a duplicate key.
    """
    try:
        return yaml.load(text, _Loader)
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(f"is not valid YAML: {' '.join(str(error).split())}") from None


def is_empty(value: Any) -> bool:
    """Whether a key has no value: nothing, ~ or null."""
    return value is None or (isinstance(value, str) and value.lower() in ("", "~", "null"))


class _Dumper(yaml.SafeDumper):
    """Quotes U+0085, which PyYAML would write as it is and read as a line break."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\x85" in text else None)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(values: dict[str, Any]) -> str:
    """Write values as YAML that `parse_yaml` reads back equal, keys in their order."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
