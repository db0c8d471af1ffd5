"""Settings from everywhere into one value: origins, refusals, templates, ceilings."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthcore.config import SyntheticConfig
from synthcore.errors import ConfigError
from synthcore.settings import catalog
from synthcore.settings.load import Settings, load_settings

DEMO_KEYS = {"BYBIT_DEMO_API_KEY": "k", "BYBIT_DEMO_API_SECRET": "s"}


def load(tmp_path: Path, flags: dict[str, object] | None = None, **environ: str) -> Settings:
    return load_settings(flags, environ, tmp_path)


def refusal(tmp_path: Path, flags: dict[str, object] | None = None, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, flags, **environ).for_run()
    return str(caught.value)


def test_a_run_starts_from_the_qualifying_profile_and_the_embedded_exchange(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert (settings.profile, settings.environment.name) == ("qualifying", "embedded")
    assert settings.config.synthetic_spread_bps == 50.0
    assert str(settings.origins["synthetic_spread_bps"]) == "profile qualifying"
    assert settings.config.leg_timeout_ms == SyntheticConfig().leg_timeout_ms


def test_the_documented_profile_is_the_documented_config(tmp_path: Path) -> None:
    settings = load(tmp_path, {"profile": "documented"})

    assert settings.config == SyntheticConfig()


def test_from_env_puts_the_environment_over_the_documented_values() -> None:
    config = SyntheticConfig.from_env({"SYNTHETIC_SPREAD_BPS": "60", "POSITION_SIZE": "50", "OTHER": "x"})

    assert (config.synthetic_spread_bps, config.estimated_position_size) == (60.0, 50.0)
    assert config.synthetic_funding_delta == 0.0001


def test_from_env_refuses_what_the_rules_refuse() -> None:
    with pytest.raises(ConfigError, match="MAX_CONCURRENT_TRADES"):
        SyntheticConfig.from_env({"MAX_CONCURRENT_TRADES": "51"})
    with pytest.raises(ConfigError, match="must not say different things"):
        SyntheticConfig.from_env({"POSITION_SIZE": "1", "ESTIMATED_POSITION_SIZE": "2"})


def test_every_field_of_the_config_is_in_the_catalog() -> None:
    fields = set(SyntheticConfig.__struct_fields__)

    assert fields == {setting.name for setting in catalog.CONFIG}


def test_names_flags_and_variables_belong_to_one_setting_each() -> None:
    variables = [name for setting in catalog.SETTINGS.values() for name in setting.variables]
    flags = [setting.flag for setting in catalog.SETTINGS.values() if setting.flag]

    assert len(set(variables)) == len(variables)
    assert len(set(flags)) == len(flags)


@pytest.mark.parametrize("setting", catalog.SETTINGS.values(), ids=lambda setting: setting.name)
def test_the_example_of_each_rule_keeps_it(setting: catalog.Setting) -> None:
    setting.rule.parse(setting.rule.example)


@pytest.mark.parametrize(
    "value", ["0", "-1", "nan", "NaN", "inf", "-inf", "1e999", "1e-999", "fifty", "", "1_0", "０"]
)
@pytest.mark.parametrize(
    "name", ["synthetic_spread_bps", "synthetic_funding_delta", "estimated_position_size", "max_daily_loss"]
)
def test_what_is_no_finite_number_above_zero_is_refused(tmp_path: Path, name: str, value: str) -> None:
    variable = catalog.SETTINGS[name].variables[0]

    said = refusal(tmp_path, **{variable: value})

    shown = repr(value) if value else "empty"
    assert said.startswith(
        f"{name} must be a finite number above 0, was {shown} (environment variable {variable})"
    )
    assert f"{variable}=" in said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 0, "x", True, None])
def test_no_wrong_config_can_be_made(value: object) -> None:
    with pytest.raises(ConfigError, match="synthetic_spread_bps must be a finite number above 0"):
        SyntheticConfig(synthetic_spread_bps=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["0", "51", "-3", "2.5", "three", "", "9" * 30])
def test_concurrent_trades_are_1_to_50(tmp_path: Path, value: str) -> None:
    said = refusal(tmp_path, {"max_concurrent_trades": value})

    assert said.startswith("max_concurrent_trades must be a whole number from 1 to 50, was ")
    assert said.endswith("(flag --max-trades); give for example --max-trades 3")


@pytest.mark.parametrize("value", ["1", "50"])
def test_1_and_50_concurrent_trades_are_allowed(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, {"max_concurrent_trades": value}).config.max_concurrent_trades == int(value)


@pytest.mark.parametrize(
    "value", ["", ",", "BTCUSDT,", "BTCUSD", "BTCUSDT,BTCUSDT", "btcusdt", "BTC-USDT", "a b"]
)
def test_symbols_are_linear_usdt_perpetuals_each_once(tmp_path: Path, value: str) -> None:
    assert "symbols_to_trade must be one or more linear USDT perpetuals" in refusal(
        tmp_path, SYMBOLS_TO_TRADE=value
    )


def test_symbols_may_have_spaces_around_the_comma(tmp_path: Path) -> None:
    settings = load(tmp_path, SYMBOLS_TO_TRADE="BTCUSDT, 1000000BABYDOGEUSDT")

    assert settings.config.symbols_to_trade == ("BTCUSDT", "1000000BABYDOGEUSDT")


def test_two_names_of_one_setting_that_differ_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, ESTIMATED_POSITION_SIZE="100", POSITION_SIZE="200")

    assert "ESTIMATED_POSITION_SIZE=100 and POSITION_SIZE=200" in said


def test_two_names_of_one_setting_that_agree_are_one(tmp_path: Path) -> None:
    settings = load(tmp_path, ESTIMATED_POSITION_SIZE="100", POSITION_SIZE="100")

    assert settings.config.estimated_position_size == 100.0


def test_an_alias_alone_sets_its_setting(tmp_path: Path) -> None:
    settings = load(tmp_path, POSITION_SIZE="77")

    assert settings.config.estimated_position_size == 77.0
    assert str(settings.origins["estimated_position_size"]) == "environment variable POSITION_SIZE"


# ── config files ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", '# one\nsynthetic_spread_bps = 60\nsymbols_to_trade = ["BTCUSDT"]\nseed = 7\n'),
        ("a.yaml", "# one\nsynthetic_spread_bps: 60\nsymbols_to_trade: [BTCUSDT]\nseed: 7\n"),
        ("a.yml", "# one\nsynthetic_spread_bps: 6e1\nsymbols_to_trade: BTCUSDT\nseed: 7\n"),
    ],
)
def test_toml_and_yaml_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    settings = load_settings({}, {}, tmp_path, file)

    assert settings.config.synthetic_spread_bps == 60.0
    assert settings.config.symbols_to_trade == ("BTCUSDT",)
    assert settings.config.seed == 7
    assert str(settings.origins["synthetic_spread_bps"]) == f"{file}:2, synthetic_spread_bps"


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.toml", "seed = 1\nsynthetic_spred_bps = 60\n"), ("a.yaml", "seed: 1\nsynthetic_spred_bps: 60\n")],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        load_settings({}, {}, tmp_path, file)

    assert str(caught.value) == (
        f"unknown setting 'synthetic_spred_bps' ({file}:2, synthetic_spred_bps);"
        " did you mean 'synthetic_spread_bps'?"
    )


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.toml", "synthetic_spread_bps = nan\n", "was nan ({file}:1, synthetic_spread_bps)"),
        ("a.yaml", "synthetic_spread_bps: .inf\n", "was inf ({file}:1, synthetic_spread_bps)"),
        ("a.yaml", "synthetic_spread_bps: yes\n", "was True ({file}:1, synthetic_spread_bps)"),
        ("a.toml", "max_concurrent_trades = 51\n", "was 51 ({file}:1, max_concurrent_trades)"),
        ("a.toml", "max_concurrent_trades = 3.0\n", "was 3.0 ({file}:1, max_concurrent_trades)"),
        ("a.toml", "seed =\n", "must be valid TOML"),
        ("a.yaml", "seed: [1\n", "must be valid YAML"),
        ("a.yaml", "- seed\n", "must hold `setting: value` lines, was a list"),
        ("a.yaml", "seed: 1\nseed: 2\n", "seed must be given once, was on lines 1 and 2"),
        ("a.json", "{}", "must end in .toml, .yaml or .yml"),
        ("a.toml", "[run]\nseed = 1\n", "unknown setting 'run' ({file}:1, run)"),
        ("a.toml", 'bybit_api_key = "x"\n', "keys must not be in a config file"),
    ],
)
def test_a_wrong_config_file_names_the_place(tmp_path: Path, name: str, text: str, expected: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        load_settings({}, {}, tmp_path, file)

    assert expected.format(file=file) in str(caught.value)


def test_a_config_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file.*--config"):
        load_settings({}, {}, tmp_path, tmp_path / "none.toml")


def test_a_variable_may_name_the_config_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("seed = 9\n")

    assert load(tmp_path, SYNTHTEST_CONFIG=str(file)).config.seed == 9


# ── .env ──────────────────────────────────────────────────────────────────────────────────────────────────


def write_dotenv(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_secrets_that_others_may_read_are_refused(tmp_path: Path, mode: int) -> None:
    path = write_dotenv(tmp_path, "BYBIT_DEMO_API_KEY=a\nBYBIT_DEMO_API_SECRET=marker\n", mode)

    said = refusal(tmp_path)

    assert f"its mode was {mode:04o}" in said
    assert said.endswith(f"chmod 600 {path}")
    assert "marker" not in said


@pytest.mark.parametrize(
    ("text", "mode"), [("BYBIT_DEMO_API_KEY=\n", 0o644), ("SYNTHETIC_SPREAD_BPS=60\n", 0o644)]
)
def test_a_dotenv_without_secrets_may_be_readable(tmp_path: Path, text: str, mode: int) -> None:
    write_dotenv(tmp_path, text, mode)

    assert load(tmp_path).environment.name == "embedded"


def test_keys_in_a_private_dotenv_choose_demo(tmp_path: Path) -> None:
    write_dotenv(tmp_path, "BYBIT_DEMO_API_KEY=a\nBYBIT_DEMO_API_SECRET=b\n")

    settings = load(tmp_path)

    assert settings.environment.name == "demo"
    assert settings.credentials is not None
    assert settings.credentials.api_secret.reveal() == "b"
    assert str(settings.origins["environment"]) == "demo keys are set"


def test_a_value_of_dotenv_names_its_line(tmp_path: Path) -> None:
    write_dotenv(tmp_path, "# ours\n\nexport SYNTHETIC_SPREAD_BPS=-2\n")

    assert "was '-2' (.env:3, SYNTHETIC_SPREAD_BPS)" in refusal(tmp_path)


def test_a_line_of_dotenv_that_is_none_is_refused(tmp_path: Path) -> None:
    write_dotenv(tmp_path, "SYNTHETIC_SPREAD_BPS=60\n='x\n")

    assert "line 2 is none" in refusal(tmp_path)


def test_a_misspelt_name_in_dotenv_is_pointed_at(tmp_path: Path) -> None:
    write_dotenv(tmp_path, "SYNTHETIC_SPREAD_BP=60\nDATABASE_URL=x\n")

    warnings = load(tmp_path).warnings

    assert warnings == (
        ".env:1: SYNTHETIC_SPREAD_BP is no setting and is ignored; did you mean SYNTHETIC_SPREAD_BPS?",
    )


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "missing"),
    [("BYBIT_DEMO_API_KEY", "BYBIT_DEMO_API_SECRET"), ("BYBIT_API_SECRET", "BYBIT_API_KEY")],
)
def test_half_a_key_is_refused(tmp_path: Path, name: str, missing: str) -> None:
    said = refusal(tmp_path, **{name: "marker"})

    assert said == f"{name} must come with {missing}, which is not set; set both or neither"


def test_general_keys_are_testnet_keys_with_bybit_testnet(tmp_path: Path) -> None:
    settings = load(
        tmp_path, {"environment": "testnet"}, BYBIT_API_KEY="k", BYBIT_API_SECRET="s", BYBIT_TESTNET="true"
    )

    assert settings.for_run().credentials is not None
    assert "live" not in settings.keys.credentials


def test_two_testnet_keys_that_differ_are_refused(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        BYBIT_API_KEY="k",
        BYBIT_API_SECRET="s",
        BYBIT_TESTNET="1",
        BYBIT_TESTNET_API_KEY="other",
        BYBIT_TESTNET_API_SECRET="s",
    )

    assert "must not differ" in said


@pytest.mark.parametrize("name", ["demo", "testnet"])
def test_an_environment_without_its_keys_names_the_variables(tmp_path: Path, name: str) -> None:
    said = refusal(tmp_path, {"environment": name})

    assert f"BYBIT_{name.upper()}_API_KEY and BYBIT_{name.upper()}_API_SECRET are not set" in said
    assert "--env embedded" in said


def test_keys_of_another_environment_are_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"environment": "testnet"}, **DEMO_KEYS)

    assert "the keys that are set belong to demo" in said


def test_live_is_refused_with_the_reason(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"environment": "live"}, BYBIT_API_KEY="k", BYBIT_API_SECRET="s")

    assert said.startswith("environment live is refused for now: it needs a passing sign-off")


# ── stages and ceilings ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stage", "keys", "environment", "size"),
    [
        ("development", {}, "embedded", 10.0),
        ("development", DEMO_KEYS, "demo", 10.0),
        ("testing", DEMO_KEYS, "embedded", 10.0),
        ("staging", DEMO_KEYS, "demo", 50.0),
        ("production", {}, "live", 100.0),
    ],
)
def test_a_stage_is_a_template_of_defaults(
    tmp_path: Path, stage: str, keys: dict[str, str], environment: str, size: float
) -> None:
    settings = load(tmp_path, ENVIRONMENT=stage, **keys)

    assert settings.environment.name == environment
    assert settings.config.estimated_position_size == size
    assert settings.config.enable_debug_logging == (stage == "development")
    assert str(settings.origins["estimated_position_size"]) == f"stage {stage} (ENVIRONMENT)"


def test_live_starts_from_the_safety_settings(tmp_path: Path) -> None:
    config = load(tmp_path, {"environment": "live"}).config

    assert config.max_concurrent_trades == 2
    assert (config.minimum_spread_bps, config.max_daily_loss) == (20.0, 50.0)
    assert config.enable_emergency_stop


@pytest.mark.parametrize(
    ("variable", "value", "bound"),
    [
        ("MAX_CONCURRENT_TRADES", "3", "max_concurrent_trades must be at most 2"),
        ("POSITION_SIZE", "501", "estimated_position_size must be at most 500"),
        ("MAX_DAILY_LOSS", "50.01", "max_daily_loss must be at most 50"),
        ("MAX_CONSECUTIVE_FAILURES", "6", "max_consecutive_failures must be at most 5"),
        ("MINIMUM_SPREAD_BPS", "19", "minimum_spread_bps must be at least 20"),
        ("ENABLE_EMERGENCY_STOP", "false", "enable_emergency_stop must be true"),
    ],
)
def test_a_value_beyond_a_live_ceiling_is_refused_and_both_are_named(
    tmp_path: Path, variable: str, value: str, bound: str
) -> None:
    said = refusal(tmp_path, ENVIRONMENT="production", **{variable: value})

    assert bound in said
    assert f"was {value} (environment variable {variable})" in said


def test_all_safety_features_work_anywhere(tmp_path: Path) -> None:
    settings = load(tmp_path, ENABLE_ALL_SAFETY_FEATURES="true")

    assert settings.config.enable_emergency_stop
    assert str(settings.origins["max_daily_loss"]) == "ENABLE_ALL_SAFETY_FEATURES"


def test_a_spread_that_the_risk_gate_lets_never_pass_is_warned_about(tmp_path: Path) -> None:
    assert load(tmp_path, MINIMUM_SPREAD_BPS="50", MAX_DAILY_LOSS="20").warnings == ()

    settings = load(tmp_path, MINIMUM_SPREAD_BPS="51")

    (warning,) = settings.warnings
    assert warning.startswith("no trade will begin: synthetic_spread_bps 50 (profile qualifying) is below")
    assert warning.endswith("minimum_spread_bps 51 (environment variable MINIMUM_SPREAD_BPS)")


def test_all_safety_features_without_the_emergency_stop_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, ENABLE_ALL_SAFETY_FEATURES="true", ENABLE_EMERGENCY_STOP="false")

    assert "enable_emergency_stop must be true with enable_all_safety_features" in said


# ── one run ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60.0), ("10s", 10.0), ("5m", 300.0), ("1h", 3600.0), ("250ms", 0.25), ("1.5h", 5400.0)],
)
def test_a_duration_has_a_unit_or_is_in_seconds(tmp_path: Path, text: str, seconds: float) -> None:
    assert load(tmp_path, {"duration": text}).for_run().duration_s == seconds


@pytest.mark.parametrize("text", ["0", "-5", "5 minutes", "nan", "inf", "", "1e3x"])
def test_a_duration_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    assert "duration must be a time above 0" in refusal(tmp_path, {"duration": text})


@pytest.mark.parametrize("name", ["recording", "attach"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "none"

    assert (
        refusal(tmp_path, {name: str(path)})
        == f"{name} must name a file that can be read, {path} isn't there (flag --{name})"
    )


def test_speed_needs_a_recording(tmp_path: Path) -> None:
    assert "give --recording FILE" in refusal(tmp_path, {"speed": "2"})


def test_a_recording_and_an_attached_exchange_exclude_each_other(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"recording": "a", "attach": "b"})

    assert "recording and attach can't go together" in said


@pytest.mark.parametrize("name", ["recording", "attach", "rate_tier"])
def test_what_the_embedded_exchange_serves_is_refused_elsewhere(tmp_path: Path, name: str) -> None:
    said = refusal(tmp_path, {"environment": "demo", name: "10"}, **DEMO_KEYS)

    assert f"{name} is of the embedded exchange and can't go with environment demo" in said


def test_the_state_folder_follows_the_user(tmp_path: Path) -> None:
    assert load(tmp_path, HOME="/home/u").for_run().state_dir == Path("/home/u/.local/state/synthtest")
    assert load(tmp_path, XDG_STATE_HOME="/s").for_run().state_dir == Path("/s/synthtest")


def test_the_password_in_a_refused_url_is_not_shown(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"environment": "demo"}, BYBIT_API_URL="ftp://user:marker@host")

    assert "marker" not in said
    assert "'ftp://***@host'" in said


def test_no_secret_is_in_what_settings_say_of_themselves(tmp_path: Path) -> None:
    settings = load(tmp_path, BYBIT_DEMO_API_KEY="marker-key", BYBIT_DEMO_API_SECRET="marker-secret")

    said = f"{settings!r} {settings.effective()!r} {settings.for_run()!r}"

    assert "marker" not in said
    assert ("BYBIT_DEMO_API_SECRET", "***") in [(row.setting, row.value) for row in settings.effective()]
