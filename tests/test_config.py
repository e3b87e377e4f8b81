"""config.yaml and what becomes of it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from src.common.errors import UserError
from src.config import (
    Config,
    ConfigError,
    EndToEndConfig,
    GenerateDataConfig,
    PhaseConfig,
    load_config,
    save_config,
)

CONFIG_YAML = Path(__file__).resolve().parent.parent / "config.yaml"
BEST = "/cache/output/distribute/ckpt_s2/end_to_end/semantic_hm_best.ckpt"
PHASE = {
    "rank": 0,
    "group_size": 8,
    "finetuning": True,
    "nThreads": 1,
    "train_batch": 8,
    "patch_size": 320,
    "lr": 1e-4,
    "nEpochs": 200,
    "save_epoch": 1,
    "keep_checkpoint_max": "10",
}
# The published keys and defaults; of the devices, 'auto' has taken the place of 'Ascend'.
PUBLISHED = {
    "seed": 9527,
    "rank": 0,
    "group_size": 8,
    "device_target": "auto",
    "saveIRFlag": False,
    "ckpt_version": "ckpt_s2",
    "pre_train_t_net": {
        **PHASE,
        "nThreads": 4,
        "lr": 1e-3,
        "nEpochs": 1000,
        "train_phase": "pre_train_t_net",
    },
    "pre_train_m_net": {**PHASE, "train_phase": "pre_train_m_net"},
    "end_to_end": {**PHASE, "train_phase": "end_to_end"},
    "test": {
        "device_target": "auto",
        "model": BEST,
        "test_pic_path": "/cache/datasets",
        "output_path": "/cache/output/distribute/test_result",
        "size": "auto",
    },
    "infer": {"file_test_list": "/cache/datasets/test/test.txt", "size": "auto"},
    "export": {
        "ckpt_file": BEST,
        "file_name": "shm_export",
        "file_format": "MINDIR",
        "device_target": "auto",
    },
    "generate_data": {
        "path_mt_human": "/cache/human_matting",
        "path_save": "/cache/datasets",
        "path_debug": "/cache/datasets_debug",
        "proportion": "6:2:2",
        "debug_pic_nums": 400,
        "copy_pic": True,
        "generate_mask": True,
        "generate_txt": True,
        "generate_trimap": True,
        "ksize": 10,
        "fixed_ksize": True,
        "generate_alpha": True,
        "generate_debug": True,
        "generate_mean_std": True,
        "list_error_files": [
            "/cache/human_matting/matting/1803201916/._matting_00000000",
            "/cache/human_matting/clip_img/1803241125/clip_00000000/._1803241125-00000005.jpg",
        ],
    },
}


def flat(values: dict, prefix: str = "") -> dict:
    """Every value under its dotted key."""
    result = {}
    for key, value in values.items():
        result |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return result


@pytest.fixture
def load(tmp_path):
    """Read a configuration from its text."""

    def read(content: str | bytes, *overrides: str) -> Config:
        path = tmp_path / "config.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_config(path, overrides)

    return read


@pytest.fixture
def errors(load, tmp_path):
    """The lines of the error that a configuration causes, after the one that names the file."""

    def read(content: str | bytes, *overrides: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(content, *overrides)
        first, *lines = str(caught.value).splitlines()
        assert str(tmp_path / "config.yaml") in first
        return [line.strip() for line in lines]

    return read


def test_config_yaml_holds_the_defaults():
    assert load_config(CONFIG_YAML) == Config()


def test_config_yaml_names_every_key():
    written = yaml.load(CONFIG_YAML.read_text(), yaml.BaseLoader)
    assert flat(written).keys() == flat(Config().model_dump()).keys()


@pytest.mark.parametrize(("key", "value"), flat(PUBLISHED).items())
def test_published_keys_and_defaults(key, value):
    assert flat(load_config(CONFIG_YAML).model_dump(mode="json"))[key] == value


def test_an_empty_file_means_the_defaults(load):
    assert load("") == Config()


def test_numbers_in_scientific_notation(load):
    config = load("end_to_end: {lr: 1e-3}", "pre_train_m_net.lr=2E-5")
    assert (config.end_to_end.lr, config.pre_train_m_net.lr) == (0.001, 0.00002)


def test_an_unquoted_proportion_is_no_number_to_base_60(load):
    assert load("generate_data: {proportion: 7:2:1}").generate_data.parts() == (7, 2, 1)
    assert load("", "generate_data.proportion=8:1:1").generate_data.proportion == "8:1:1"


def test_a_part_of_a_phase_keeps_the_other_defaults_of_that_phase(load):
    phase = load("pre_train_t_net: {train_batch: 2}\nend_to_end: {patch_size: 64}").pre_train_t_net
    assert phase == PhaseConfig(
        train_phase="pre_train_t_net", train_batch=2, nThreads=4, lr=1e-3, nEpochs=1000
    )


def test_an_override_of_a_phase_keeps_its_other_defaults(load):
    phase = load("", "pre_train_t_net.train_batch=2").pre_train_t_net
    assert (phase.train_batch, phase.lr, phase.nEpochs) == (2, 1e-3, 1000)


def test_overrides_win_over_the_file_and_later_ones_over_earlier(load):
    config = load("seed: 1\nend_to_end: {lr: 1e-2}", "seed=2", "end_to_end.lr=1e-5", "seed=3")
    assert (config.seed, config.end_to_end.lr) == (3, 1e-5)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("train_phases=[end_to_end]", ("end_to_end",)),
        ("mean=[104, 112, 121.5]", (104, 112, 121.5)),
        ("saveIRFlag=true", True),
        ("generate_data.list_error_files=[]", ()),
        ("generate_data.list_error_files=[a.png, b=c.png]", ("a.png", "b=c.png")),
        ("test.model=", ""),
        ("test.model=/photos #2/a: b.ckpt", "/photos #2/a: b.ckpt"),
        ("end_to_end.keep_checkpoint_max=0", "0"),
        ("end_to_end.keep_checkpoint_max=all", "all"),
    ],
)
def test_override_values(load, override, value):
    result = load("", override)
    for part in override.partition("=")[0].split("."):
        result = getattr(result, part)
    assert result == value


@pytest.mark.parametrize(("text", "count"), [("all", None), ("0", 1), ("10", 10)])
def test_checkpoints_to_keep(text, count):
    assert PhaseConfig(train_phase="end_to_end", keep_checkpoint_max=text).checkpoints_to_keep() == count


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("sede: 2", "sede: unknown key; did you mean 'seed'?"),
        (
            "end_to_end: {patchsize: 320}",
            "end_to_end.patchsize: unknown key; did you mean 'end_to_end.patch_size'?",
        ),
        (
            "generate_data: {k_size: 3}",
            "generate_data.k_size: unknown key; did you mean 'generate_data.ksize'?",
        ),
        ("infer: {xyz: 3}", "infer.xyz: unknown key; allowed here: file_test_list, size"),
    ],
)
def test_unknown_keys_name_the_nearest_right_one(errors, content, line):
    assert errors(content) == [line]


@pytest.mark.parametrize(
    ("override", "cause"),
    [
        ("seed=many", "valid integer"),
        ("seed=1.5", "valid integer"),
        ("seed=-1", "greater than or equal to 0"),
        ("seed=", "valid integer"),
        ("group_size=0", "greater than or equal to 1"),
        ("saveIRFlag=perhaps", "valid boolean"),
        ("device_target=TPU", "'auto', 'Ascend', 'GPU' or 'CPU'"),
        ("ckpt_version=", "at least 1 character"),
        ("amp_level=O4", "'auto', 'O0', 'O2' or 'O3'"),
        ("amp_dtype=float8", "'float16' or 'bfloat16'"),
        ("system=smh", "'shm'"),
        ("end_to_end.lr_schedule=step", "'constant' or 'cosine'"),
        ("end_to_end.warmup_steps=-1", "greater than or equal to 0"),
        ("end_to_end.ema_decay=1", "less than 1"),
        ("train_phases=[]", "needs a phase"),
        ("train_phases=end_to_end", "valid tuple"),
        ("pre_train_t_net=1e-3", "valid dictionary"),
        ("end_to_end.lr=high", "valid number"),
        ("end_to_end.lr=0", "greater than 0"),
        ("end_to_end.lr=nan", "less than 10"),
        ("end_to_end.nThreads=0", "greater than or equal to 1"),
        ("end_to_end.patch_size=0", "greater than or equal to 1"),
        ("end_to_end.patch_size=100", "multiple of 16"),
        ("test.size=321", "multiple of 16"),
        ("infer.size=15", "multiple of 16"),
        ("export.size=8", "multiple of 16"),
        ("export.file_format=PB", "'MINDIR', 'ONNX' or 'AIR'"),
        ("end_to_end.keep_checkpoint_max=some", "'all' or a number >= 0"),
        ("end_to_end.keep_checkpoint_max=-1", "'all' or a number >= 0"),
        ("end_to_end.keep_checkpoint_max=1.5", "'all' or a number >= 0"),
        ("end_to_end.train_phase=pre_train_all", "'pre_train_t_net', 'pre_train_m_net' or 'end_to_end'"),
        ("generate_data.proportion=6:4", "three whole numbers"),
        ("generate_data.proportion=6:2:1:1", "three whole numbers"),
        ("generate_data.proportion=6:2:-2", "three whole numbers"),
        ("generate_data.proportion=0.6:0.2:0.2", "three whole numbers"),
        ("generate_data.proportion=0:1:1", "first part cannot be 0"),
        ("generate_data.split_by=person", "'group' or 'image'"),
        ("generate_data.ksize=0", "greater than or equal to 1"),
    ],
)
def test_wrong_values_are_named_with_their_key(errors, override, cause):
    key, _, value = override.partition("=")
    (line,) = errors("", override)
    assert line.startswith(f"{key} = {value}: ")
    assert cause in line


@pytest.mark.parametrize(
    ("content", "start", "cause"),
    [
        ("mean: [1, 2]", "mean.2 = ", "required"),
        ("mean: [1, 2, 256]", "mean.2 = 256: ", "less than or equal to 255"),
        ("train_phases: [end_to_end, t_net]", "train_phases.1 = t_net: ", "'pre_train_t_net'"),
    ],
)
def test_wrong_elements_of_lists_are_named_with_their_place(errors, content, start, cause):
    (line,) = errors(content)
    assert line.startswith(start)
    assert cause in line


def test_phases_named_twice(errors):
    (line,) = errors("train_phases: [end_to_end, pre_train_t_net, end_to_end]")
    assert line.startswith("train_phases = ['end_to_end', 'pre_train_t_net', 'end_to_end']: ")


@pytest.mark.parametrize("section", ["pre_train_t_net", "pre_train_m_net", "end_to_end"])
def test_train_phase_must_be_the_section_s_own(errors, section):
    other = "end_to_end" if section != "end_to_end" else "pre_train_m_net"
    (line,) = errors("", f"{section}.train_phase={other}")
    assert line.startswith(f"{section}.train_phase = '{other}': must be '{section}'")


def test_every_error_is_named_at_once(errors):
    lines = errors(
        "seed: x\nsede: 1\nend_to_end: {lr: -1, patch_size: 100, epochs: 3}\ngenerate_data: {proportion: 1:2}"
    )
    keys = {line.split(maxsplit=1)[0].rstrip(":") for line in lines}
    assert keys == {
        "seed",
        "sede",
        "end_to_end.lr",
        "end_to_end.patch_size",
        "end_to_end.epochs",
        "generate_data.proportion",
    }
    assert len(lines) == len(keys)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"seed: 1\nckpt_version: \xff", "cannot be read: 'utf-8'"),
        ("mean: [1, 2", "is not valid YAML"),
        ("seed: 1: 2", "is not valid YAML"),
        ("ckpt_version: \0", "is not valid YAML"),
        ("- seed\n- rank", "holds a list"),
        ("seed", "holds a str"),
    ],
)
def test_files_that_are_no_configuration(load, tmp_path, content, cause):
    with pytest.raises(ConfigError) as caught:
        load(content)
    assert str(caught.value).startswith(f"{tmp_path / 'config.yaml'}: ")
    assert cause in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ConfigError, match="absent.yaml: no such file; .*--yaml_path"):
        load_config(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("override", "cause"),
    [
        ("seed", "must be KEY=VALUE"),
        ("=3", "must be KEY=VALUE"),
        ("seed.x=3", "'seed' is a value, not a section"),
        ("mean=[1, 2", "not valid YAML"),
    ],
)
def test_overrides_that_cannot_be_applied(load, override, cause):
    with pytest.raises(ConfigError) as caught:
        load("seed: 1", override)
    assert str(caught.value).startswith(f"--set {override}: ")
    assert cause in str(caught.value)


def test_an_error_names_the_overrides_as_well(load):
    with pytest.raises(ConfigError, match=r"config.yaml with --set rank=1 seed=x: "):
        load("", "rank=1", "seed=x")


def test_a_windows_file_with_byte_order_mark_is_read(load):
    assert load("\ufeffseed: 5\r\nrank: 1\r\n") == Config(seed=5, rank=1)


def test_a_configuration_cannot_be_changed_by_accident():
    config = Config()
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 1
    assert config.seed == 9527


def test_wrong_configurations_are_mistakes_of_the_user():
    assert issubclass(ConfigError, UserError)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CONFIGS = st.builds(
    Config,
    seed=st.integers(0, 2**31),
    ckpt_version=TEXTS.filter(bool),
    saveIRFlag=st.booleans(),
    train_phases=st.permutations(["pre_train_t_net", "pre_train_m_net", "end_to_end"]),
    mean=st.tuples(*[st.floats(0, 255)] * 3),
    end_to_end=st.builds(
        EndToEndConfig,
        train_phase=st.just("end_to_end"),
        lr=st.floats(1e-300, 9.9),
        keep_checkpoint_max=st.sampled_from(["all", "0", "7"]),
    ),
    generate_data=st.builds(
        GenerateDataConfig,
        path_save=st.one_of(TEXTS, st.sampled_from(["null", "yes", "1e-3", "6:2:2", "~", "[a", "a: b", "'"])),
        list_error_files=st.lists(TEXTS, max_size=2).map(tuple),
    ),
)


@example(Config(generate_data=GenerateDataConfig(path_save="a\x85b")))
@given(CONFIGS)
def test_saved_configurations_are_read_back_equal(tmp_path_factory, config):
    path = tmp_path_factory.getbasetemp() / "saved" / "config.yaml"
    save_config(config, path)
    assert load_config(path) == config


@pytest.mark.parametrize(
    ("content", "key", "lines"),
    [
        ("seed: 1\nrank: 2\nseed: 1", "seed", "1 and 3"),
        ("end_to_end:\n  lr: 1e-3\n  nEpochs: 2\n  lr: 1e-4", "lr", "2 and 4"),
        ("end_to_end: {lr: 1}\ntest:\n  size: 16\nend_to_end:\n  lr: 2", "end_to_end", "1 and 4"),
        ("infer: {size: 16, size: 16}", "size", "1 and 1"),
        ("test: &it\n  size: 16\ninfer:\n  <<: *it\n  'size': 32\n  size: 48", "size", "5 and 6"),
    ],
)
def test_a_key_given_twice_is_named_with_its_lines(load, tmp_path, content, key, lines):
    with pytest.raises(ConfigError) as caught:
        load(content)
    start = f"{tmp_path / 'config.yaml'}: the key '{key}' is given twice"
    assert str(caught.value).startswith(start) and lines in str(caught.value)


def test_a_key_given_twice_in_a_list_of_the_command_line(load):
    with pytest.raises(ConfigError, match="--set test={size: 16, size: 32}: the key 'size' is given twice"):
        load("", "test={size: 16, size: 32}")


@pytest.mark.parametrize("nothing", ["", " ~", " null", " {}", "  # all as it is"])
@pytest.mark.parametrize(
    "section", ["pre_train_t_net", "end_to_end", "test", "infer", "export", "generate_data"]
)
def test_an_empty_section_means_its_defaults(load, section, nothing):
    assert load(f"seed: 4\n{section}:{nothing}") == Config(seed=4)


def test_an_empty_section_takes_overrides(load):
    config = load("end_to_end:\ntest: ~", "end_to_end.lr=1e-2", "test.size=64")
    assert (config.end_to_end.lr, config.end_to_end.nEpochs, config.test.size) == (0.01, 200, 64)


@pytest.mark.parametrize("key", ["seed", "mean", "end_to_end.lr", "generate_data.copy_pic"])
def test_an_empty_value_is_none(errors, key):
    section, _, last = key.rpartition(".")
    (line,) = errors(f"{section}:\n  {last}:" if section else f"{key}:")
    assert line.startswith(f"{key} = ")


def test_sections_share_settings_by_anchors(load):
    shared = "pre_train_m_net: &shared {train_batch: 2, nEpochs: 3}\n"
    config = load(f"{shared}end_to_end: {{<<: *shared, train_phase: end_to_end, nEpochs: 5}}")
    assert (config.end_to_end.train_batch, config.end_to_end.nEpochs) == (2, 5)
    assert (config.pre_train_m_net.train_batch, config.pre_train_m_net.nEpochs) == (2, 3)


@pytest.mark.parametrize("value", ["1", "0", "2", "0.0", "perhaps", "~"])
def test_switches_are_true_or_false_and_no_numbers(errors, value):
    (line,) = errors(f"end_to_end: {{finetuning: {value}}}")
    assert line.startswith(f"end_to_end.finetuning = {value}: ")


@pytest.mark.parametrize("value", ["nan", ".nan", "inf", "-inf", ".inf", "1e999"])
@pytest.mark.parametrize("key", ["end_to_end.lr", "end_to_end.ema_decay", "max_bad_fraction", "seed"])
def test_numbers_that_are_none(errors, key, value):
    (line,) = errors("", f"{key}={value}")
    assert line.startswith(f"{key} = {value}: ")
    (line,) = errors(f"mean: [1, {value}, 3]")
    assert line.startswith(f"mean.1 = {value}: ")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("end_to_end:\n\tlr: 1e-3", "is not valid YAML: while scanning"),
        ("? [a, b]\n: 3", "is not valid YAML: while constructing a mapping"),
        ("seed: *absent", "is not valid YAML: found undefined alias 'absent'"),
        ("seed: !!python/object:os.system 1", "is not valid YAML: could not determine a constructor"),
        ("seed: 1\n---\nseed: 2", "is not valid YAML: expected a single document"),
        ("test: {<<: 3}", "is not valid YAML: while constructing a mapping"),
    ],
)
def test_what_this_project_has_no_use_for(load, content, cause):
    with pytest.raises(ConfigError) as caught:
        load(content)
    assert cause in str(caught.value) and "\n" not in str(caught.value)


def test_keys_that_are_no_texts_are_unknown(errors):
    assert [line.partition(":")[0] for line in errors("1: 2\ntrue: 3\ntest: {2.5: 1}")] == [
        "test.2.5",
        "1",
        "true",
    ]
