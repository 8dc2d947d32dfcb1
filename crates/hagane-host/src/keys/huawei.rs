//! Huawei Cloud KMS.

use hagane::{Attempt, SecretBytes, hexadecimal};
use ureq::Agent;
use zeroize::Zeroizing;

use super::Surroundings;
use super::signed::{Signed, code, no_address, sha256, time};
use super::web::{Body, Call, Json, nearby, object, of_base64, text, to_base64};
use crate::http::{agent, authority};

const RETRIES: u32 = 5;
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

/// Returns what the key has wrapped. The service says which key it used, and it is the one that the file names.
pub(super) fn decrypt(name: &str, enc: &str, surroundings: &Surroundings) -> Result<SecretBytes, Attempt> {
    let asked = || {
        let key = Key::of(name)?;
        let fields = [("cipher_text", enc.trim()), ("encryption_algorithm", ALGORITHM), ("key_id", key.id)];
        let answer = call(&key, "decrypt-data", Body::Json(object(&fields)), surroundings)?;
        if text(&answer, "key_id").is_none_or(|used| *used != key.id) {
            return Err("opens it with another key than the one that the file names".to_owned());
        }
        // What is wrapped is a text: the data key in base64.
        text(&answer, "plain_text")
            .ok_or_else(|| "gave no plaintext".to_owned())
            .and_then(|plain| of_base64(&plain))
    };
    asked().map_err(|reason| Attempt::new("Huawei Cloud KMS", reason))
}

/// Returns the data key as the key wraps it.
pub(super) fn encrypt(
    name: &str,
    data_key: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let asked = || {
        let key = Key::of(name)?;
        let plain = to_base64(data_key);
        let fields = [("key_id", key.id), ("plain_text", &plain), ("encryption_algorithm", ALGORITHM)];
        let answer = call(&key, "encrypt-data", Body::Plaintext(object(&fields)), surroundings)?;
        let wrapped = text(&answer, "cipher_text").ok_or_else(|| "gave no ciphertext".to_owned())?;
        Ok(wrapped.to_string())
    };
    asked().map_err(|reason: String| Attempt::new("Huawei Cloud KMS", reason))
}

/// A key: `region:uuid`.
struct Key<'k> {
    region: &'k str,
    id: &'k str,
}

impl Key<'_> {
    /// The region is a part of the service's address, which must stay one of Huawei's.
    fn of(name: &str) -> Result<Key<'_>, String> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let parts = name.split_once(':').map(|(region, id)| (region.trim(), id.trim()));
        let parts = parts.filter(|(region, id)| plain(region) && plain(id));
        parts.map(|(region, id)| Key { region, id }).ok_or_else(|| "takes `REGION:UUID`".into())
    }

    /// Returns the address of a service in the key's region, which the user may have one of their own of.
    fn endpoint(&self, service: &str, surroundings: &Surroundings) -> String {
        let (service_name, region) = (service.to_uppercase(), self.region.to_uppercase().replace('-', "_"));
        if let Some(url) = surroundings.text(&format!("HUAWEICLOUD_SDK_REGION_{service_name}_{region}")) {
            return url.trim_end_matches('/').to_owned();
        }
        let domain = if self.region == "eu-west-101" { "eu" } else { "com" };
        format!("https://{service}.{}.myhuaweicloud.{domain}", self.region)
    }
}

fn call(key: &Key, operation: &str, body: Body, surroundings: &Surroundings) -> Result<Json, String> {
    let agent = agent();
    let credentials = Credentials::find(surroundings)?;
    let project = match &credentials.project {
        Some(project) => project.clone(),
        None => project(key, &credentials, &agent, surroundings)?,
    };
    let path = format!("/v1.0/{project}/kms/{operation}");
    let url = key.endpoint("kms", surroundings);
    credentials.call("POST", &url, &path, "", Some(&project), body)?.make(&agent)?.json()
}

/// Returns the project of a region, whose name is that of the region.
fn project(
    key: &Key,
    credentials: &Credentials,
    agent: &Agent,
    surroundings: &Surroundings,
) -> Result<String, String> {
    let url = surroundings.text("HUAWEICLOUD_SDK_IAM_ENDPOINT");
    let url = url.map(|url| url.trim_end_matches('/').to_owned());
    let url = url.unwrap_or_else(|| key.endpoint("iam", surroundings));
    let query = format!("name={}", key.region);
    let answer =
        credentials.call("GET", &url, "/v3/projects", &query, None, Body::None)?.make(agent)?.json()?;
    let id =
        answer.get("projects").and_then(|projects| projects.get(0)).and_then(|project| text(project, "id"));
    let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    id.map(|id| id.to_string()).ok_or_else(|| {
        "takes a project: HUAWEICLOUD_SDK_PROJECT_ID is not set, and there is none for the region".to_owned()
    })
}

/// Who asks.
struct Credentials {
    access: Zeroizing<String>,
    secret: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
    project: Option<String>,
}

impl Credentials {
    /// Returns the credentials of variables, of a file, or those of the machine.
    fn find(surroundings: &Surroundings) -> Result<Credentials, String> {
        let variable = |name: &str| surroundings.text(&format!("HUAWEICLOUD_SDK_{name}")).map(Zeroizing::new);
        let plain = |project: Zeroizing<String>| project.to_string();
        let given = variable("AK").zip(variable("SK")).map(|(access, secret)| Credentials {
            access,
            secret,
            token: variable("SECURITY_TOKEN"),
            project: variable("PROJECT_ID").map(plain),
        });
        let path = variable("CREDENTIALS_FILE").map(|path| path.as_str().into());
        let path = path.or_else(|| surroundings.home().map(|home| home.join(".huaweicloud/credentials")));
        let of_file = || {
            let content = path.as_ref().and_then(|path| surroundings.read(path).ok())?;
            Credentials::of_file(std::str::from_utf8(&content).ok()?)
        };
        given.or_else(of_file).or_else(Credentials::of_machine).ok_or_else(|| {
            "takes credentials: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not set, there are none in ~/.huaweicloud/credentials, and this machine has none"
                .to_owned()
        })
    }

    /// Returns those of the section `basic`.
    fn of_file(text: &str) -> Option<Credentials> {
        let lines = text.lines().map(str::trim).skip_while(|line| *line != "[basic]").skip(1);
        let section: Vec<(&str, &str)> = lines
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with(['#', ';']))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let field = |name: &str| {
            let found = section.iter().rev().find(|(field, value)| *field == name && !value.is_empty());
            found.map(|(_, value)| Zeroizing::new((*value).to_owned()))
        };
        Some(Credentials {
            access: field("ak")?,
            secret: field("sk")?,
            token: field("security_token"),
            project: field("project_id").map(|project| project.to_string()),
        })
    }

    /// Returns those that Huawei has given this machine.
    fn of_machine() -> Option<Credentials> {
        let url = "http://169.254.169.254/openstack/latest/securitykey".to_owned();
        let call = Call { method: "GET", url, headers: Vec::new(), body: Body::None, retries: 0 };
        let answer = call.make(&nearby()).ok()?.json().ok()?;
        let given = answer.get("credential")?;
        Some(Credentials {
            access: text(given, "access")?,
            secret: text(given, "secret")?,
            token: text(given, "securitytoken"),
            project: None,
        })
    }

    /// Returns a call that is signed.
    fn call<'c>(
        &self,
        method: &'c str,
        endpoint: &str,
        path: &str,
        query: &str,
        project: Option<&str>,
        body: Body,
    ) -> Result<Call<'c>, String> {
        let whole = authority(endpoint);
        let host = whole.as_deref().and_then(|whole| whole.split_once("://")).map(|(_, host)| host);
        let host = host.ok_or_else(|| no_address(endpoint))?;
        let time = time();
        let mut headers = vec![("host", host)];
        headers.extend(project.map(|project| ("x-project-id", project)));
        headers.push(("x-sdk-date", &time));
        headers.extend(self.token.as_ref().map(|token| ("x-security-token", token.as_str())));
        let digest = sha256(&body.bytes());
        // The path is signed with an end that the URL has not.
        let signed = Signed { method, path: &format!("{path}/"), query, headers: &headers, body: &digest };
        let authorization = Zeroizing::new(self.authorization(&signed, &time));
        let mut sent = vec![("X-Sdk-Date", Zeroizing::new(time.clone())), ("Authorization", authorization)];
        sent.extend(project.map(|project| ("X-Project-Id", Zeroizing::new(project.to_owned()))));
        sent.extend(self.token.clone().map(|token| ("X-Security-Token", token)));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Ok(Call { method, url: format!("{endpoint}{path}{query}"), headers: sent, body, retries: RETRIES })
    }

    /// Returns the signature with whose it is, and what it signs.
    fn authorization(&self, signed: &Signed, time: &str) -> String {
        const SCHEME: &str = "SDK-HMAC-SHA256";
        let text = format!("{SCHEME}\n{time}\n{}", signed.digest());
        let signature = hexadecimal(code(self.secret.as_bytes(), &text).as_ref());
        let names = signed.names();
        format!("{SCHEME} Access={}, SignedHeaders={names}, Signature={signature}", *self.access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the tests of Huawei's own library expect.
    #[test]
    fn signatures_are_those_of_huawei() {
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        let credentials = Credentials {
            access: secret("AccessKey"),
            secret: secret("SecretKey"),
            token: None,
            project: None,
        };
        let time = "20060102T150405Z";
        let check = |method: &str, query: &str, body: &str, signature: &str| {
            let headers = [("x-sdk-date", time)];
            let body = sha256(body.as_bytes());
            let signed = Signed { method, path: "/path/", query, headers: &headers, body: &body };
            let expected =
                format!("SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature={signature}");
            assert_eq!(credentials.authorization(&signed, time), expected);
        };
        check("GET", "limit=1", "", "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624");
        let body = "{\"Name\":\"test\",\"Id\":1}\n";
        check("POST", "key=value", body, "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59");
    }

    #[test]
    fn regions_are_no_addresses() {
        for name in ["evil.example/:a", "a@b:c", "r", ":id", "r:", "R:id", "r:../x", "r:a/b"] {
            assert!(Key::of(name).is_err(), "{name}");
        }
        let key = Key::of("tr-west-1:ab-12").expect("it is one");
        assert_eq!((key.region, key.id), ("tr-west-1", "ab-12"));
    }

    #[test]
    fn files_of_credentials() {
        let text = "[global]\nak = g\nsk = g\n[basic]\n# mine\n ak = a \nsk=b=c\nproject_id =\nsecurity_token= t\n[x]\nproject_id = x\n";
        let found = Credentials::of_file(text).expect("they are there");
        assert_eq!((found.access.as_str(), found.secret.as_str()), ("a", "b=c"));
        assert_eq!((found.token.as_deref().map(String::as_str), found.project), (Some("t"), None));
        assert!(Credentials::of_file("[basic]\nak = a\n").is_none());
        assert!(Credentials::of_file("ak = a\nsk = b\n").is_none());
    }
}
