"""Clients that carry a message to people: Slack and mail."""
