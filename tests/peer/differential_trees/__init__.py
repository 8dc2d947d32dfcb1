"""Random trees of kustomizations, two programs that build them, and the smallest trees on which they differ."""
