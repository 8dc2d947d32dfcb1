//! What rules look at that are no controls of the Pod Security Standards.

mod budget;
mod cron;
mod dns;
mod images;
mod ingress;
mod probes;
mod read_only_root;
mod resources;
mod scaling;
mod service_account;
mod shutdown;
mod spread;

pub(crate) use budget::*;
pub(crate) use cron::*;
pub(crate) use dns::*;
pub(crate) use images::*;
pub(crate) use ingress::*;
pub(crate) use probes::*;
pub(crate) use read_only_root::*;
pub(crate) use resources::*;
pub(crate) use scaling::*;
pub(crate) use service_account::*;
pub(crate) use shutdown::*;
pub(crate) use spread::*;
