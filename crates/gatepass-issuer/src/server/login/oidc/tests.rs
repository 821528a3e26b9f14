//! The whole flow against a provider that is made of a few documents and a key.

mod flow;
mod id_token;
mod keys;
mod logout;
mod provider;
mod trouble;
