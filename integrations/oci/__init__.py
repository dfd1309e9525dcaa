"""OCI registries: names of images, the distribution protocol, manifests."""
