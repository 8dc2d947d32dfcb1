//! What is kept from one run to the next.

use std::sync::Arc;

use hagane::{RemoteError, Remotes};
use hagane_host::{FetchOptions, Fetcher, KeptTrees};

use crate::fixture::{Fixture, MAIN, has_git, tree};
use crate::repositories::{BOTH, repository, serve};

#[test]
fn what_lies_at_a_commit_is_fetched_once_for_several_runs() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    for git in BOTH {
        let kept = Arc::new(KeptTrees::new(Arc::default()));
        let run = || {
            let options = FetchOptions { git, kept: Some(kept.clone()), ..FetchOptions::default() };
            Fetcher::new(Arc::default(), options)
        };
        let url = server.url("/shop.git");
        let fetches = |reference: &str, commit: Option<&str>| {
            let before = server.count("/shop.git/info/refs");
            let [first, second] = [run(), run()].map(|run| {
                let checkout = run.checkout(&repository(&url, reference), commit).expect("it is there");
                assert_eq!(tree(&checkout.directory), MAIN, "{git:?} {reference} {commit:?}");
                checkout.directory
            });
            // Both runs have ended.
            assert_eq!(first.exists(), first == second, "{git:?} {reference} {commit:?}");
            server.count("/shop.git/info/refs") - before
        };
        let once = fetches(&fixture.last, None);
        assert_eq!(fetches(&fixture.last, None), 0, "{git:?}");
        assert_eq!(fetches("main", Some(&fixture.last)), once, "{git:?}");
        // A branch and a tag may be something else the next time.
        assert!(fetches("main", None) > once && fetches("v2", None) > once, "{git:?}");
        let absent = repository(&url, "0123456789012345678901234567890123456789");
        for _ in 0..2 {
            assert_eq!(run().repository(&absent), Err(RemoteError::NoSuchReference));
        }
        let directory = run().repository(&repository(&url, &fixture.last)).expect("it is kept");
        drop(kept);
        assert!(!directory.exists());
    }
}
