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
    // Schemes may be written in capitals.
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
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
    if let Some((problem, cure)) = unknown_parameter(url) {
        return Err(wrong(&problem, &cure));
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

/// What the client would ignore, and the user means.
fn unknown_parameter(url: &str) -> Option<(String, String)> {
    let (before, fragment) = url.split_once('#').map_or((url, ""), |(before, fragment)| (before, fragment));
    if !fragment.is_empty() {
        let problem = "has something behind a `#`, which means nothing here".to_owned();
        return Some((
            problem,
            "leave it out, or write a `#` that belongs to a name or password as %23".to_owned(),
        ));
    }
    let (place, query) = before.split_once('?')?;
    let is_unix =
        place.split_once("://").is_some_and(|(scheme, _)| scheme.to_ascii_lowercase().contains("unix"));
    let known: &[&str] = if is_unix { &["db", "user", "pass", "protocol"] } else { &["protocol"] };
    let names: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split('=').next().unwrap_or(pair))
        .collect();
    let cure = match is_unix {
        true => "known are `db`, `user`, `pass` and `protocol`; settings are methods of `Redis::builder()`",
        false => {
            "the database is the path (redis://host:6379/1), the login stands before the host \
             (redis://user:password@host), settings are methods of `Redis::builder()`"
        }
    };
    // A password with an `&` in it, which is not encoded, would be shown.
    let may_show = !names.iter().any(|name| name.starts_with("pass"));
    for (at, name) in names.iter().enumerate() {
        let shown = if may_show { format!(" `{name}`") } else { String::new() };
        if !known.contains(name) {
            return Some((format!("has a parameter{shown} that is not known"), cure.to_owned()));
        }
        if names[..at].contains(name) {
            return Some((format!("has a parameter{shown} twice"), "write it once".to_owned()));
        }
    }
    None
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

    #[test]
    fn parameters_that_would_be_ignored_are_errors() {
        for (url, named) in [
            ("redis://127.0.0.1:6379?db=1", "`db`"),
            ("redis://127.0.0.1:6379/?db=1", "`db`"),
            ("redis://127.0.0.1:6379/1?timeout=5&nonsense=1", "`timeout`"),
            ("redis://127.0.0.1/?protocol=resp3&DB=1", "`DB`"),
            ("redis://127.0.0.1/?protocol=resp3&protocol=resp2", "twice"),
            ("redis+unix:///run/redis.sock?database=1", "`database`"),
            ("unix:///run/redis.sock?db=1&db=2", "twice"),
            ("valkey://127.0.0.1/?password=x", "not known"),
            ("redis://127.0.0.1/#1", "`#`"),
        ] {
            let error = parse("url", url).map(|_| ()).unwrap_err();
            assert!(error.kind() == ErrorKind::Setting && error.to_string().contains(named), "{error}");
        }
        // A piece of a password is no name to be shown.
        let error = parse("url", "unix:///run/redis.sock?pass=one&hunter2").map(|_| ()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn what_is_meant_is_understood() {
        for (url, shown) in [
            ("REDIS://127.0.0.1/3", "127.0.0.1:6379/3"),
            ("Redis+Unix:///run/Redis.sock?db=1", "/run/Redis.sock/1"),
            ("redis://127.0.0.1/?protocol=resp3", "127.0.0.1:6379"),
            ("redis://127.0.0.1/?", "127.0.0.1:6379"),
            ("redis://:@127.0.0.1/", "127.0.0.1:6379"),
        ] {
            let info = parse("url", url).unwrap();
            assert_eq!(place(&info), shown);
            assert_eq!(info.redis_settings().password(), None, "{url}");
        }
    }

    #[cfg(not(feature = "redis-tls"))]
    #[test]
    fn tls_names_the_feature() {
        let error = parse("url", "rediss://example.org/").map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("`redis-tls`"), "{error}");
    }
}
