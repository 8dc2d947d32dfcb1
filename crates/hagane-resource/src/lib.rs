//! What everything is about: resources, their ids, field specs, schema and diagnostics.
