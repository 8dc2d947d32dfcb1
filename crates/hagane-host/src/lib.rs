//! The real world for the pipeline: disk, environment, keys.
