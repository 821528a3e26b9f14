//! The public half of a key, put together from what a token says of it.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectHandle};
use cryptoki::session::Session;
use gatepass::{KeyError, KeySizes, PublicKey};

use super::digest::pair;

/// What comes before a point of P-256 in a `SubjectPublicKeyInfo` (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The object identifier of P-256, as a token names a key's curve.
const P256_NAME: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Reads a key from the object that holds it; none if the object doesn't say enough.
pub(super) fn read(
    session: &Session,
    key: ObjectHandle,
) -> Result<Option<Result<PublicKey, KeyError>>, Error> {
    const WANTED: [AttributeType; 4] = [
        AttributeType::Modulus,
        AttributeType::PublicExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let (mut modulus, mut exponent, mut curve, mut point) = (None, None, None, None);
    for attribute in session.get_attributes(key, &WANTED)? {
        match attribute {
            Attribute::Modulus(found) => modulus = Some(found),
            Attribute::PublicExponent(found) => exponent = Some(found),
            Attribute::EcParams(found) => curve = Some(found),
            Attribute::EcPoint(found) => point = Some(found),
            _ => {}
        }
    }
    let der = match (modulus, exponent, curve, point) {
        (Some(modulus), Some(exponent), _, _) => pair(&modulus, &exponent),
        (_, _, Some(curve), _) if curve != P256_NAME => {
            return Ok(Some(Err(KeyError::Unsupported("on another curve than P-256".into()))));
        }
        (_, _, Some(_), Some(point)) => p256(&point),
        _ => None,
    };
    Ok(der.map(|der| PublicKey::parse(&der, KeySizes::Current)))
}

/// The point is wrapped in an OCTET STRING, as the standard says, or bare, as some tokens say.
fn p256(point: &[u8]) -> Option<Vec<u8>> {
    let point = match point {
        [0x04, 65, bare @ ..] if bare.len() == 65 => bare,
        bare => bare,
    };
    (point.len() == 65 && point[0] == 0x04).then(|| [&P256[..], point].concat())
}

/// Whether the key is RSA; any other is taken for ECDSA.
pub(super) fn is_rsa(session: &Session, key: ObjectHandle) -> Result<bool, Error> {
    let found = session.get_attributes(key, &[AttributeType::KeyType])?;
    Ok(found.contains(&Attribute::KeyType(KeyType::RSA)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_wrapped_and_bare() {
        let mut bare = vec![0x04];
        bare.extend([7; 64]);
        let wrapped = [&[0x04, 65], &*bare].concat();
        assert_eq!(p256(&bare), p256(&wrapped));
        assert_eq!(p256(&bare).map(|der| der.len()), Some(91));
        assert_eq!(p256(&bare[1..]), None);
    }
}
