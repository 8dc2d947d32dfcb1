//! How many pods there are.

use crate::field::given;
use crate::field_path::FieldPath;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn scaled_replicas(scope: &Scope, out: &mut Vec<Proposal>) {
    let resource = scope.resource;
    let path = FieldPath::of(&["spec", "replicas"]);
    if given(path.get(resource.tree())).is_some()
        && scope.surroundings().is_some_and(|others| others.scaler_of(resource).is_some())
    {
        let message = "`replicas` is set back by every deployment, against what scales it";
        out.push(Proposal::new(path, message).remove());
    }
}
