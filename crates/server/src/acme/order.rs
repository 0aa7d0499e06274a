//! One certificate: account, order, proofs, certificate (RFC 8555 section 7).

use std::{fmt, sync::Arc, time::Duration};

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    Problem, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use tokio::time::sleep;
use tokio_rustls::rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{
    AcmeConfig,
    http::{Http, Unanswered},
    keep::Folder,
};
use crate::{
    CertificateFacts,
    tls::{Certificate, Proof},
};

/// How often the authority is asked whether it has got on, and for how long.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));

/// So often what was issued is asked for, and with such pauses.
const FETCHES: u32 = 5;
const FETCH_PAUSE: Duration = Duration::from_secs(2);

/// Why there is no new certificate.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) why: Why,
    reason: String,
}

/// What it lies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The way to the authority.
    Unreachable,
    /// The authority could not see that a name is this server's.
    Unproven,
    /// The authority does not want to, or what it gave is of no use.
    Refused,
    /// Something could not be kept.
    Folder,
}

impl Failure {
    pub(super) fn new(why: Why, reason: String) -> Self {
        Self { why, reason }
    }

    fn refused(reason: impl Into<String>) -> Self {
        Self::new(Why::Refused, reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An authority's words are others' words: one line, and not for ever.
        let reason: String = self.reason.chars().filter(|char| !char.is_control()).take(600).collect();
        f.write_str(&reason)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) => Self::refused(told(&problem)),
            Error::Other(inner) if inner.is::<Unanswered>() => Self::new(Why::Unreachable, inner.to_string()),
            other => Self::refused(other.to_string()),
        }
    }
}

/// An authority's own words.
fn told(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    let kind = kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind);
    let detail = problem.detail.as_deref().unwrap_or("no reason is given");
    let more: Vec<&str> = problem.subproblems.iter().filter_map(|more| more.detail.as_deref()).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
    format!("it says {kind:?}: {detail}{more}")
}

/// A certificate as it came.
pub(super) struct Issued {
    /// In PEM form.
    key: String,
    /// In PEM form, with those that vouch for it.
    chain: String,
}

impl Issued {
    pub(super) fn facts(&self) -> Option<CertificateFacts> {
        CertificateFacts::read(&CertificateDer::from_pem_slice(self.chain.as_bytes()).ok()?)
    }

    pub(super) fn keep(&self, directory: &str, folder: &Folder) -> Result<(), Failure> {
        folder.keep_certificate(directory, &self.key, &self.chain).map_err(|error| kept(folder, &error))
    }
}

/// Gets a certificate. Nothing is asked for that could not be kept.
pub(super) async fn get(
    config: &AcmeConfig,
    folder: &Folder,
    http: &Http,
    certificate: &Arc<Certificate>,
) -> Result<Issued, Failure> {
    let prove_folder = || folder.prove().map_err(|error| kept(folder, &error));
    prove_folder()?;
    let names: Vec<Identifier> = config.domains.iter().cloned().map(Identifier::Dns).collect();
    let wanted = NewOrder::new(&names);
    let mut order = match account(config, folder, http, false).await?.new_order(&wanted).await {
        Err(Error::Api(problem)) if is_forgotten(&problem) => {
            account(config, folder, http, true).await?.new_order(&wanted).await?
        }
        order => order?,
    };
    // Shown until the order is through.
    let _proofs = prove(&mut order, certificate).await?;
    if !matches!(order.state().status, OrderStatus::Ready | OrderStatus::Valid) {
        match order.poll_ready(&POLLING).await {
            Ok(OrderStatus::Ready) => {}
            outcome => return Err(unproven(&mut order, outcome).await),
        }
    }
    let failed = |error: rcgen::Error| Failure::refused(error.to_string());
    let key = KeyPair::generate().map_err(failed)?;
    let mut request = CertificateParams::new(config.domains.clone()).map_err(failed)?;
    request.distinguished_name = DistinguishedName::new();
    let request = request.serialize_request(&key).map_err(failed)?;
    // The proofs may have taken minutes.
    prove_folder()?;
    order.finalize_csr(request.der()).await?;
    let chain = fetch(&mut order).await?;
    check(&chain, &key, &config.domains)?;
    Ok(Issued { key: key.serialize_pem(), chain })
}

/// Gets what was issued. It is counted already, and another order would be another one: what was lost on the way is asked for again.
async fn fetch(order: &mut Order) -> Result<String, Failure> {
    let mut tries = 1;
    loop {
        match order.poll_certificate(&POLLING).await {
            Ok(chain) => return Ok(chain),
            Err(_) if tries < FETCHES && order.state().status != OrderStatus::Invalid => {
                tries += 1;
                sleep(FETCH_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn kept(folder: &Folder, error: &std::io::Error) -> Failure {
    Failure::new(Why::Folder, format!("it cannot be kept in {}: {error}", folder.0.display()))
}

/// Whether an authority knows nothing of an account that it once gave, or wants to (RFC 8555 section 6.7).
fn is_forgotten(problem: &Problem) -> bool {
    problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}

/// The account with the authority, made at the first time, and if another one is wanted.
async fn account(
    config: &AcmeConfig,
    folder: &Folder,
    http: &Http,
    is_another: bool,
) -> Result<Account, Failure> {
    let builder = || Account::builder_with_http(Box::new(http.clone()));
    if let Some(kept) = folder.account(&config.directory).filter(|_| !is_another) {
        return Ok(builder().from_credentials(kept).await?);
    }
    let contact = config.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder().create(&wanted, config.directory.clone(), None).await?;
    folder.keep_account(&credentials).map_err(|error| kept(folder, &error))?;
    Ok(account)
}

/// Shows the authority what it wants to see for each name (RFC 8737), and has it look.
async fn prove(order: &mut Order, certificate: &Arc<Certificate>) -> Result<Vec<Proof>, Failure> {
    let mut proofs = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let name = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            other => return Err(Failure::refused(format!("{name} is {other:?} there"))),
        }
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .ok_or_else(|| Failure::refused(format!("it does not look at {name} by tls-alpn-01")))?;
        let key = proof(&name, challenge.key_authorization().digest().as_ref()).map_err(Failure::refused)?;
        proofs.push(certificate.prove(&name, key));
        challenge.set_ready().await?;
    }
    Ok(proofs)
}

/// A certificate for nothing but this proof (RFC 8737 section 3).
fn proof(name: &str, digest: &[u8]) -> Result<CertifiedKey, String> {
    let failed = |error: rcgen::Error| error.to_string();
    let mut params = CertificateParams::new([name.to_owned()]).map_err(failed)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(failed)?;
    let made = params.self_signed(&key).map_err(failed)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let key = aws_lc_rs::default_provider().key_provider.load_private_key(key);
    // Not looked at as others are: rustls does not know its extension, which is critical.
    Ok(CertifiedKey::new(vec![made.der().clone()], key.map_err(|error| error.to_string())?))
}

/// What the authority saw where it looked.
async fn unproven(order: &mut Order, outcome: Result<OrderStatus, Error>) -> Failure {
    let mut seen = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let name = authorization.identifier().to_string();
        let Ok(state) = authorization.refresh().await else { continue };
        let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        seen.extend(
            problems.map(|problem| format!("it could not see that {name} is this server: {}", told(problem))),
        );
    }
    match outcome {
        _ if !seen.is_empty() => Failure::new(Why::Unproven, seen.join("; ")),
        Err(error) => error.into(),
        Ok(status) => Failure::refused(format!("the order is {status:?}")),
    }
}

/// Whether what came is for this key and these names.
fn check(chain: &str, key: &KeyPair, domains: &[String]) -> Result<(), Failure> {
    let bad = |reason: String| Failure::refused(format!("its certificate is of no use: {reason}"));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| bad(error.to_string()))?;
    let facts = chain.first().and_then(CertificateFacts::read);
    let facts = facts.ok_or_else(|| bad("it cannot be read".to_owned()))?;
    if let Some(name) = domains.iter().find(|name| !facts.is_for(name)) {
        return Err(bad(format!("it is not for {name}")));
    }
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| bad(error.to_owned()))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map(drop)
        .map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One for a name, good for ever.
    pub(in crate::acme) fn issued(name: &str) -> Issued {
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
        Issued { key: key.serialize_pem(), chain: made.pem() }
    }
}
