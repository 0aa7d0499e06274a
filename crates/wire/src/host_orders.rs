//! What a host wants: the content of a [`crate::HostStatement`].

use serde::{Deserialize, Serialize};

use crate::{Bytes, ClientId, HostStatement, limits};

/// All that a host wants, whole: the last statement counts alone. JSON in the statement's bytes, so that members and
/// server read the same thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostOrders {
    /// Whether only the admitted may be added to the group.
    pub locked: bool,
    /// Who may be added while the room is locked.
    pub admitted: Vec<ClientId>,
    /// Who must not be in the call any more.
    pub removed: Vec<ClientId>,
    /// Identities that must not be in the call any more: 16 bytes each, which only holders of the link can compute from
    /// an identity key.
    pub barred: Vec<Bytes>,
    /// Whether the call is over.
    pub ended: bool,
    /// The number of the statement that this one was built on, if there was one in this log: of two that hosts make at
    /// the same time the later one is void, and does not undo the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl HostOrders {
    /// What a statement says; `None` if it cannot be understood. Whether the host said it is for
    /// [`HostStatement::verify`].
    #[must_use]
    pub fn read(said: &HostStatement) -> Option<Self> {
        if said.statement.len() > limits::HOST_STATEMENT_MAX_BYTES {
            return None;
        }
        serde_json::from_slice(said.statement.as_slice()).ok()
    }

    /// The bytes of a statement.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        Bytes(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether it was built on the statement with this number, the last one in the log. One that does not say builds on any,
    /// and of a log in which nothing was said nobody can tell.
    #[must_use]
    pub fn follows(&self, last: Option<u64>) -> bool {
        match (self.after, last) {
            (Some(after), Some(last)) => after == last,
            _ => true,
        }
    }

    /// Whether a client may be added to the group, as far as its id tells.
    #[must_use]
    pub fn lets_in(&self, client: ClientId) -> bool {
        !self.locked || self.admitted.contains(&client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(statement: &[u8]) -> HostStatement {
        HostStatement {
            number: 1,
            statement: Bytes(statement.to_vec()),
            host_key: Bytes::default(),
            signature: Bytes::default(),
        }
    }

    #[test]
    fn orders_read_back() {
        let orders = HostOrders {
            locked: true,
            admitted: vec![ClientId([1; 16])],
            barred: vec![Bytes(vec![7; 16])],
            ..HostOrders::default()
        };
        assert_eq!(HostOrders::read(&said(orders.to_bytes().as_slice())), Some(orders.clone()));
        assert_eq!(HostOrders::read(&said(b"{}")), Some(HostOrders::default()));
        assert!(orders.lets_in(ClientId([1; 16])) && !orders.lets_in(ClientId([2; 16])));
        assert!(HostOrders::default().lets_in(ClientId([2; 16])));
    }

    #[test]
    fn orders_follow_the_statement_that_they_were_built_on() {
        let after = |after| HostOrders { after, ..HostOrders::default() };
        assert!(after(Some(7)).follows(Some(7)) && !after(Some(7)).follows(Some(8)));
        assert!(after(None).follows(Some(8)) && after(Some(7)).follows(None));
        assert_eq!(HostOrders::read(&said(after(Some(7)).to_bytes().as_slice())), Some(after(Some(7))));
        assert!(!String::from_utf8(after(None).to_bytes().0).unwrap().contains("after"));
    }

    #[test]
    fn what_cannot_be_understood_is_no_order() {
        for bad in [&b""[..], b"lock", b"{\"locked\":1}", b"{\"unlock\":true}", &[0xff; 40]] {
            assert_eq!(HostOrders::read(&said(bad)), None);
        }
    }
}
