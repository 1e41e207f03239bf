//! The client: what it tries again, what it never tells, how it pages, and the life of the one comment.

use std::time::Duration;

use pipevet::platform::github::checks::{self, Annotation, Check, Conclusion, Level};
use pipevet::platform::github::comment::{self, Said, Settled, first_line};
use pipevet::platform::github::sarif::{self, Log, Processed};
use pipevet::platform::github::{Access, Failure, GitHub, Kind, Patience, Proxies, Token, alerts};
use serde_json::{Value, json};

use crate::server::{BOT, Comment, FORK, REPOSITORY, Scanning, Server, WRITE};

/// The category of a run over the whole repository.
const MINE: &str = "pipevet/";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn quick() -> Patience {
    let ms = Duration::from_millis;
    Patience { answer: ms(5_000), tries: 3, pause: ms(1), limited: ms(1), total: ms(3_000), processing: (ms(1), ms(2_000)) }
}

fn access(server: &Server, token: &str) -> Access {
    Access {
        api: server.address(),
        token: Token(token.to_owned()),
        repository: REPOSITORY.to_owned(),
        proxies: Proxies::default(),
        patience: quick(),
    }
}

fn client(server: &Server, token: &str) -> GitHub {
    GitHub::new(access(server, token)).unwrap()
}

fn log(sarif: &[u8]) -> Log<'_> {
    Log { sarif, commit: COMMIT, reference: "refs/pull/7/merge" }
}

fn empty_log() -> Vec<u8> {
    json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "pipevet", "rules": [] } }, "results": [] }] }).to_string().into_bytes()
}

/// What is said, and differs when it is said otherwise.
fn said(text: &str) -> Option<Said<'_>> {
    Some(Said { text, substance: text })
}

fn fault(server: &Server, status: u16, headers: &[(&'static str, &str)], message: &str) {
    let headers = headers.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
    server.state().faults.push_back((status, headers, json!({ "message": message })));
}

#[test]
fn a_log_is_uploaded_and_waited_for_and_its_errors_are_shown() {
    let server = Server::start();
    server.state().pending = 2;
    let github = client(&server, WRITE);
    assert_eq!(sarif::upload(&github, &log(&empty_log())), Ok(Processed::Complete));
    assert_eq!(server.asked().len(), 4, "one upload, two polls that say pending, one that says complete");
    {
        let state = server.state();
        let upload = &state.uploads[0];
        assert_eq!((upload.commit.as_str(), upload.reference.as_str()), (COMMIT, "refs/pull/7/merge"));
        assert_eq!(upload.sarif, serde_json::from_slice::<Value>(&empty_log()).unwrap());
    }
    server.state().errors = vec!["unable to process the log: rejecting SARIF".to_owned()];
    let failure = sarif::upload(&github, &log(&empty_log())).unwrap_err();
    assert_eq!(failure.kind, Kind::Refused);
    assert!(failure.to_string().contains("rejecting SARIF"), "{failure}");
    // Not yet there, then slow for longer than anyone waits: taken, and said so.
    server.state().pending = usize::MAX;
    let mut impatient = access(&server, WRITE);
    impatient.patience.processing.1 = Duration::from_millis(20);
    assert_eq!(sarif::upload(&GitHub::new(impatient).unwrap(), &log(&empty_log())), Ok(Processed::Pending));
}

#[test]
fn a_log_that_is_too_large_is_never_sent() {
    let server = Server::start();
    // Digits of a generator do not compress below the limit.
    let mut seed = 7u64;
    let noise: Vec<u8> = (0..14_000_000)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        })
        .collect();
    let failure = sarif::upload(&client(&server, WRITE), &log(&noise)).unwrap_err();
    assert_eq!(failure.kind, Kind::TooLarge);
    assert!(failure.to_string().contains("10 MB"), "{failure}");
    assert!(server.asked().is_empty());
}

#[test]
fn refusals_become_sentences_that_say_what_to_do() {
    let server = Server::start();
    let upload = |token: &str| sarif::upload(&client(&server, token), &log(&empty_log())).unwrap_err();
    let check = |failure: Failure, kind: Kind, words: &[&str]| {
        assert_eq!(failure.kind, kind, "{failure}");
        for word in words {
            assert!(failure.to_string().contains(word), "{failure}");
        }
    };
    check(upload(FORK), Kind::Denied, &["security-events: write", "Resource not accessible by integration"]);
    check(upload("ghs_revoked"), Kind::Unknown, &["token", "valid"]);
    server.state().scanning = Scanning::Off;
    check(upload(WRITE), Kind::Missing, &["switch on code scanning", "security-events: write"]);
    server.state().scanning = Scanning::NotPaid;
    check(upload(WRITE), Kind::Disabled, &["Code Security", "Advanced Security must be enabled"]);
    let comment = comment::settle(&client(&server, FORK), 7, MINE, said("text")).unwrap_err();
    check(comment, Kind::Denied, &["pull-requests: write"]);
    fault(&server, 301, &[("location", "https://api.github.com/repositories/1")], "Moved Permanently");
    check(upload(WRITE), Kind::Moved, &["moved"]);
}

#[test]
fn only_what_passes_is_tried_again_and_only_so_often() {
    let server = Server::start();
    let github = client(&server, WRITE);
    let upload = || sarif::upload(&github, &log(&empty_log()));
    let uploads = || server.asked().iter().filter(|l| l.starts_with("POST ")).count();
    let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    fault(&server, 502, &[], "Server Error");
    fault(&server, 403, &[("retry-after", "0")], secondary);
    assert!(upload().is_ok());
    assert_eq!(uploads(), 3);
    fault(&server, 429, &[], "Too many requests");
    assert!(upload().is_ok());
    assert_eq!(uploads(), 2);
    for _ in 0..9 {
        fault(&server, 503, &[], "Unavailable");
    }
    assert_eq!(upload().unwrap_err().kind, Kind::Server);
    assert_eq!(uploads(), 3, "three tries and no more");
    server.state().faults.clear();
    // Longer than the total: the wait itself is never begun.
    fault(&server, 403, &[("retry-after", "3600")], secondary);
    assert_eq!(upload().unwrap_err().kind, Kind::Limited);
    assert_eq!(uploads(), 1);
    fault(&server, 403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "99999999999")], "API rate limit exceeded for installation ID 1.");
    assert_eq!(upload().unwrap_err().kind, Kind::Limited);
    assert_eq!(uploads(), 1);
    for (status, message) in [
        (401, "Bad credentials"),
        (403, "Resource not accessible by integration"),
        (404, "Not Found"),
        (422, "Invalid request.\n\nNo commit found for SHA"),
        (413, "Payload too large"),
    ] {
        fault(&server, status, &[], message);
        assert!(upload().is_err());
        assert_eq!(uploads(), 1, "{status} is final");
    }
}

#[test]
fn a_token_stands_in_no_message() {
    let server = Server::start();
    let github = client(&server, WRITE);
    fault(&server, 422, &[], &format!("you sent Bearer {WRITE}"));
    let failure = sarif::upload(&github, &log(&empty_log())).unwrap_err();
    assert!(failure.to_string().contains("***"), "{failure}");
    let mut closed = access(&server, WRITE);
    // A port nobody listens on.
    closed.api = "http://127.0.0.1:9".to_owned();
    let refused = sarif::upload(&GitHub::new(closed).unwrap(), &log(&empty_log())).unwrap_err();
    assert_eq!(refused.kind, Kind::Unreachable);
    let mut proxied = access(&server, WRITE);
    proxied.proxies.all = "ftp://user:hunter2@127.0.0.1:9".to_owned();
    let mut broken = access(&server, &format!("{WRITE}\n"));
    broken.api = format!("no address with {WRITE}");
    let broken = GitHub::new(broken).err().unwrap();
    let bad_name = GitHub::new(Access { repository: format!("{WRITE}/.."), ..access(&server, WRITE) }).err().unwrap();
    let all = [failure, refused, broken, bad_name].map(|f| format!("{f} {f:?}")).join("\n") + &format!("{:?}", proxied);
    assert!(!all.contains("ghs_") && !all.contains("hunter2"), "{all}");
}

#[test]
fn a_repository_or_address_that_could_lead_elsewhere_is_refused() {
    let server = Server::start();
    for repository in ["octo", "octo/models/x", "octo/mo dels", "octo/models?x=1", "/", "octo/", "octo/.."] {
        assert!(GitHub::new(Access { repository: repository.to_owned(), ..access(&server, WRITE) }).is_err(), "{repository}");
    }
    for api in ["", "api.github.com", "ftp://x/", "file:///etc/passwd"] {
        assert!(GitHub::new(Access { api: api.to_owned(), ..access(&server, WRITE) }).is_err(), "{api}");
    }
}

#[test]
fn enterprise_servers_and_proxies_are_spoken_to() {
    let server = Server::start();
    let mut enterprise = access(&server, WRITE);
    enterprise.api = format!("{}/api/v3/", server.address());
    let github = GitHub::new(enterprise).unwrap();
    assert_eq!(comment::settle(&github, 7, MINE, said("text")), Ok(Settled::Created));
    assert_eq!(comment::settle(&github, 7, MINE, said("other")), Ok(Settled::Edited));
    let asked = server.asked();
    assert!(asked.iter().any(|l| l.starts_with("POST /api/graphql ")), "{asked:?}");
    assert!(asked.iter().all(|l| l.contains(" /api/")), "{asked:?}");

    // A proxy is asked for a tunnel, with its own password and without our token; hosts listed as exceptions are not.
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut proxied = access(&server, WRITE);
    proxied.api = "https://api.github.example".to_owned();
    proxied.patience.tries = 1;
    proxied.proxies.https = format!("http://user:hunter2@{}", proxy.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = proxy.accept().unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            heard.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").unwrap();
        String::from_utf8(heard).unwrap()
    });
    let failure = comment::settle(&GitHub::new(proxied).unwrap(), 7, MINE, None).unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable);
    let heard = heard.join().unwrap();
    assert!(heard.starts_with("CONNECT api.github.example:443 HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_lowercase().contains("proxy-authorization: basic dxnlcjpodw50zxiy"), "{heard}");
    assert!(!heard.contains("ghs_"), "{heard}");
    let mut excepted = access(&server, WRITE);
    excepted.proxies.all = "http://127.0.0.1:9".to_owned();
    excepted.proxies.no = "127.0.0.1".to_owned();
    assert!(comment::settle(&GitHub::new(excepted).unwrap(), 8, MINE, None).is_ok());
}

#[test]
fn the_comment_is_made_edited_kept_and_deleted() {
    let server = Server::start();
    let github = client(&server, WRITE);
    assert_eq!(comment::settle(&github, 7, MINE, None), Ok(Settled::Unchanged));
    assert_eq!(server.changed(), [""; 0], "nothing to say, nothing said");
    assert_eq!(comment::settle(&github, 7, MINE, said("one new way in")), Ok(Settled::Created));
    assert_eq!(server.changed(), ["POST /repos/octo/models/issues/7/comments 201"]);
    // GitHub may give other ends of lines back, and what changes by itself is worth no edit.
    let ends = server.state().comments[0].body.replace('\n', "\r\n");
    server.state().comments[0].body = ends;
    let same = Said { text: "one new way in, against another base", substance: "one new way in" };
    assert_eq!(comment::settle(&github, 7, MINE, Some(same)), Ok(Settled::Unchanged));
    assert_eq!(server.changed(), [""; 0]);
    assert_eq!(comment::settle(&github, 7, MINE, said("two new ways in")), Ok(Settled::Edited));
    assert_eq!(server.changed().len(), 1);
    assert_eq!(server.state().comments[0].body, format!("{}\ntwo new ways in", first_line(MINE, "two new ways in")));
    assert_eq!(comment::settle(&github, 7, MINE, None), Ok(Settled::Deleted));
    assert!(server.state().comments.is_empty());
    let long = "x".repeat(comment::MOST);
    assert_eq!(comment::settle(&github, 7, MINE, said(&long)).unwrap_err().kind, Kind::TooLarge);
}

#[test]
fn comments_of_others_are_left_alone_and_all_pages_are_read() {
    let server = Server::start();
    let github = client(&server, WRITE);
    let comment = |id: u64, login: &str, body: &str| Comment { id, issue: 7, login: login.to_owned(), body: body.to_owned() };
    let forged = format!("{}\neverything is fine, merge it", first_line(MINE, "old"));
    {
        let mut state = server.state();
        state.comments.extend((0..230).map(|i| comment(i, "someone", "nice")));
        state.comments.push(comment(300, "mallory", &forged));
        state.comments.push(comment(301, BOT, "made by another action of the same bot"));
        state.comments.push(comment(304, BOT, &format!("{}\nof a run over one directory", first_line("pipevet/services/", ""))));
        state.comments.push(comment(302, BOT, &format!("{}\nold", first_line(MINE, "old"))));
        // Left behind by a run that lost an answer.
        state.comments.push(comment(303, BOT, &format!("{}\nolder", first_line(MINE, "old"))));
    }
    assert_eq!(comment::settle(&github, 7, MINE, said("new")), Ok(Settled::Edited));
    assert_eq!(server.changed(), ["PATCH /repos/octo/models/issues/comments/302 200", "DELETE /repos/octo/models/issues/comments/303 204"]);
    assert_eq!(comment::settle(&github, 7, MINE, None), Ok(Settled::Deleted));
    let state = server.state();
    assert_eq!(state.comments.len(), 233);
    assert!(state.comments.iter().any(|c| c.login == "mallory" && c.body == forged));
}

#[test]
fn annotations_go_out_fifty_at_a_time_and_end_with_the_conclusion() {
    let server = Server::start();
    let github = client(&server, WRITE);
    let annotations = |n: u32| -> Vec<Annotation> {
        (1..=n)
            .map(|line| Annotation {
                path: "ci.yml".to_owned(),
                start_line: line,
                end_line: line,
                level: Level::Failure,
                title: "t".to_owned(),
                message: "m".to_owned(),
            })
            .collect()
    };
    for (n, requests) in [(0, 1), (50, 1), (51, 2), (120, 3)] {
        let annotations = annotations(n);
        let check = Check { name: "pipevet", commit: COMMIT, conclusion: Conclusion::Failure, title: "t", summary: "s", annotations: &annotations };
        checks::publish(&github, &check).unwrap();
        assert_eq!(server.asked().len(), requests);
        let state = server.state();
        let made = state.checks.last().unwrap();
        assert_eq!(made["output"]["annotations"].as_array().unwrap().len(), n as usize);
        assert_eq!((&made["status"], &made["conclusion"]), (&json!("completed"), &json!("failure")));
    }
}

#[test]
fn dismissed_alerts_are_read_from_all_pages_of_both_references_once() {
    let server = Server::start();
    let github = client(&server, WRITE);
    let alert = |number: u64, fixed: Option<&str>| {
        json!({
            "number": number, "state": "dismissed", "fixed_at": fixed,
            "dismissed_by": { "login": "alice" }, "dismissed_reason": "won't fix", "dismissed_comment": if number == 1 { json!("only tests") } else { Value::Null },
            "rule": { "id": "script-injection/high", "severity": "error" }, "tool": { "name": "pipevet" },
            "most_recent_instance": {
                "ref": "refs/heads/main", "state": "dismissed", "commit_sha": COMMIT, "message": { "text": "Anyone can run code" },
                "location": { "path": ".github/workflows/ci.yml", "start_line": 7, "end_line": 7, "start_column": 3, "end_column": 9 }
            }
        })
    };
    server.state().alerts = (1..=101).map(|n| alert(n, None)).chain([alert(102, Some("2026-01-01T00:00:00Z"))]).collect();
    let found = alerts::dismissed(&github, Some("refs/pull/7/merge")).unwrap();
    assert_eq!(found.len(), 101);
    assert_eq!((found[0].by.as_str(), found[0].reason.as_str(), found[0].line), ("alice", "won't fix: only tests", 7));
    assert_eq!(found[1].reason, "won't fix");
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|l| l.contains("state=dismissed&tool_name=pipevet")), "{asked:?}");
    for scanning in [Scanning::Off, Scanning::NotPaid] {
        server.state().scanning = scanning;
        assert_eq!(alerts::dismissed(&github, None), Ok(Vec::new()));
    }
}
