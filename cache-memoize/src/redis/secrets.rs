//! What must never be shown, whoever quotes it.
//!
//! Servers and proxies quote what they do not understand, the login included, and the client quotes them. So the words
//! of every failure are looked through before they leave.

use ::redis::ConnectionInfo;

use super::target::Target;

/// A shorter secret is looked for in quotation marks only: it may be a part of any word.
const LEAST: usize = 4;

#[derive(Default)]
pub(super) struct Secrets {
    passwords: Vec<String>,
    users: Vec<String>,
}

impl Secrets {
    pub(super) fn of(target: &Target) -> Self {
        let mut secrets = Self::default();
        match target {
            Target::Node(info) => secrets.add(info),
            Target::Sentinel(sentinels) => {
                secrets.add(&sentinels.master);
                sentinels.nodes.iter().for_each(|info| secrets.add(info));
            }
            Target::Cluster { nodes, .. } => nodes.iter().for_each(|info| secrets.add(info)),
        }
        secrets
    }

    fn add(&mut self, info: &ConnectionInfo) {
        let settings = info.redis_settings();
        self.passwords.extend(settings.password().map(str::to_owned));
        self.users.extend(settings.username().map(str::to_owned));
    }

    /// The words, unless there is a secret in them.
    pub(super) fn cleared(&self, words: String) -> String {
        let quoted = |secret: &String| {
            !secret.is_empty()
                && ['\'', '"', '`'].iter().any(|mark| words.contains(&format!("{mark}{secret}{mark}")))
        };
        let anywhere = |secret: &String| secret.len() >= LEAST && words.contains(&**secret);
        let is_secret = self.passwords.iter().any(|secret| quoted(secret) || anywhere(secret))
            || self.users.iter().any(quoted);
        match is_secret {
            true => "the server answered with words that quote the login; they are left out".to_owned(),
            false => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::url;

    #[test]
    fn words_with_a_login_in_them_are_left_out() {
        let info = url::parse("url", "redis://joe:hunter%402@127.0.0.1:1/").unwrap();
        let secrets = Secrets::of(&Target::Node(info));
        for words in ["unknown command 'AUTH', with args beginning with: 'joe' 'x'", "hunter@2?", "\"joe\""] {
            let cleared = secrets.cleared(words.to_owned());
            assert!(!cleared.contains("joe") && !cleared.contains("hunter@2"), "{cleared}");
        }
        let words = "NOPERM User joe has no permissions to run the 'mget' command";
        assert_eq!(secrets.cleared(words.to_owned()), words);
        let short = Secrets { passwords: vec!["a".to_owned(), String::new()], users: vec![String::new()] };
        assert_eq!(short.cleared("a day ''".to_owned()), "a day ''");
        assert!(!short.cleared("args: 'a'".to_owned()).contains("'a'"));
    }
}
