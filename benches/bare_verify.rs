//! The bare handler, and one raw RSA-2048 verification by aws-lc-rs for each event.

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

fn main() -> Result<(), Error> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    // As long as the signed part of a usual access token.
    let message = [b'x'; 700];
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
    let (key, signature) = (&key, &signature);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(lambda_runtime::run(service_fn(
            move |_: LambdaEvent<Value>| async move {
                key.verify(&message, signature)?;
                Ok::<_, Error>(json!({}))
            },
        )))
}
