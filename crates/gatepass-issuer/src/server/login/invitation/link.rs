//! An invitation link: what it grants, as the parameters of a signed URL.
//!
//! The link is the issuer's own `…/invitation` with these parameters, signed by a canned pass
//! over SHA-256:
//!
//! - `id`: 32 hexadecimal digits, another for each invitation;
//! - `for`: the subject;
//! - `claim.NAME`: a claim; several of one name are a list;
//! - `session-seconds`: how long the login lasts, if not as long as any;
//! - `uses=once`, if it is good for one login;
//! - `return-to`: where the person is sent then.
//!
//! # Invariants
//!
//! - A link counts if it was signed as it stands: nothing that it grants is outside the signature.
//! - Only a canned pass counts, which is good for one exact URL. Passes for content are made for
//!   people who must not make invitations of them, and `https://media.example.com/*` covers
//!   this path, too.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use data_encoding::HEXLOWER;
use gatepass::{
    Carrier, EpochTime, HashAlgorithm, SignError, Trust, TrustedKeys, Unsigned, ViewerRequest,
    ViewerUrl, verify,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::person::{Person, PersonError};
use crate::server::login::vouch;

/// What an invitation link grants.
#[derive(Clone, Eq, PartialEq)]
pub struct Invitation {
    /// Tells it from all others.
    pub id: [u8; 16],
    /// Who logs in with it. Claims are texts, or lists of texts.
    pub person: Person,
    /// How long they stay logged in, if not as long as anybody.
    pub session: Option<Duration>,
    /// How often it can be used.
    pub uses: Uses,
    /// Where they are sent.
    pub return_to: Option<Box<str>>,
}

/// How often an invitation can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "once or not once: there is no third")]
pub enum Uses {
    /// Until it ends.
    Many,
    /// For one login.
    Once,
}

/// Why a link is no invitation.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvitationError {
    /// Longer than what mail programs and proxies carry.
    #[error("the link has {0} bytes, more than {max}", max = Invitation::LONGEST)]
    Long(usize),
    /// Not signed, or not here, or not for now.
    #[error("the link is not signed by a key of the issuer, or is over")]
    Unsigned,
    /// A parameter that invitations don't have, or one of them twice, or one that can't be read.
    #[error("the parameter {0:?} is not known, can't be read, or comes twice")]
    Parameter(Box<str>),
    /// A parameter that they must have.
    #[error("the parameter {0:?} is missing")]
    Missing(&'static str),
    /// Somebody who can't be.
    #[error(transparent)]
    Person(#[from] PersonError),
}

impl Invitation {
    /// The longest link, in bytes, without the issuer's URL.
    pub const LONGEST: usize = 4_096;

    /// The most claims, lists counted by their members.
    const MOST_CLAIMS: usize = 64;

    /// The link without its signature, at the URL of an issuer.
    pub fn url(&self, issuer: &str) -> String {
        format!("{issuer}{PATH}?{}", self.query())
    }

    /// What has to be signed for the link at this URL to count until `expiry`.
    pub fn unsigned(url: &str, expiry: EpochTime) -> Result<Unsigned, SignError> {
        Unsigned::canned(url, expiry, HashAlgorithm::Sha256)
    }

    /// Reads the query of a link that somebody followed to the issuer at this URL: what it
    /// grants, and until when.
    pub fn admit(
        issuer: &str,
        query: &str,
        keys: &TrustedKeys,
        now: EpochTime,
    ) -> Result<(Self, EpochTime), InvitationError> {
        if query.len() > Self::LONGEST {
            return Err(InvitationError::Long(query.len()));
        }
        let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte);
        if !query.bytes().all(is_ours) {
            return Err(InvitationError::Unsigned);
        }
        let sent = format!("{issuer}{PATH}?{query}");
        let url = ViewerUrl::parse(&sent).map_err(|_| InvitationError::Unsigned)?;
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let request = ViewerRequest::new::<[u8]>(url, nowhere, []);
        let presented = request.passes().only().ok_or(InvitationError::Unsigned)?;
        if presented.carrier() != Carrier::Url || presented.policy().is_some() {
            return Err(InvitationError::Unsigned);
        }
        let minimum_hash = HashAlgorithm::Sha256;
        let trust = Trust { minimum_hash, ..Trust::from(keys.clone()) };
        let pass = verify(&request, &trust, now).map_err(|_| InvitationError::Unsigned)?;
        let own = request.url().query().unwrap_or_default();
        Ok((Self::read(own)?, pass.expiry()))
    }

    /// Reads the parameters of a link, whoever signed them.
    pub fn read(query: &str) -> Result<Self, InvitationError> {
        let mut read = Parameters::default();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let wrong = || InvitationError::Parameter(name.chars().take(80).collect());
            let value = percent_decode_str(value).decode_utf8().map_err(|_| wrong())?;
            read.take(name, &value).ok_or_else(wrong)?;
        }
        let claims = read.claims.into_iter().map(|(name, mut texts)| {
            let is_one = texts.len() == 1;
            (name, if is_one { texts.remove(0) } else { texts.into() })
        });
        let mut claims = claims.collect();
        vouch(&mut claims);
        Ok(Self {
            id: read.id.ok_or(InvitationError::Missing("id"))?,
            person: Person::new(&read.subject.ok_or(InvitationError::Missing("for"))?, claims)?,
            session: read.session,
            uses: read.uses.unwrap_or(Uses::Many),
            return_to: read.return_to,
        })
    }

    /// The parameters as they stand in the link. Claims that are no texts are left out.
    pub fn query(&self) -> String {
        let mut query = format!("id={}", HEXLOWER.encode(&self.id));
        let mut add = |name: &str, value: &str| {
            query.push('&');
            query.extend([name, "="]);
            query.extend(utf8_percent_encode(value, ESCAPED));
        };
        add("for", self.person.subject());
        for (name, claim) in self.person.claims() {
            let texts = claim.as_array().map_or(std::slice::from_ref(claim), Vec::as_slice);
            for text in texts.iter().filter_map(Value::as_str) {
                add(&format!("claim.{name}"), text);
            }
        }
        if let Some(session) = self.session {
            add("session-seconds", &session.as_secs().to_string());
        }
        if self.uses == Uses::Once {
            add("uses", "once");
        }
        if let Some(place) = &self.return_to {
            add("return-to", place);
        }
        query
    }

    /// Whether a link can carry a claim of this name.
    pub fn can_claim(name: &str) -> bool {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (1..=64).contains(&name.len()) && name.bytes().all(is_letter) && name != "sub"
    }
}

/// Where invitations are redeemed, below the issuer's URL.
const PATH: &str = "/invitation";

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Default)]
struct Parameters {
    id: Option<[u8; 16]>,
    subject: Option<Box<str>>,
    claims: std::collections::BTreeMap<String, Vec<Value>>,
    session: Option<Duration>,
    uses: Option<Uses>,
    return_to: Option<Box<str>>,
}

impl Parameters {
    /// Nothing if the parameter is none of ours, or is there already.
    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "id" => fill(&mut self.id, read_id(value)?),
            "for" => fill(&mut self.subject, value.into()),
            "session-seconds" => fill(&mut self.session, read_seconds(value)?),
            "uses" => fill(&mut self.uses, (value == "once").then_some(Uses::Once)?),
            "return-to" => fill(&mut self.return_to, value.into()),
            _ => {
                let name =
                    name.strip_prefix("claim.").filter(|name| Invitation::can_claim(name))?;
                let claimed = self.claims.values().map(Vec::len).sum::<usize>();
                let texts = self.claims.entry(name.to_owned()).or_default();
                (claimed < Invitation::MOST_CLAIMS).then(|| texts.push(value.into()))
            }
        }
    }
}

fn fill<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn read_id(text: &str) -> Option<[u8; 16]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// Digits, without a sign or a zero before them.
fn read_seconds(text: &str) -> Option<Duration> {
    let seconds: u64 = text.parse().ok()?;
    (seconds > 0 && seconds.to_string() == text).then(|| Duration::from_secs(seconds))
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("uses", &self.uses).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use gatepass::{KeyType, Policy, PublicKeyId, Resource, Signer, SigningKey, Window};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://media.example.com/_gatepass";

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_767_290_400 + seconds).unwrap()
    }

    fn signer() -> (Signer, TrustedKeys) {
        let id: PublicKeyId = "K1".parse().unwrap();
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let keys = TrustedKeys::from_iter([(id.clone(), key.public_key().clone())]);
        (Signer::new(id, key), keys)
    }

    fn person(name: &str, claims: &Value) -> Person {
        Person::new(name, claims.as_object().unwrap().clone()).unwrap()
    }

    fn invitation() -> Invitation {
        Invitation {
            id: [0xab; 16],
            person: person("ada l+1", &json!({"groups": ["a&b", "c"], "plan": "gold"})),
            session: Some(Duration::from_hours(24)),
            uses: Uses::Once,
            return_to: Some("/films?x=1".into()),
        }
    }

    fn signed(signer: &Signer, invitation: &Invitation, expiry: EpochTime) -> String {
        let url = invitation.url(ISSUER);
        let pass = signer.complete(Invitation::unsigned(&url, expiry).unwrap()).unwrap();
        pass.url(&url).unwrap()
    }

    fn query(link: &str) -> &str {
        link.split_once('?').unwrap().1
    }

    #[test]
    fn a_signed_link_grants_what_it_says_until_it_ends() {
        let (signer, keys) = signer();
        let link = signed(&signer, &invitation(), at(100));
        assert!(link.starts_with(
            "https://media.example.com/_gatepass/invitation?id=abababababababababababababababab\
             &for=ada%20l%2B1&claim.groups=a%26b&claim.groups=c&claim.plan=gold\
             &session-seconds=86400&uses=once&return-to=%2Ffilms%3Fx%3D1&Expires=1767290500&"
        ));
        let admit = |seconds| Invitation::admit(ISSUER, query(&link), &keys, at(seconds));
        assert_eq!(admit(99), Ok((invitation(), at(100))));
        assert_eq!(admit(100), Err(InvitationError::Unsigned));
    }

    #[test]
    fn nothing_that_a_link_grants_can_be_changed() {
        let (signer, keys) = signer();
        let link = signed(&signer, &invitation(), at(100));
        let admit = |query: &str| Invitation::admit(ISSUER, query, &keys, at(0)).is_ok();
        assert!(admit(query(&link)));
        for (from, to) in [
            ("for=ada", "for=eve"),
            ("claim.plan=gold", "claim.plan=more"),
            ("session-seconds=86400", "session-seconds=99999"),
            ("&uses=once", ""),
            ("&uses=once", "&uses=once&claim.groups=staff"),
            ("id=ab", "id=cd"),
            ("Expires=1767290500", "Expires=1767290501"),
            ("Hash-Algorithm=SHA256", "Hash-Algorithm=SHA1"),
            ("a%26b", "a%26%62"),
        ] {
            assert!(link.contains(from), "{from}");
            assert!(!admit(&query(&link).replace(from, to)), "{from} to {to}");
        }
        assert!(!admit(&invitation().query()));
        assert!(!admit(""));
        let elsewhere = Invitation::admit("https://other.example", query(&link), &keys, at(0));
        assert_eq!(elsewhere, Err(InvitationError::Unsigned));
    }

    #[test]
    fn a_pass_for_content_is_no_invitation() {
        let (signer, keys) = signer();
        let url = invitation().url(ISSUER);
        let admit = |link: &str| Invitation::admit(ISSUER, query(link), &keys, at(0));
        // A wide pass, as people hold it in their cookies, carried in the URL.
        for resource in ["https://media.example.com/*", "*", &url] {
            for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
                let policy = Policy::new([Resource::new(resource)], Window::until(at(100)));
                let style = gatepass::JsonStyle::Botocore;
                let pass = Unsigned::custom(&policy, style, hash).unwrap();
                let link = signer.complete(pass).unwrap().url(&url).unwrap();
                assert_eq!(admit(&link), Err(InvitationError::Unsigned), "{resource}");
            }
        }
        // A signed URL over SHA-1, as content usually has.
        let pass = Unsigned::canned(&url, at(100), HashAlgorithm::Sha1).unwrap();
        let link = signer.complete(pass).unwrap().url(&url).unwrap();
        assert_eq!(admit(&link), Err(InvitationError::Unsigned));
    }

    #[test]
    fn another_key_invites_nobody() {
        let ((signer, _), (_, other_keys)) = (signer(), self::signer());
        let link = signed(&signer, &invitation(), at(100));
        let admitted = Invitation::admit(ISSUER, query(&link), &other_keys, at(0));
        assert_eq!(admitted, Err(InvitationError::Unsigned));
    }

    #[test]
    fn what_can_not_be_read_is_no_invitation() {
        let id = "id=abababababababababababababababab";
        let read = |rest: &str| Invitation::read(&format!("{id}&{rest}")).err();
        assert_eq!(read("for=ada"), None);
        for (rest, name) in [
            ("for=ada&for=eve", "for"),
            ("for=ada&id=00000000000000000000000000000000", "id"),
            ("for=ada&claim.sub=eve", "claim.sub"),
            ("for=ada&claim.=x", "claim."),
            ("for=ada&claim.a%62=x", "claim.a%62"),
            ("for=ada&uses=twice", "uses"),
            ("for=ada&session-seconds=0", "session-seconds"),
            ("for=ada&session-seconds=+5", "session-seconds"),
            ("for=ada&admin=yes", "admin"),
            ("for=%ff", "for"),
            ("for=ada&", ""),
        ] {
            assert_eq!(read(rest), Some(InvitationError::Parameter(name.into())), "{rest}");
        }
        assert_eq!(read("uses=once"), Some(InvitationError::Missing("for")));
        assert_eq!(read("for="), Some(InvitationError::Person(PersonError::NoSubject)));
        assert_eq!(Invitation::read("for=ada").err(), Some(InvitationError::Missing("id")));
        let claims = |count| format!("for=ada{}", "&claim.groups=a".repeat(count));
        assert_eq!(read(&claims(64)), None);
        assert!(read(&claims(65)).is_some());
        let (_, keys) = signer();
        let long = Invitation::admit(ISSUER, &"a".repeat(4_097), &keys, at(0));
        assert_eq!(long, Err(InvitationError::Long(4_097)));
    }

    proptest! {
        #[test]
        fn whatever_is_read_says_the_same_when_it_is_written_again(
            query in "(id=[0-9a-f]{32}&)?(for=[a-z%0-9]{0,9}&?)?((claim\\.[a-z.]{0,5}|uses|return-to|session-seconds|[a-z]{1,3})=[a-z0-9%&=~+]{0,9}&?){0,4}",
        ) {
            if let Ok(invitation) = Invitation::read(&query) {
                prop_assert_eq!(Invitation::read(&invitation.query()), Ok(invitation));
            }
        }

        #[test]
        fn what_is_written_is_read(
            name in "\\PC{1,60}",
            texts in proptest::collection::vec("\\PC{0,20}", 2..5),
            session in proptest::option::of(1_u64..1_000_000),
            place in proptest::option::of("/\\PC{0,40}"),
        ) {
            let invitation = Invitation {
                person: person(&name, &json!({"groups": texts, "plan": texts[0]})),
                session: session.map(Duration::from_secs),
                return_to: place.map(Into::into),
                ..invitation()
            };
            prop_assert_eq!(Invitation::read(&invitation.query()), Ok(invitation));
        }
    }
}
