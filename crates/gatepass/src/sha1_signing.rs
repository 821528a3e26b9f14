//! SHA-1 signatures, which aws-lc-rs verifies but does not make.
//!
//! CloudFront's default is SHA-1, so a signer has to make it. The library beneath aws-lc-rs
//! can; this file is the only unsafe code of Gatepass, and all it does is to parse one
//! private key and to sign digests with it. What it makes is held against openssl's.

#![expect(unsafe_code, reason = "aws-lc-rs has no safe way to make a SHA-1 signature")]

use std::ptr::{self, NonNull};

use aws_lc_sys::{
    CBS, CBS_init, EVP_PKEY, EVP_PKEY_CTX, EVP_PKEY_CTX_free, EVP_PKEY_CTX_new,
    EVP_PKEY_CTX_set_signature_md, EVP_PKEY_free, EVP_PKEY_sign, EVP_PKEY_sign_init, EVP_PKEY_size,
    EVP_parse_private_key, EVP_sha1, SHA1,
};

/// A private key, RSA or EC, that signs SHA-1 digests.
pub(crate) struct Sha1Key(NonNull<EVP_PKEY>);

// SAFETY: AWS-LC documents that an `EVP_PKEY` may be used by several threads at once as long
// as nothing mutates it. It is mutated nowhere between `from_pkcs8` and `drop`; the blinding
// that signing needs is guarded by a lock of its own.
unsafe impl Send for Sha1Key {}
// SAFETY: as above.
unsafe impl Sync for Sha1Key {}

impl Sha1Key {
    /// Parses an unencrypted PKCS#8 key.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let mut input = CBS { data: ptr::null(), len: 0 };
        // SAFETY: `input` borrows `der`, which outlives both calls; the key that comes back
        // is owned by us, or null.
        let key = unsafe {
            CBS_init(&raw mut input, der.as_ptr(), der.len());
            EVP_parse_private_key(&raw mut input)
        };
        NonNull::new(key).map(Self)
    }

    /// Signs the SHA-1 digest of `message`: PKCS#1 v1.5 for RSA, DER for ECDSA.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut digest = [0; 20];
        // SAFETY: `SHA1` reads `len` bytes and writes 20.
        unsafe { SHA1(message.as_ptr(), message.len(), digest.as_mut_ptr()) };

        let context = Context::new(self.0)?;
        // SAFETY: the key is alive as long as `self`.
        let size = unsafe { EVP_PKEY_size(self.0.as_ptr()) };
        let mut length = usize::try_from(size).ok()?;
        let mut signature = vec![0; length];
        // SAFETY: `length` is the room in `signature`, and enough for this key by
        // `EVP_PKEY_size`; on success it is the length written.
        let signed = unsafe {
            EVP_PKEY_sign_init(context.0.as_ptr()) == 1
                && EVP_PKEY_CTX_set_signature_md(context.0.as_ptr(), EVP_sha1()) == 1
                && EVP_PKEY_sign(
                    context.0.as_ptr(),
                    signature.as_mut_ptr(),
                    &raw mut length,
                    digest.as_ptr(),
                    digest.len(),
                ) == 1
        };
        signature.truncate(length);
        signed.then_some(signature)
    }
}

impl Drop for Sha1Key {
    fn drop(&mut self) {
        // SAFETY: we own the key and nobody uses it after us. AWS-LC wipes what it frees.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) }
    }
}

struct Context(NonNull<EVP_PKEY_CTX>);

impl Context {
    fn new(key: NonNull<EVP_PKEY>) -> Option<Self> {
        // SAFETY: the context takes its own reference to the key; no engine is used.
        NonNull::new(unsafe { EVP_PKEY_CTX_new(key.as_ptr(), ptr::null_mut()) }).map(Self)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: we own the context.
        unsafe { EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}
