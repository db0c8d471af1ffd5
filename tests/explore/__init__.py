"""Every interleaving of the production trade machine and a small, hostile exchange.

Proof 1 of docs/reliability.md; `python -m tests.explore --help` is its command. It lives with the tests:
it judges the machine, and nothing that ships needs it.
"""
