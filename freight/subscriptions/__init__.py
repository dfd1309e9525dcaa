"""Subscriptions: what a warehouse watches, one file for each kind of artifact."""
