"""Checks the rank table of Ascend cards (HCCL) before a long run."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from src.common.errors import UserError


class RankTableError(UserError):
    """A rank table that cannot be used; the message names the file and what is wrong."""


def read_rank_table(path: str | Path) -> int:
    """Check a rank table of one machine; return its number of devices.

    The format is the one in MindSpore's documentation: {"server_list": [{"server_id": ..., "device":
    [{"device_id": "0", "device_ip": ..., "rank_id": "0"}, ...]}], ...}.

    Raises:
        RankTableError: the file is missing or no JSON, or its ranks or devices are not unique and complete.
    """
    table = _read(Path(path))
    servers = table.get("server_list") if isinstance(table, dict) else None
    if not isinstance(servers, list) or not servers:
        raise RankTableError(f"{path}: has no server_list; make it with MindSpore's hccl_tools")
    if len(servers) > 1:
        raise RankTableError(
            f"{path}: names {len(servers)} machines; start run_train.sh on each of them, with --workers, "
            "--master, --nodes and --node_rank"
        )
    devices = servers[0].get("device") if isinstance(servers[0], dict) else None
    if not isinstance(devices, list) or not devices:
        raise RankTableError(f"{path}: server_list[0] has no device")
    ranks = _numbers(path, devices, "rank_id")
    if _numbers(path, devices, "device_id") != ranks:
        raise RankTableError(f"{path}: device_id must equal rank_id: the launcher gives process N the card N")
    if sorted(ranks) != list(range(len(ranks))):
        raise RankTableError(
            f"{path}: rank_id must count from 0 to {len(ranks) - 1}, but the values are {sorted(ranks)}"
        )
    return len(ranks)


def _numbers(path: str | Path, devices: list[Any], key: str) -> list[int]:
    """Return a key's values for all devices; they must be unique numbers."""
    values = [str(device.get(key)) if isinstance(device, dict) else "None" for device in devices]
    for position, value in enumerate(values):
        if not value.isdecimal():
            raise RankTableError(
                f"{path}: device {position} of the list has {key} = {value}; must be a number"
            )
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise RankTableError(f"{path}: {key} {twice[0]} occurs {values.count(twice[0])} times")
    return [int(value) for value in values]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RankTableError(f"{path}: no such rank table; make it with MindSpore's hccl_tools") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RankTableError(f"{path}: cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise RankTableError(f"{path}: is not valid JSON: {error}") from None
