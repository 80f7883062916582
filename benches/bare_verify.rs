//! The bare handler, and one raw RSA-2048 verification by aws-lc-rs for each event.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// As long as the signed part of a usual access token.
const MESSAGE: [u8; 700] = [b'x'; 700];
/// A key of nobody's, in PKCS #1. It is fixed, so that making one is no part of what is measured.
const KEY: &str = "\
    3082010a0282010100aa12b5a811e88a3b305bf8b2d2e5bea9d07a8307a0ecf1f6f3ac1da88f33cc8f999a4ab0a4\
    485d7309d6af5e081520b4cad9d53cb90300bacd63d938420de02c67c76b8f901752fa0c1c56c15f3c4b3c262347\
    9ccc855c4f2b852088116ed4fb5bab571bbdafc4be2d6356c5990af1ad0190762cbc0a8c597c845675fd278826d8\
    f4a75195b6f28cf8581ac67f4f38c2e3da60640fe4106ba433a8e36b6feca89ce8718db47cb95154ddd32d5ec5d9\
    4d141846e45a397bb87a9bb7fb6e1da618562a0e68f3620e97a82b529e781147a1ca0aeaf7a0092f77821bb07bcd\
    26ed205997db0ca948c719bbf178a44110144f993573ce2ed9cd72ca7ef61831eff0910203010001";
/// What its private part made of the message.
const SIGNATURE: &str = "\
    322efb9c9062356e9a32844eae1dd9fd2d2e4af7c474cea3232e03661e3c9eb6ad8ff90726b2f369bc438aac9f8f\
    88e6f1d2c8026e81647e40d2ed920f366045d032b41cbcba87ff5203efe29b33eb6ccf185b487e20025237b4d1a2\
    5322497317822d2f6b7af47b719bf6acbb0a9e25734b861f5a8e49a19493fac36d26a7cf42dacaca4f6b29636d00\
    bcfd74bdfaf97028ea18764a6f871ba8748c2b2fa2f540505f712f6aaa526cf1706fa704c161cd0a9343887c73c4\
    dc0f5408235a900f5494d5e6f12b4ed0433eff843b9855ccdcce4d9a3e32fc5f059cf600126002bacfc480ed66ec\
    2ef80e167da5236350b43a650662990583cdf35d9d09f148c296";

fn main() -> Result<(), Error> {
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, hex::decode(KEY)?);
    let (key, signature) = (&key, &hex::decode(SIGNATURE)?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(lambda_runtime::run(service_fn(
            move |_: LambdaEvent<Box<RawValue>>| async move {
                key.verify(&MESSAGE, signature)?;
                Ok::<Value, Error>(json!({}))
            },
        )))
}
