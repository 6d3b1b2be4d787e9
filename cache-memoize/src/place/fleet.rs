//! The option `single_flight = "fleet"`: one computation among processes, where there is something that they share.

/// Never implemented; only its message is used, for `single_flight = "fleet"` on a `Memory`.
#[diagnostic::on_unimplemented(
    message = "`single_flight = \"fleet\"` is for backends that processes share, and a `Memory` is within one",
    label = "the backend of this function is a `Memory`",
    note = "leave `single_flight` out: within the process one call computes and the others wait for it anyway; or name a \
            shared backend, such as a `Redis`"
)]
pub trait NeedsNoFleet {}
