//! Serves the application behind the edge of `gatepass.toml`: on 3000, for `localhost:8080`.

#![forbid(unsafe_code)]

use gatepass::SigningKey;

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "an application has an environment of its own")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let key = SigningKey::parse(&std::fs::read("keys/K1.private.pem")?, None)?;
    let password = std::env::var("PASSWORD").map_err(|_| "PASSWORD is not set")?;
    let app = axum_app::app(key, "http://localhost:8080", &password)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
