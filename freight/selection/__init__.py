"""Choosing among versions: what a subscription takes, in which order, and why it left the others.

Pure: names and dates in, a `Selection` out; no ORM, no network, no clock.
"""
