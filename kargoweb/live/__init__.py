"""Everything live: one listener a process hears of changes, a hub fans them out, streams carry them to browsers.

An event names what changed and holds no content; log lines come from the database in the order of their numbers.
"""
