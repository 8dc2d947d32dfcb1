//! Rules over finished resources: labels.

mod label;

pub use label::{RecommendedLabels, label};
