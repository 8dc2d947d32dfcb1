//! Services that get plaintext: a Vault that files are published to, and keys of clouds that encrypt values themselves.

use super::secret;
use super::server::{echo, serve, vault};
use super::world::{CANARY, World};

#[test]
fn what_is_published_goes_to_the_vault_alone() {
    let world = World::new();
    world.encrypted("p/secret.yaml", &secret());
    for (answer, code, said) in [(vault as fn(&str, &str) -> _, 0, "published to"), (echo, 1, "")] {
        let (url, bodies) = serve(answer);
        let rule = format!("destination_rules: [{{vault_path: team/, vault_address: '{url}'}}]\n");
        world.write(".sops.yaml", &rule);
        let token = [("VAULT_TOKEN", "s.token"), ("VAULT_MAX_RETRIES", "0")];
        let output = world.check(&["sops", "publish", "--yes", "p/secret.yaml"], &token, "", code);
        assert!(memchr::memmem::find(&output, said.as_bytes()).is_some(), "{code}");
        assert!(bodies.iter().take(2).any(|body| body.contains(CANARY)), "the Vault gets the value");
    }
}

#[test]
fn a_service_that_answers_with_the_request_shows_nothing() {
    let world = World::new();
    let (url, bodies) = serve(echo);
    let google = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
    let variables = [
        ("SOPS_GCP_KMS_ENDPOINT", url.as_str()),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "token"),
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
    ];
    for key in [google, "arn:aws:kms:eu-west-1:123456789012:key/a"] {
        world.check(&["secrets", "seal-kms", "--key", key], &variables, &secret(), 3);
        let body = bodies.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        assert!(super::world::found(body.as_bytes()).is_some(), "{key} gets the value");
    }
    world.check(&["secrets", "seal-kms", "--key", google], &[("GOOGLE_CREDENTIALS", "{}")], &secret(), 3);
}
