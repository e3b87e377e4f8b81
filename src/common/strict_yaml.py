"""YAML as this project reads it: every value as text, and no key twice."""

from typing import Any

import yaml


class YamlError(ValueError):
    """A text that is not YAML or gives a key twice; the message, of one line, says where."""


class _Loader(yaml.SafeLoader):
    """Without YAML's own guesses: it takes 1e-3 for text and 6:2:2 for a number (to base 60)."""

    # All that is left of them is the key <<, which takes over the keys of another section.
    yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}

    def __init__(self, text: str):
        super().__init__(text)
        self._checked: set[yaml.Node] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # The first time, a section holds its own keys only; those that << takes over may be given again.
        if node not in self._checked:
            self._checked.add(node)
            _require_different_keys(node)
        super().flatten_mapping(node)


def _require_different_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue  # an error of its own
        line = key.start_mark.line + 1
        if key.value in lines:
            raise YamlError(f"the key '{key.value}' is given twice, in lines {lines[key.value]} and {line}")
        lines[key.value] = line


def parse_yaml(text: str) -> Any:
    """Read YAML: texts, and lists and dicts of them; None where it holds nothing.

    Raises:
        YamlError: it is not YAML, or gives a key twice.
    """
    try:
        return yaml.load(text, _Loader)
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(f"is not valid YAML: {' '.join(str(error).split())}") from None


def is_empty(value: Any) -> bool:
    """Whether a key was given without a value: nothing, ~ or null."""
    return value is None or (isinstance(value, str) and value.lower() in ("", "~", "null"))
