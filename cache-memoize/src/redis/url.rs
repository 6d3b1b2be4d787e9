//! URLs of servers: which ones are understood, and how they are shown without secrets.

use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use crate::{Error, ErrorKind};

/// What a URL says, for the setting of this name.
pub(super) fn parse(setting: &str, url: &str) -> Result<ConnectionInfo, Error> {
    let wrong = |problem: &str, cure: &str| {
        let message = format!("{setting}: {:?} {problem}; {cure}", without_secrets(url));
        Error::new(ErrorKind::Setting, message)
    };
    let examples =
        "write something like redis://127.0.0.1:6379/, rediss://example.org/ or redis+unix:///run/redis.sock";
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some("redis" | "redis+unix" | "unix" | "valkey" | "valkey+unix") => {}
        Some("rediss" | "valkeys") if cfg!(feature = "redis-tls") => {
            if url.contains("#insecure") {
                return Err(wrong("asks not to look at certificates", "leave `#insecure` out"));
            }
        }
        Some("rediss" | "valkeys") => {
            return Err(wrong("needs TLS", "switch on the feature `redis-tls` of the crate `cache-memoize`"));
        }
        _ => return Err(wrong("is not the URL of a Redis", examples)),
    }
    if has_raw_password(url) {
        let cure = "write its `@`, `/`, `?` and `#` as %40, %2F, %3F and %23";
        return Err(wrong("has a password that is not encoded", cure));
    }
    let info = match url.into_connection_info() {
        Ok(info) => info,
        // The words may quote a part of the URL, but none of those with secrets.
        Err(error) => {
            let problem =
                error.detail().map_or_else(|| error.to_string(), |detail| format!("{error} ({detail})"));
            let problem = if contains_secret(url, &problem) { String::new() } else { format!(": {problem}") };
            return Err(wrong(&format!("is not the URL of a Redis{problem}"), examples));
        }
    };
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    // One dialect, and nothing sent before the first command.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name();
    Ok(info.set_tcp_settings(tcp).set_redis_settings(settings))
}

/// The URL without user, password, query and fragment.
pub(super) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    // A password may contain anything, also another `@`.
    let (secret, place) = match rest.rsplit_once('@') {
        Some((_, place)) => ("…@", place),
        None => ("", rest),
    };
    let place = match place.find(['?', '#']) {
        Some(end) => format!("{}{}…", &place[..end], &place[end..=end]),
        None => place.to_owned(),
    };
    format!("{scheme}{secret}{place}")
}

/// Whether a part of what looks like a password would be taken for a host or a path, and be shown.
fn has_raw_password(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    let at_signs = rest.matches('@').count();
    !scheme.contains("unix") && at_signs > 0 && (at_signs > 1 || !authority.contains('@'))
}

/// Whether any of the words is one that [`without_secrets`] leaves out.
fn contains_secret(url: &str, words: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let parts = user.split(':').chain(query.split(['&', '=']));
    parts.filter(|part| part.len() > 2).any(|part| words.contains(part))
}

/// For names: `127.0.0.1:6379`, `127.0.0.1:6379/2`, `/run/redis.sock`.
pub(super) fn place(info: &ConnectionInfo) -> String {
    let place = match info.addr() {
        ConnectionAddr::Unix(path) => path.display().to_string(),
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } if host.contains(':') => {
            format!("[{host}]:{port}")
        }
        other => other.to_string(),
    };
    match info.redis_settings().db() {
        0 => place,
        database => format!("{place}/{database}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_as_people_write_them() {
        for (url, shown) in [
            ("redis://127.0.0.1/", "127.0.0.1:6379"),
            ("redis://user:secret@example.org:7000/2", "example.org:7000/2"),
            ("redis://[::1]:7000", "[::1]:7000"),
            ("redis+unix:///run/redis.sock?db=3&pass=secret", "/run/redis.sock/3"),
            ("unix:///run/redis.sock", "/run/redis.sock"),
        ] {
            assert_eq!(place(&parse("url", url).unwrap()), shown);
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_secrets() {
        for url in [
            "redis://:hunter2@",
            "http://user:hunter2@example.org/",
            "redis://user:hunter2@example.org:port/",
            "redis://user:hunter2@example.org/database",
            "redis://user:a@hunter2?@example.org/",
            "redis://user:1?hunter2@example.org/",
            "redis://:1/hunter2@example.org/",
            "user:hunter2@example.org",
            "redis+unix:///run/redis.sock?db=x&pass=hunter2",
            "redis://example.org/?protocol=hunter2",
        ] {
            let error = parse("url", url).map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Setting, "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(error.to_string().starts_with("url: \""), "{error}");
        }
    }

    #[cfg(not(feature = "redis-tls"))]
    #[test]
    fn tls_names_the_feature() {
        let error = parse("url", "rediss://example.org/").map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("`redis-tls`"), "{error}");
    }
}
