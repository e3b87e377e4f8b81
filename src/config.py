"""The configuration: config.yaml read into typed, validated sections.

    config = load_config("config.yaml", ["end_to_end.lr=1e-4"])
    config.end_to_end.lr

Keys and defaults are those of the published configuration; config.yaml explains each.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from src.common.atomic_file import write_text
from src.common.errors import UserError
from src.common.strict_yaml import YamlError, dump_yaml, is_empty, parse_yaml
from src.config_sections import (
    BEST_BACKGROUND_MATTING,
    BackgroundMattingExportConfig,
    BackgroundMattingPhaseConfig,
    DeviceTarget,
    EndToEndConfig,
    ExportConfig,
    GenerateDataConfig,
    InferConfig,
    ModnetPhaseConfig,
    PhaseConfig,
    PhaseName,
    PhaseSettings,
    PlateCompositesConfig,
    PspnetPhaseConfig,
    Section,
    TestConfig,
)
from src.config_values import ANY, ChannelMean, Natural, Positive, Switch
from src.description.model_info import ModelInfo
from src.description.plate_form import SMALLEST_SIDE, training_scale
from src.description.traits import BackgroundMattingName, SystemName


class ConfigError(UserError):
    """A configuration that cannot be used; the message names every key that is wrong."""


class CommonConfig(Section):
    """What the configurations of all systems share."""

    system: SystemName
    seed: Natural = 9527
    rank: Natural = 0
    group_size: Positive = 8
    device_target: DeviceTarget = "auto"
    saveIRFlag: Switch = False  # noqa: N815 - the published name
    ckpt_version: Annotated[str, Field(min_length=1)] = "ckpt_s2"
    train_phases: tuple[str, ...]
    amp_level: Literal["auto", "O0", "O2", "O3"] = "auto"
    amp_dtype: Literal["float16", "bfloat16"] = "float16"
    max_bad_fraction: Annotated[float, Field(ge=0, le=1)] = 0.01
    resume: Literal["auto", "force"] = "auto"
    test: TestConfig = TestConfig()
    infer: InferConfig = InferConfig()
    export: ExportConfig = ExportConfig()
    generate_data: GenerateDataConfig = GenerateDataConfig()

    @model_validator(mode="before")
    @classmethod
    def _sections_start_from_their_defaults(cls, values: Any) -> Any:
        """Fill the keys that a section leaves out with its own defaults; it may be empty."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        for name, field in cls.model_fields.items():
            if name in values and isinstance(field.default, Section):
                given = {} if is_empty(values[name]) else values[name]
                if isinstance(given, dict):
                    given = {**field.default.model_dump(), **given}
                values[name] = given
        return values

    @model_validator(mode="after")
    def _phases_differ(self) -> "CommonConfig":
        if not self.train_phases or len(set(self.train_phases)) != len(self.train_phases):
            raise ValueError(f"train_phases = {list(self.train_phases)}: needs a phase, and each only once")
        return self

    def model_info(self) -> ModelInfo:
        """The metadata to use for a model that has none."""
        return ModelInfo(system=self.system)

    def phase(self, name: str) -> PhaseSettings:
        """The section of one training phase."""
        return getattr(self, name)


class Config(CommonConfig):
    """The whole configuration of SHM."""

    system: SystemName = "shm"
    train_phases: tuple[PhaseName, ...] = ("pre_train_t_net", "end_to_end")
    mean: tuple[ChannelMean, ChannelMean, ChannelMean] = ModelInfo().mean
    vertical_flip: Switch = False
    pre_train_t_net: PhaseConfig = PhaseConfig(
        train_phase="pre_train_t_net", nThreads=4, lr=1e-3, nEpochs=1000
    )
    pre_train_m_net: PhaseConfig = PhaseConfig(train_phase="pre_train_m_net")
    end_to_end: EndToEndConfig = EndToEndConfig(train_phase="end_to_end")

    @model_validator(mode="after")
    def _phases_have_their_names(self) -> "Config":
        for name in ("pre_train_t_net", "pre_train_m_net", "end_to_end"):
            if self.phase(name).train_phase != name:
                raise ValueError(
                    f"{name}.train_phase = {self.phase(name).train_phase!r}: must be {name!r}; "
                    "to choose the phases that run, set train_phases"
                )
        return self

    def model_info(self) -> ModelInfo:
        """The metadata to use for a model that has none."""
        return ModelInfo(system=self.system, mean=self.mean)


_ADAPT = ModnetPhaseConfig(nThreads=1, train_batch=1, lr=1e-5, lr_schedule="constant", nEpochs=10)


class ModnetConfig(CommonConfig):
    """The whole configuration of MODNet for photos."""

    system: Literal["modnet"]
    train_phases: tuple[Literal["supervised", "adapt"], ...] = ("supervised",)
    supervised: ModnetPhaseConfig = ModnetPhaseConfig(train_batch=16, lr=0.01, nEpochs=40)
    adapt: ModnetPhaseConfig = _ADAPT


class ModnetVideoConfig(CommonConfig):
    """The whole configuration of MODNet for videos."""

    system: Literal["modnet_video"]
    train_phases: tuple[Literal["video", "adapt"], ...] = ("video",)
    video: ModnetPhaseConfig = ModnetPhaseConfig(train_batch=16, lr=0.001, lr_decay_epochs=7, nEpochs=10)
    adapt: ModnetPhaseConfig = _ADAPT


class BackgroundMattingConfig(CommonConfig):
    """The whole configuration of Background Matting V2, with any of its backbones."""

    system: BackgroundMattingName
    train_phases: tuple[Literal["base", "refine"], ...] = ("base", "refine")
    base: BackgroundMattingPhaseConfig = BackgroundMattingPhaseConfig(lr=1e-4, nEpochs=8)
    refine: BackgroundMattingPhaseConfig = BackgroundMattingPhaseConfig(
        train_batch=4, patch_size=2048, lr=5e-5, nEpochs=1
    )

    test: TestConfig = TestConfig(model=BEST_BACKGROUND_MATTING)
    export: BackgroundMattingExportConfig = BackgroundMattingExportConfig()
    generate_data: PlateCompositesConfig = PlateCompositesConfig()

    @model_validator(mode="after")
    def _any_size_is_possible(self) -> "BackgroundMattingConfig":
        needed = {"file_format": "ONNX", "refinement": "full", "backbone_scale": None}
        for key, value in needed.items():
            if ANY in self.export.sizes and getattr(self.export, key) != value:
                raise ValueError(f"export.sizes = [{ANY}] needs export.{key} = {value or 'auto'}")
        return self

    @model_validator(mode="after")
    def _laplacian_has_room(self) -> "BackgroundMattingConfig":
        scales = {"base": 1, "refine": training_scale(self.refine.patch_size)}
        for name, scale in scales.items():
            settings = self.phase(name)
            if settings.use_laplacian and scale * settings.patch_size < SMALLEST_SIDE:
                raise ValueError(
                    f"{name}.patch_size = {settings.patch_size}: the Laplacian loss needs "
                    f"{SMALLEST_SIDE / scale:g} or more; raise it, or set {name}.use_laplacian to False"
                )
        return self


class PspnetConfig(CommonConfig):
    """The whole configuration of PSPNet."""

    system: Literal["pspnet"]
    train_phases: tuple[Literal["t_net"], ...] = ("t_net",)
    mean: tuple[ChannelMean, ChannelMean, ChannelMean] = ModelInfo(system="pspnet").mean
    vertical_flip: Switch = False
    letterbox: Switch = True
    t_net: PspnetPhaseConfig = PspnetPhaseConfig(nEpochs=100)

    def model_info(self) -> ModelInfo:
        """The metadata to use for a model that has none."""
        return ModelInfo(system=self.system, mean=self.mean)


_OTHER_CONFIGS = {
    "modnet": ModnetConfig,
    "modnet_video": ModnetVideoConfig,
    "pspnet": PspnetConfig,
    **dict.fromkeys(get_args(BackgroundMattingName), BackgroundMattingConfig),
}


def load_config(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> CommonConfig:
    """Read a YAML file, apply overrides of the form "section.key=value", check everything.

    The key `system` decides which keys there are.

    Raises:
        ConfigError: the file cannot be read or values are wrong; each key, its value and what is allowed is
            named.
    """
    values = _read_yaml(Path(path))
    for override in overrides:
        _apply_override(values, override)
    system = values.get("system")
    kind = _OTHER_CONFIGS.get(system, Config) if isinstance(system, str) else Config
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        source = f"{path} with --set {' '.join(overrides)}" if overrides else str(path)
        lines = [f"  {_explain(kind, detail)}" for detail in error.errors()]
        raise ConfigError("\n".join([f"{source}: the configuration cannot be used:", *lines])) from None


def save_config(config: CommonConfig, path: str | Path) -> None:
    """Write the resolved configuration as YAML that `load_config` reads back."""
    write_text(path, dump_yaml(config.model_dump(mode="json")))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = parse_yaml(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give the configuration with --yaml_path") from None
    except YamlError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must hold 'key: value' lines, but holds a {type(values).__name__}")
    return values


def _apply_override(values: dict[str, Any], override: str) -> None:
    dotted_key, equals, text = override.partition("=")
    if not equals or not dotted_key:
        raise ConfigError(f"--set {override}: must be KEY=VALUE, such as end_to_end.lr=1e-4")
    *sections, key = dotted_key.split(".")
    for section in sections:
        if is_empty(values.get(section)):
            values[section] = {}
        inner = values[section]
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {override}: '{section}' is a value, not a section")
        values = inner
    values[key] = _parse_list(override, text) if text.startswith(("[", "{")) else text


def _parse_list(override: str, text: str) -> Any:
    """Parse a list as YAML; other values stay as they are, since YAML would cut off parts of some paths."""
    try:
        return parse_yaml(text)
    except YamlError as error:
        raise ConfigError(f"--set {override}: {error}; write a list as [a, b]") from None


def _explain(kind: type[CommonConfig], detail: dict[str, Any]) -> str:
    """One line for one of pydantic's errors: the key, the value, what is allowed."""
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(kind, location)}"
    if not location:  # a check of several keys names them itself
        return message
    return f"{key} = {detail['input']}: {message[0].lower()}{message[1:]}"


def _nearest(kind: type[CommonConfig], location: list[str]) -> str:
    """'; did you mean ...?' for a mistyped key, else what is allowed in its section."""
    section: Any = kind
    for part in location[:-1]:
        section = section.model_fields[part].annotation
    near = difflib.get_close_matches(location[-1], section.model_fields, n=1)
    if near:
        return f"; did you mean '{'.'.join([*location[:-1], near[0]])}'?"
    return f"; allowed here: {', '.join(section.model_fields)}"
