"""Clients of outside systems: arguments in, frozen dataclasses out; no settings, no models."""
