//! What a key signs, and what it shows.

use super::*;

#[test]
fn signs_what_it_verifies_with_both_hashes() {
    for key_type in [KeyType::P256, KeyType::Rsa2048] {
        let key = SigningKey::generate(key_type).unwrap();
        for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
            let signature = key.sign(hash, b"a policy").unwrap();
            assert!(key.public_key().verify(hash, b"a policy", &signature));
            assert!(!key.public_key().verify(hash.other(), b"a policy", &signature));
            assert!(!key.public_key().verify(hash, b"another", &signature));
            assert!(!key.public_key().verify(hash, b"a policy", &signature[1..]));
            assert!(!key.public_key().verify(hash, b"a policy", b""));
        }
    }
}

#[test]
fn survives_being_written_and_read() {
    for key_type in [KeyType::P256, KeyType::Rsa2048] {
        let key = SigningKey::generate(key_type).unwrap();
        let again = SigningKey::parse(key.to_pem().unwrap().as_bytes(), None).unwrap();
        assert_eq!(key.public_key(), again.public_key());
        let public = key.public_key().to_pem();
        assert_eq!(
            *key.public_key(),
            PublicKey::parse(public.as_bytes(), KeySizes::Current).unwrap()
        );
    }
}

#[test]
fn shows_no_private_byte() {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let shown = format!("{key:?}");
    assert!(shown.starts_with("SigningKey { public: PublicKey(P-256, "), "{shown}");
}
