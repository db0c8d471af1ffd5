"""Settings from everywhere into one checked value.

rules.py    what a value may be
catalog.py  every setting: name, flag, environment variables, rule
origin.py   where a value came from
sources.py  flags, environment, `.env`, config file
stages.py   templates of defaults, and the ceilings of live
keys.py     which key belongs to which environment
load.py     all of them into one `Settings`
run.py      `RunSettings`, what the engine is given

Nothing is imported here: `synthcore.config` stands on rules and catalog, and `load` stands on it.
"""
