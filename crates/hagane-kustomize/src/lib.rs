//! Loads and composes kustomizations exactly as kustomize 5.8.1 does.
