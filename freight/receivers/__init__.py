"""Webhook receivers: what senders tell us, one file for each kind of sender."""
