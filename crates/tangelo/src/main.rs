//! The `tangelo` command.
fn main() {}
