"""The parts of `signers.py`; each `with_…` module knows one other signer."""
