"""Small real servers on the loopback interface, for the demo and for tests."""
