//! Makes the example of a receipt in the documents: `cargo run -p placet-tests --example receipt -- docs/examples`.

#![expect(clippy::unwrap_used, reason = "an example that cannot be made must fail")]

use std::fs;
use std::path::PathBuf;

use placet_kernel::sd_jwt;
use placet_kernel::status::Bits;
use placet_schemas::json;
use placet_tests::bytes_of;
use placet_tests::receipts::Issuer;
use placet_tests::scene::Scene;
use placet_wallet::keys::SoftwareKey;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let (issuer, now) = (Issuer::named("issuer.example"), scene.clock);
    let write = |name: &str, bytes: Vec<u8>| {
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        fs::write(folder.join(name), format!("{value:#}\n")).unwrap();
    };
    write("receipt.json", issuer.sign(issuer.receipt(&scene, 94_567), now));
    write(
        "receipt-status.json",
        issuer.sign(issuer.list(&Bits::none_set(), now), now),
    );
    let holder = SoftwareKey::p256_from_scalar(&bytes_of("holder")).unwrap();
    let issued = issuer.sd_receipt(&scene, 94_567, &holder);
    // She shows what she agreed to, and that it is recorded; not who she is.
    let choose = |name: Option<&str>, _: &serde_json::Value| name != Some("sub");
    let asked = ("https://gym.example", "n-0S6_WzA2Mj");
    let shown = sd_jwt::present(&issued, choose, asked, now, &holder).unwrap();
    fs::write(folder.join("receipt-presented.sd-jwt"), format!("{shown}\n")).unwrap();
    let trust = issuer.trusted(scene.trust_file());
    write("receipt-trust.json", json::to_jcs(&trust).unwrap());
}
