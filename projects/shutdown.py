"""Tells long work in this process that a clean shutdown was asked for."""

import threading

requested = threading.Event()
