//! Addresses of others: asked by one kind of client, shown without the credentials that stand in them.

use std::time::Duration;

/// A client that waits so long for a whole answer, and reads what an answer says whatever its status is.
pub(crate) fn client(timeout: Duration) -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false);
    config.build().into()
}

/// An address as it may be shown, in logs, labels and messages: `http://user:password@host/path` is `http://host/path`.
pub fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match scheme {
        "" => format!("{host}{path}"),
        scheme => format!("{scheme}://{host}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn credentials_are_left_out_and_nothing_else() {
        for (url, shown) in [
            ("http://ann:s%40cret@host:9090/x", "http://host:9090/x"),
            ("https://token@host", "https://host"),
            ("http://a:b@c@host/", "http://host/"),
            ("host:9090/a@b", "host:9090/a@b"),
            ("ann:secret@host:9090", "host:9090"),
            ("http://host/x?to=a@b", "http://host/x?to=a@b"),
            ("http://host#a@b", "http://host#a@b"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
