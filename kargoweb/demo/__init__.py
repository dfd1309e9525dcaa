"""The demo: a project fed by real repositories and a real registry on this machine; works offline."""
